-- Words are learnt behind the writers.
--
-- Until now each insert and each change of a name, a sku or a description looked every word of it up among those that are
-- known (search_word, for words that are misspelt): of what Postgres does for one product by itself that was a quarter. What
-- was changed stands in the feed; so the words of it are learnt from there, many products at once: by the job "words", a second
-- or so later, and by a search that finds nothing, before it takes a word for misspelt. No runner is needed for that.
--
-- On a table that is filled this takes no time.

DROP TRIGGER search_learn_inserted ON product;
DROP TRIGGER search_learn_updated ON product;
DROP FUNCTION search_learn_inserted();
DROP FUNCTION search_learn_updated();

-- All that was committed before is known.
INSERT INTO change_follower (name, xid, seq)
SELECT 'words', coalesce(max(xid), '0'), 0 FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid) now;

-- Learns these words. Each is looked up by its index, whatever the planner thought of the table when it was small. A word that
-- is known is not touched, so that nobody waits here.
CREATE FUNCTION search_learn_from(vectors tsvector[]) RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO search_word (word)
    SELECT lexeme
    FROM (SELECT DISTINCT lexeme FROM unnest(vectors) v (vector), unnest(tsvector_to_array(vector)) lexeme
          WHERE lexeme ~ '^[^0-9]{4,40}$' OFFSET 0) words
    WHERE (SELECT true FROM search_word known WHERE known.word = lexeme LIMIT 1) IS NULL;
END
$$;

-- Learns the words of the products that the next most changes are about, and tells how many changes these were: 0 where
-- there are none. Another session that is at it is waited for, so that what it learns is known then.
CREATE FUNCTION search_learn(most integer) RETURNS integer
    LANGUAGE plpgsql
AS $$
DECLARE
    stood change_follower;
    upto_xid xid8;
    upto_seq bigint;
    ids uuid[];
    seen integer;
BEGIN
    IF pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN
        RETURN 0;
    END IF;
    -- Only where there is something new a lock is taken, and waited for: who learns it is done in some milliseconds.
    SELECT * INTO stood FROM change_follower WHERE name = 'words';
    IF NOT EXISTS (SELECT FROM change WHERE (xid, seq) > (stood.xid, stood.seq)
                   AND xid < pg_snapshot_xmin(pg_current_snapshot())) THEN
        RETURN 0;
    END IF;
    SELECT * INTO stood FROM change_follower WHERE name = 'words' FOR NO KEY UPDATE;
    -- What was removed from the feed lies behind the floor.
    SELECT count(*), array_agg(DISTINCT id) FILTER (WHERE type LIKE 'product.%'),
           (array_agg(xid ORDER BY xid DESC, seq DESC))[1], (array_agg(seq ORDER BY xid DESC, seq DESC))[1]
    INTO seen, ids, upto_xid, upto_seq
    FROM (SELECT xid, seq, type, id FROM change
          WHERE (xid, seq) > (stood.xid, stood.seq) AND xid < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY xid, seq LIMIT most) next;
    IF seen = 0 THEN
        RETURN 0;
    END IF;
    PERFORM search_learn_from(array_agg(found.search))
    FROM unnest(ids) changed (changed_id)
    CROSS JOIN LATERAL (SELECT search FROM product WHERE id = changed_id AND deleted_at IS NULL OFFSET 0) found;
    UPDATE change_follower SET xid = upto_xid, seq = upto_seq WHERE name = 'words';
    RETURN seen;
END
$$;

-- As before, but for the line that learns.
CREATE OR REPLACE FUNCTION search_plan(terms text[], kinds integer[], few integer,
                            OUT looked integer, OUT source tsquery, OUT match tsquery, OUT wanted tsquery,
                            OUT exact tsquery, OUT spelt text[])
    LANGUAGE plpgsql
AS $$
DECLARE
    unwanted tsquery := ''::tsquery;
    finished tsquery := ''::tsquery;
    respelt tsquery := ''::tsquery;
    matches integer;
    one record;
BEGIN
    looked := 0;
    wanted := ''::tsquery;
    exact := ''::tsquery;
    spelt := '{}';
    FOR n IN 1 .. cardinality(terms) LOOP
        IF kinds[n] & 1 <> 0 THEN
            unwanted := unwanted || search_term(terms[n], false);
        ELSE
            wanted := wanted && search_term(terms[n], kinds[n] & 2 <> 0);
            exact := exact && search_term(terms[n], false);
            IF kinds[n] & 2 = 0 THEN
                finished := finished && search_term(terms[n], false);
            END IF;
        END IF;
    END LOOP;
    match := wanted && !!unwanted;
    source := match;
    IF numnode(wanted) = 0 THEN
        -- Only what is not wanted: most products match.
        looked := CASE WHEN numnode(match) = 0 THEN 0 ELSE few + 1 END;
        RETURN;
    END IF;

    IF numnode(finished) > 0 AND finished <> wanted THEN
        SELECT c.looked, c.matches INTO looked, matches FROM search_count(finished, match, few) c;
    END IF;
    IF looked BETWEEN 1 AND few THEN
        source := finished;
    ELSE
        SELECT c.looked, c.matches INTO looked, matches FROM search_count(match, match, few) c;
    END IF;
    IF matches > 0 THEN
        RETURN;
    END IF;

    looked := 0;
    PERFORM search_learn(1000);
    FOR n IN 1 .. cardinality(terms) LOOP
        IF kinds[n] & 1 = 0 THEN
            SELECT * INTO one FROM search_respell(terms[n], kinds[n] & 2 <> 0, spelt);
            spelt := one.spelt;
            respelt := respelt && one.term;
        END IF;
    END LOOP;
    IF cardinality(spelt) > 0 THEN
        wanted := respelt;
        exact := respelt;
        match := wanted && !!unwanted;
        source := match;
        SELECT c.looked INTO looked FROM search_count(match, match, few) c;
    END IF;
END
$$;
