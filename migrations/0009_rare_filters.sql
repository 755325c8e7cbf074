-- What lists need to know of filters that take few products.
--
-- A list reads the index of its order, and holds the filters against the rows as they come; what a filter takes so seldom
-- that a page is not filled so, is sorted instead (src/store/product_list_sql.c tells when). That needs an index of the
-- filter's own, and an idea of how many products it takes.
--
-- On a table that is filled this takes some five seconds for a million products, in which they can be read, but not written.

-- A currency that few products have. Equal keys share their entries: 7 MB for a million products, and some microsecond for
-- one that is written.
CREATE INDEX product_by_currency ON product (currency) WHERE deleted_at IS NULL;

-- How common values of attributes are: of an expression in an index that has a condition the planner knows nothing.
CREATE STATISTICS product_attribute ON (attributes::jsonb) FROM product;

ANALYZE product;
