-- The tree of categories.
--
-- It is made of parent_id and nothing else: there is no path, level or count beside it that could come to differ. What
-- must hold of it - nothing stands below itself, and no branch has more than eight levels - is held by triggers, for
-- whoever writes.
--
-- Why that is right while others write:
--
-- What a check reads - the chain above the new parent, and the levels below the category itself - changes only where a
-- category is moved below another one, or where one is made below another. (To move one to the top, or to delete one
-- that has nothing below it, takes something away from what a check reads: one that still saw it refused too much at
-- most. Nothing else that is changed of a category concerns the tree.) Moves therefore take one lock, held until the end
-- of the transaction, for themselves, and creations below a parent share it. So two moves come one behind the other; of two
-- that would close a cycle together the second sees the first. Creations run beside each other, as none of them can
-- make a branch longer but by itself: of two of which one stands below the other, the lower one sees the upper, since
-- its foreign key cannot name what is not committed. Creations at the top, changes of other fields, all reads, and all
-- that concerns products take no lock.
--
-- A check must see all that was committed before its lock was granted. It runs behind the row's change, in a function
-- that is VOLATILE, so that under READ COMMITTED each of its queries has a snapshot of its own, taken with the lock held;
-- a statement that took the lock itself would have had its snapshot before. Other isolation levels keep an older
-- snapshot, and are refused.
--
-- The lock comes before any lock of a row, so that no two transactions of one statement each can wait for each other: an
-- UPDATE that names parent_id takes it before it looks for its rows, an INSERT before its row is there.

ALTER TABLE category
    ADD COLUMN field_version jsonb; -- as of a product: {"name": 4}, version 4 set the name

CREATE FUNCTION category_lock_tree() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM pg_advisory_xact_lock(TG_RELID::integer, 0);
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(TG_RELID::integer, 0);
    RETURN NEW;
END $$;

CREATE TRIGGER category_lock_for_move BEFORE UPDATE OF parent_id ON category
    FOR EACH STATEMENT EXECUTE FUNCTION category_lock_tree();
CREATE TRIGGER category_lock_for_insert BEFORE INSERT ON category
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION category_lock_tree();

-- 8 is CATEGORY_DEPTH_MAX of the workers. Each walk is bounded by it, and would be in a tree that is broken.
CREATE FUNCTION category_check_place() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    above  integer; -- levels above the category
    inside boolean; -- it is one of those above itself
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'a category is given its place under READ COMMITTED only, not %',
            upper(current_setting('transaction_isolation')) USING ERRCODE = 'invalid_transaction_state';
    END IF;
    WITH RECURSIVE ancestor (id, parent_id, level) AS (
        SELECT id, parent_id, 1 FROM category WHERE id = NEW.parent_id
        UNION ALL
        SELECT c.id, c.parent_id, a.level + 1 FROM ancestor a JOIN category c ON c.id = a.parent_id
        WHERE a.id <> NEW.id AND a.level < 8
    )
    SELECT coalesce(max(level), 0), coalesce(bool_or(id = NEW.id), false) INTO above, inside FROM ancestor;
    IF inside THEN
        RAISE EXCEPTION 'category % would stand below itself', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'category_below_itself';
    END IF;
    IF above >= 8 OR TG_OP = 'UPDATE' AND EXISTS (
        WITH RECURSIVE descendant (id, level) AS (
            SELECT NEW.id, 1
            UNION ALL
            SELECT c.id, d.level + 1 FROM descendant d JOIN category c ON c.parent_id = d.id
            WHERE d.level <= 8 - above
        )
        SELECT FROM descendant WHERE level > 8 - above
    ) THEN
        RAISE EXCEPTION 'category % would have more than 8 levels above and below it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'category_too_deep';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER category_place AFTER INSERT OR UPDATE OF parent_id ON category
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION category_check_place();

-- The categories of a subtree, the top one included, which stands on level 1; none where there is no such category.
CREATE FUNCTION category_subtree(top uuid) RETURNS TABLE (id uuid, level integer)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH RECURSIVE descendant (id, level) AS (
        SELECT c.id, 1 FROM category c WHERE c.id = top
        UNION ALL
        SELECT c.id, d.level + 1 FROM descendant d JOIN category c ON c.parent_id = d.id WHERE d.level < 8
    )
    SELECT d.id, d.level FROM descendant d;
END;

-- For the foreign key: whether a category that is to be deleted has products, be they drafts, archived or deleted but
-- not yet purged. One entry per product, and not touched by an update that keeps the category.
CREATE INDEX product_by_category ON product (category_id);
