-- Indexes of the lists, and the order of names.
--
-- A list is asked for with any of a dozen filters, in four orders, both ways, and from any place. What is asked must never
-- cost more than a bound, whatever the table holds. These indexes are as few as give that:
--
-- 1. Each order has an index: what is equal for all rows (the status; the category and the status), the sort key, the id.
--    Read forward it is the ascending list, backward the descending one, and a cursor is where the reading begins. A range
--    of the sort key itself is a stretch of the index.
-- 2. The status stands in front instead of in a condition of the index: active ones are served as well as by an index of
--    theirs alone (of a million products each index is a sixth larger, and a page costs the same), and drafts and archived
--    ones need no indexes besides. Several statuses are several stretches, merged as they are read.
-- 3. A subtree is several categories, and their stretches are merged too.
-- 4. Every other filter is held against the rows as they come, 20,000 of them for one request. Where these do not fill the
--    page, a filter that is rare by itself is looked up in its own index (one above for prices and dates, those below for
--    groups and attributes), and what it has, if that is no more than 1,000 rows, is sorted. Else the page stays short and
--    the next one goes on behind the last row that was looked at.
-- 5. There is no index for a category in the order of updated_at: that order is asked for by who synchronises everything. Of
--    a large category the scan of all has enough rows, and a small one is sorted.
--
-- src/store/product_list_sql.c has the statements; tests/integration/store/test_product_list_plans.c holds every
-- combination against the planner, and fails without any one of these indexes.
--
-- What a write pays, in microseconds of processor time of Postgres for one row, on a million products of four attributes
-- (Postgres 15, shared_buffers 128 MB; the row itself with its key and its sku: 13 to insert, 11 to update). An update pays
-- for every index, as it sets updated_at and leaves its page. A commit waits for the disk some hundreds of microseconds.
--
--   index                            insert   update   size
--   product_by_created                    1        1    54 MB
--   product_by_updated                    1        1    57 MB
--   product_by_price                      5        5    50 MB
--   product_by_name                       6        6    87 MB
--   product_in_category_by_created        2        4    73 MB
--   product_in_category_by_price          3        4    68 MB
--   product_in_category_by_name           4        5   106 MB
--   product_by_group                      2        2    43 MB
--   product_by_attribute                 11       11    60 MB
--   all of them at once                  66       66            (they share the cache: more than their sum)

-- The order of names: letter case and accents do not count. It is stored, and compared byte by byte: an order by a locale
-- would change with a release of the C library or of ICU, and an index by it would be out of order from then on, and with it
-- every cursor. 200 characters have 800 bytes at most, which an index takes and a cursor carries.
ALTER TABLE product
    ADD COLUMN name_order text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        left(
            lower(
                CASE WHEN octet_length(name) = char_length(name) THEN name
                     ELSE regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g') END),
            200)) STORED;

DROP INDEX product_newest;
DROP INDEX product_newest_in_category;

CREATE INDEX product_by_created ON product (status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_updated ON product (status, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_price ON product (status, price, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_name ON product (status, name_order, id) WHERE deleted_at IS NULL;

CREATE INDEX product_in_category_by_created ON product (category_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_in_category_by_price ON product (category_id, status, price, id) WHERE deleted_at IS NULL;
CREATE INDEX product_in_category_by_name ON product (category_id, status, name_order, id) WHERE deleted_at IS NULL;

-- The id gives the rows of a group an order, so that counting up to a bound reads no more than that.
CREATE INDEX product_by_group ON product (group_key, id) WHERE group_key IS NOT NULL AND deleted_at IS NULL;

-- Without a list of pending entries: emptying it makes some write wait for seconds.
CREATE INDEX product_by_attribute ON product USING gin ((attributes::jsonb) jsonb_path_ops) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;
