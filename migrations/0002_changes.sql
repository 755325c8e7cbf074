-- Changing products: soft deletion, which version set which field, the feed of changes, and answers kept for
-- idempotency keys.

ALTER TABLE product
    ADD COLUMN deleted_at timestamptz,
    -- {"price": 4}: version 4 set the price. A field that is not there is as the product was made.
    ADD COLUMN field_version jsonb;

-- As text, attributes and images go out with the very bytes that went in: an entity tag stands for bytes, and jsonb
-- would order keys and spell numbers in its own way.
ALTER TABLE product
    DROP CONSTRAINT product_attributes_check,
    DROP CONSTRAINT product_images_check,
    ALTER COLUMN attributes TYPE json USING attributes::json,
    ALTER COLUMN images TYPE json USING images::json,
    ADD CONSTRAINT product_attributes_check CHECK (json_typeof(attributes) = 'object'),
    ADD CONSTRAINT product_images_check CHECK (json_typeof(images) = 'array');

-- A deleted product gives its sku free.
DROP INDEX product_sku_taken;
CREATE UNIQUE INDEX product_sku_taken ON product (lower(sku)) WHERE sku IS NOT NULL AND deleted_at IS NULL;

-- Every committed change once. A reader takes rows below pg_snapshot_xmin(pg_current_snapshot()) in the order of the
-- key: a transaction that commits late has an xid that no reader has passed yet.
CREATE TABLE change (
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq     bigint      GENERATED ALWAYS AS IDENTITY,
    type    text        NOT NULL, -- product.created, category.updated, ...
    id      uuid        NOT NULL,
    version bigint      NOT NULL,
    at      timestamptz NOT NULL,
    data    text        NOT NULL, -- the JSON that is answered for what was changed, after the change
    PRIMARY KEY (xid, seq)
);

-- The answer to a request with an idempotency key, committed with the effect of the request.
CREATE TABLE idempotency (
    key        text        COLLATE "C" CONSTRAINT idempotency_taken PRIMARY KEY,
    request    bytea       NOT NULL, -- SHA-256 of what makes it the same request
    id         uuid,                 -- of what was made or changed, where that is one thing
    version    bigint,
    changed    uuid[],               -- of what was changed, where that is several things
    unchanged  boolean     NOT NULL DEFAULT false, -- nothing had to be changed for this answer
    body       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idempotency_by_age ON idempotency USING brin (created_at);

-- Ends a statement that finds fewer rows than it was to change: nothing of it is committed then.
CREATE FUNCTION abandon_stale() RETURNS boolean
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'what is to be changed is not as it was read' USING ERRCODE = 'WS001';
END
$$;
