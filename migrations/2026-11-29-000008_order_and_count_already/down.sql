-- The times and counts go with their columns.
SELECT 1;
