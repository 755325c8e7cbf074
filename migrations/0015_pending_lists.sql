-- Writes get cheaper: by lists of entries that are still to be put into their index, and by a shorter way to the words.
--
-- 0003 and 0004 made the two GIN indexes without such a list (fastupdate = off), for the sake of the write that finds it full
-- and has to empty it, and of the searches that read it to its end. So each product put its words and attributes in by itself,
-- every one into a page of its own, and that was the dearest part of a write. How bad a list is depends on how long it may
-- grow: it is the default of 4 MB that makes some write wait for seconds. 64 kB, the least that can be set, hold a hundred
-- products of twenty words, or three hundred of six; they are put in together, sorted, what is equal at once, and that saves
-- nearly all that a longer list would.
--
-- Measured in microseconds of processor time of Postgres for one new product with its row of the feed (Postgres 15, some
-- thousand products, names and descriptions of 21 words; on a busy machine: a quiet one has smaller figures, in the same
-- proportion):
--
--                                              before   after
--   made by itself                                400     280
--   one of five that are made together            165     105
--   one of a thousand in one statement            117      70
--   the same, with a name of four words alone      55      46
--
-- Of the 70 that are left the row, its key and its row of the feed take 18, the ten indexes of the lists 18, the words 20 to
-- make and 5 to put in, the attributes 4, the foreign key 4, the constraints 3.
--
-- On a million products a full list is 8 pages that a search reads besides, in some 20 microseconds, and the planner adds that
-- much to what it thinks of these indexes. The write that finds it full takes 2 to 6 ms of processor time, with lists of 256 kB
-- three to four times that. Pages of the index that are not in memory have to be read as before, but for a hundred products by
-- one write. Who empties a list is alone at it: others go on adding to it. Autovacuum empties it too.
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
