-- A constraint stays valid.
SELECT 1;
