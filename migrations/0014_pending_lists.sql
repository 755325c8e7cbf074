-- What a write costs less.
--
-- The two GIN indexes get a list of pending entries after all. Until now each product put its words and attributes into them
-- by itself, every one into a page of its own; that was the dearest part of a write. Behind a list entries are put in some
-- hundred products at once, sorted, with those that are equal together. 0003 and 0004 did without, for the sake of the write
-- that finds the list full and empties it, and of the searches that read it to its end. Both depend on how long it may grow,
-- and the default of 4 MB is what made them bad. 64 kB, the least that can be set, are the entries of a hundred products of
-- twenty words, and save nearly all that can be saved.
--
-- FIGURES
--
-- On a table that is filled this takes no time.

ALTER INDEX product_by_word SET (fastupdate = on, gin_pending_list_limit = 64);
ALTER INDEX product_by_attribute SET (fastupdate = on, gin_pending_list_limit = 64);

-- As before, by a shorter way where all is ASCII: there a gap is what is neither a letter of these nor a digit, and the
-- configuration "simple" lowers letters by itself. A gap of one space is left as it is, so that most text has nothing to
-- replace. What is not ASCII, and what is asked for, goes through search_fold as ever, and the words are the same either way.
CREATE OR REPLACE FUNCTION search_vector(name text, sku text, description text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    whole text := concat_ws('', name, sku, description);
    words tsvector;
BEGIN
    IF octet_length(whole) <> char_length(whole) THEN
        RETURN setweight(to_tsvector('pg_catalog.simple'::regconfig, search_fold(name)), 'A')
            || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(search_fold(sku), '')), 'B')
            || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(search_fold(description), '')), 'D');
    END IF;
    words := setweight(to_tsvector('pg_catalog.simple'::regconfig,
                                   regexp_replace(name, '[^a-zA-Z0-9 ]+', ' ', 'g')), 'A');
    IF sku IS NOT NULL THEN
        words := words || setweight(to_tsvector('pg_catalog.simple'::regconfig,
                                                regexp_replace(sku, '[^a-zA-Z0-9 ]+', ' ', 'g')), 'B');
    END IF;
    IF description IS NOT NULL THEN
        words := words || setweight(to_tsvector('pg_catalog.simple'::regconfig,
                                                regexp_replace(description, '[^a-zA-Z0-9 ]+', ' ', 'g')), 'D');
    END IF;
    RETURN words;
END
$$;
