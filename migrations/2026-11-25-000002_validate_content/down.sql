-- A constraint that holds need not be made to hold less.
SELECT 1;
