-- The tree of categories.

SELECT;
