-- Live events: how far the runner has relayed the feed to the front server, and from where on that still holds it.

-- A product that went from one category to another is told to the readers of both. A row is made by whoever changes the
-- product, in the same transaction, and goes with its change.
CREATE TABLE product_move (
    id          uuid   NOT NULL,
    version     bigint NOT NULL, -- the one that is in the new category
    category_id uuid   NOT NULL, -- that it left
    PRIMARY KEY (id, version)
);

CREATE FUNCTION product_moved() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO product_move (id, version, category_id) VALUES (new.id, new.version, old.category_id)
    ON CONFLICT (id, version) DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER product_moved AFTER UPDATE ON product
    FOR EACH ROW WHEN (old.category_id IS DISTINCT FROM new.category_id) EXECUTE FUNCTION product_moved();

-- Up to where changes were handed to the front server. What it holds is lost with its processes: then another epoch
-- begins, in channels of other names. Where nobody has come to listen for long, changes are passed over instead; who comes
-- says so before anything else.
CREATE TABLE event_relay (
    one       boolean     PRIMARY KEY DEFAULT true CHECK (one),
    epoch     uuid        NOT NULL,
    xid       xid8        NOT NULL,
    seq       bigint      NOT NULL,
    wanted_at timestamptz NOT NULL DEFAULT '-infinity' -- when somebody last came
);

-- Places of an epoch: all that comes behind one was published later than at. The newest one stays; of the others those are
-- kept behind which the front server still holds everything.
CREATE TABLE event_place (
    epoch uuid        NOT NULL,
    xid   xid8        NOT NULL,
    seq   bigint      NOT NULL,
    at    timestamptz NOT NULL,
    PRIMARY KEY (epoch, xid, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
