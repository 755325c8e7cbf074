-- Categories and products.
--
-- Keys are UUIDs of version 7, made by the workers, so that rows made together lie together. Prices are numeric without
-- a scale: they keep the one that was given. Text is checked by the workers; what a constraint says here holds whoever
-- writes.

CREATE TABLE category (
    id         uuid        PRIMARY KEY,
    parent_id  uuid        REFERENCES category (id),
    name       text        NOT NULL CHECK (name <> ''),
    slug       text        NOT NULL CONSTRAINT category_slug_taken UNIQUE,
    position   integer     NOT NULL DEFAULT 0 CHECK (position >= 0),
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (parent_id <> id)
);

CREATE INDEX category_by_parent ON category (parent_id, id);

-- A slug from a name: letters lose their accents, and letters that are not composed of another and an accent become those
-- nearest to them; everything else but letters and digits becomes a hyphen.
CREATE FUNCTION slug_of(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(
    nullif(
        btrim(
            left(
                regexp_replace(
                    translate(
                        replace(replace(replace(
                            lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g')),
                            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
                        'øłđðı', 'olddi'),
                    '[^a-z0-9]+', '-', 'g'),
                100),
            '-'),
        ''),
    'category');

CREATE TABLE product (
    id          uuid        PRIMARY KEY,
    sku         text,
    name        text        NOT NULL CHECK (name <> ''),
    description text,
    price       numeric     NOT NULL CHECK (price > 0 AND price < 1e14 AND scale(price) <= 4),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    category_id uuid        NOT NULL CONSTRAINT product_category_exists REFERENCES category (id),
    status      text        NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    attributes  jsonb       NOT NULL CHECK (jsonb_typeof(attributes) = 'object'),
    images      jsonb       NOT NULL CHECK (jsonb_typeof(images) = 'array'),
    group_key   text,
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX product_sku_taken ON product (lower(sku)) WHERE sku IS NOT NULL;

-- Lists show the active ones, newest first; the id breaks ties. One index without and one with a category; a filter by
-- price is applied to the rows in that order.
CREATE INDEX product_newest ON product (created_at DESC, id DESC) WHERE status = 'active';
CREATE INDEX product_newest_in_category ON product (category_id, created_at DESC, id DESC) WHERE status = 'active';
