-- The order of names, and the indexes of the lists.
ALTER TABLE product ADD COLUMN name_order text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
    left(lower(CASE WHEN octet_length(name) = char_length(name) THEN name
         ELSE regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g') END), 200)) STORED;

DROP INDEX product_newest;
DROP INDEX product_newest_in_category;

CREATE INDEX product_by_created ON product (status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_updated ON product (status, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_price ON product (status, price, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_name ON product (status, name_order, id) WHERE deleted_at IS NULL;
CREATE INDEX product_in_category_by_created ON product (category_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_in_category_by_price ON product (category_id, status, price, id) WHERE deleted_at IS NULL;
CREATE INDEX product_in_category_by_name ON product (category_id, status, name_order, id) WHERE deleted_at IS NULL;
CREATE INDEX product_by_group ON product (group_key, id) WHERE group_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX product_by_attribute ON product USING gin ((attributes::jsonb) jsonb_path_ops) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;
