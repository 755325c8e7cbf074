-- Words are forgotten.
--
-- Until now a word stayed known when the last product that had it was gone, or was named anew: the table of words grew with
-- all that was ever written, and what is misspelt could be mended to a word that finds nothing. Now purges go through the
-- known words, once a day, a thousand at a time, and remove those that no product has: some fifty microseconds for a word.
--
-- On a table that is filled this takes no time.

CREATE TABLE search_sweep (
    word     text        COLLATE "C" NOT NULL DEFAULT '', -- the last that was looked at; '' between two sweeps
    began_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO search_sweep DEFAULT VALUES;

-- As before, but in turn with who forgets: a word that was found known here is not to be forgotten before its products can
-- be seen. Who learns does not wait for others that do.
CREATE OR REPLACE FUNCTION search_learn_from(vectors tsvector[]) RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM change_follower WHERE name = 'words' FOR SHARE;
    INSERT INTO search_word (word)
    SELECT lexeme
    FROM (SELECT DISTINCT lexeme FROM unnest(vectors) v (vector), unnest(tsvector_to_array(vector)) lexeme
          WHERE lexeme ~ '^[^0-9]{4,40}$' OFFSET 0) words
    WHERE (SELECT true FROM search_word known WHERE known.word = lexeme LIMIT 1) IS NULL;
END
$$;

-- Words that very many products have, as the planner knows: their products need not be looked for.
CREATE FUNCTION search_common() RETURNS text[]
    LANGUAGE sql STABLE
AS $$
    SELECT most_common_elems::text::text[]
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'search'
    WHERE c.oid = 'product'::regclass
$$;

-- Goes on with the sweep, or begins one where the last began longer ago than pause: looks at the next most words. more tells
-- whether there are words left to look at.
CREATE FUNCTION search_forget(most integer, pause interval, OUT forgotten integer, OUT more boolean)
    LANGUAGE plpgsql
AS $$
DECLARE
    stood search_sweep;
    looked integer;
    upto text;
BEGIN
    forgotten := 0;
    more := false;
    PERFORM FROM change_follower WHERE name = 'words' FOR NO KEY UPDATE;
    SELECT * INTO stood FROM search_sweep;
    IF stood.word = '' AND stood.began_at > now() - pause THEN
        RETURN;
    END IF;
    -- Planned anew each time, for the products that there are now. Of a bound that is a parameter the planner thinks little,
    -- so that products are looked up by the index of words.
    EXECUTE 'WITH looked AS MATERIALIZED (SELECT word FROM search_word WHERE word > $1 ORDER BY word LIMIT $2), '
            'rare AS MATERIALIZED (SELECT word FROM looked EXCEPT SELECT unnest(search_common())), '
            'unused AS MATERIALIZED (SELECT word FROM rare '
            'WHERE (SELECT true FROM product WHERE deleted_at IS NULL '
            'AND search @@ array_to_tsvector(ARRAY[rare.word])::text::tsquery LIMIT $3) IS NULL), '
            'gone AS (DELETE FROM search_word WHERE word = ANY (ARRAY (SELECT word FROM unused)) RETURNING 1) '
            'SELECT (SELECT count(*) FROM gone), count(*), max(word) FROM looked'
    INTO forgotten, looked, upto USING stood.word, most, 1;
    more := looked = most;
    UPDATE search_sweep SET word = CASE WHEN more THEN upto ELSE '' END,
                            began_at = CASE WHEN stood.word = '' THEN now() ELSE began_at END;
END
$$;
