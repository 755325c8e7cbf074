-- Search and facets.

SELECT;
