-- The counts go with their columns.
SELECT 1;
