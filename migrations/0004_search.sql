-- Search and facets.
--
-- A product is found by the words of its name, sku and description. What a word is, is said once, in search_fold, which
-- both what is stored and what is asked for go through: letters without accents and in lower case, digits, and
-- everything else a gap ("TEA-100" is two words, one beside the other). The words then go through Postgres's
-- configuration "simple", which changes nothing more: no stems and no stop words, as a catalogue has names in many
-- languages and none of them is known to be the customer's.
--
-- The words of a product are a generated column: no writer can forget them. Measured on a million products of some
-- twenty words each, in microseconds of processor time for one product, made by itself and as one of a thousand in one
-- statement: 22 and 22 to make the words, 50 and 40 to put them into the index, 70 and 12 to learn them; the insert as a
-- whole takes 250 and 130 with its other indexes. An update that changes neither name, sku nor description makes and
-- learns no words; it puts them into the index anew where the row has to move, as with every index. The column has some
-- 190 bytes for twenty words, the index 80. The index has no pending list (fastupdate = off): a search would have to read
-- it to its end, and one writer in many would have to empty it.
--
-- On a table that is filled this migration writes it anew, with all of its indexes, while nobody can use it: a minute or
-- two for a million products.

-- Letters lose their accents, letters that are not composed of another and an accent become those nearest to them, and
-- what is neither letter nor digit becomes a space. Text of ASCII, which is most of it, takes a short way.
CREATE FUNCTION search_fold(given text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    CASE WHEN octet_length(given) = char_length(given) THEN lower(given)
    ELSE translate(
             replace(replace(replace(replace(
                 lower(regexp_replace(normalize(translate(given, '™℠', '  '), NFKD),
                                      '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g')),
                 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
             'øłđðıħŧς', 'olddihtσ')
    END,
    '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7'
    '\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3007-\u303f\u30fb\ufe10-\ufe1f\ufe30-\ufe6f'
    '\ufff0-\uffff\U0001f000-\U0001faff]+',
    ' ', 'g');

-- The words with their places, and in which field they stand: A the name, B the sku, D the description. Not in SQL: such a
-- function would be taken apart and planned anew by every single insert, which costs five times what it does.
CREATE FUNCTION search_vector(name text, sku text, description text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN setweight(to_tsvector('pg_catalog.simple'::regconfig, search_fold(name)), 'A')
        || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(search_fold(sku), '')), 'B')
        || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(search_fold(description), '')), 'D');
END
$$;

-- One word or phrase of a question as a query; empty where there is no letter and no digit in it. With prefix the last
-- word of it may go on.
CREATE FUNCTION search_term(given text, prefix boolean) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT CASE WHEN prefix AND numnode(term) > 0 THEN (term::text || ':*')::tsquery ELSE term END
        FROM phraseto_tsquery('pg_catalog.simple'::regconfig, search_fold(given)) term);

ALTER TABLE product
    ADD COLUMN search tsvector GENERATED ALWAYS AS (search_vector(name, sku, description)) STORED;
-- How common words are is known of so many words times ten: searches choose their way by it.
ALTER TABLE product ALTER COLUMN search SET STATISTICS 200;

CREATE INDEX product_by_word ON product USING gin (search) WITH (fastupdate = off) WHERE deleted_at IS NULL;

-- Every word that was ever learnt, for words that are misspelt: words of letters only, as a code is not to be guessed.
-- Nothing is counted and no word is ever changed, and a word that two transactions learn at once is there twice: so no
-- writer ever waits for another here, and no two can lock each other out. Words stay when their products go.
CREATE TABLE search_word (
    word text COLLATE "C" NOT NULL
);
CREATE INDEX search_word_known ON search_word (word);

INSERT INTO search_word (word)
SELECT word FROM ts_stat('SELECT search FROM product') WHERE word ~ '^[^0-9]{4,40}$';

-- Not a join: whatever the planner thought of the table when it was small, each word is looked up in the index.
CREATE FUNCTION search_learn_inserted() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO search_word (word)
    SELECT lexeme
    FROM (SELECT DISTINCT lexeme FROM inserted, unnest(tsvector_to_array(inserted.search)) lexeme OFFSET 0) words
    WHERE lexeme ~ '^[^0-9]{4,40}$'
      AND (SELECT true FROM search_word known WHERE known.word = lexeme LIMIT 1) IS NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER search_learn_inserted AFTER INSERT ON product
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION search_learn_inserted();

CREATE FUNCTION search_learn_updated() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO search_word (word)
    SELECT lexeme FROM unnest(tsvector_to_array(NEW.search)) lexeme
    WHERE lexeme ~ '^[^0-9]{4,40}$'
      AND (SELECT true FROM search_word known WHERE known.word = lexeme LIMIT 1) IS NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER search_learn_updated AFTER UPDATE ON product
    FOR EACH ROW WHEN (NEW.search IS DISTINCT FROM OLD.search) EXECUTE FUNCTION search_learn_updated();

-- The trigrams that words are compared by. The extension is a trusted one: who owns the database may make it. It may be
-- there already, in a schema that is not on the search path; so what is used of it is named with its schema.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

DO $$
DECLARE
    home text := (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm');
BEGIN
    EXECUTE format('CREATE INDEX search_word_alike ON search_word USING gin (word %s.gin_trgm_ops) '
                   'WITH (fastupdate = off)', home);
    -- The known words nearest to a folded one, three at most and none much farther than the nearest. Two letters the wrong
    -- way round leave a short word hardly a trigram, so that they are tried by themselves.
    EXECUTE format($body$
        CREATE FUNCTION search_nearest(given text) RETURNS SETOF text
            LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 3
        BEGIN ATOMIC
            SELECT word
            FROM (SELECT word, max(alike) AS alike, max(max(alike)) OVER () AS best
                  FROM (SELECT word, %1$s.similarity(word, given) AS alike
                        FROM search_word WHERE word OPERATOR(%1$s.%%) given
                        UNION ALL
                        SELECT word, 0.9
                        FROM search_word
                        WHERE word = ANY (ARRAY (
                            SELECT overlay(given PLACING reverse(substr(given, n, 2)) FROM n FOR 2)
                            FROM generate_series(1, length(given) - 1) n))) candidate
                  GROUP BY word) ranked
            WHERE alike >= 0.8 * best
            ORDER BY alike DESC, abs(length(word) - length(given)), word
            LIMIT 3;
        END
        $body$, home);
END
$$;

-- Whether few products match the source, or more than that: their number in looked, or few + 1; and how many of them match
-- the whole question. The planner knows of words that are so common that even to count a few of them in the index would
-- mean to read long lists.
CREATE FUNCTION search_count(source tsquery, match tsquery, few integer, OUT looked integer, OUT matches integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    plan json;
BEGIN
    looked := few + 1;
    matches := few + 1;
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM product WHERE deleted_at IS NULL AND search @@ '
        || quote_literal(source) || '::tsquery' INTO plan;
    IF (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8 <= 4.0 * few THEN
        -- Behind a subquery the planner does not see the value, and what it thinks of an unknown one leads to the index.
        SELECT count(*), count(*) FILTER (WHERE counted.search @@ match) INTO looked, matches
        FROM (SELECT search FROM product WHERE deleted_at IS NULL AND search @@ (SELECT source) LIMIT few + 1) counted;
    END IF;
END
$$;

-- Whether any product has, or had, this folded word, or with prefix one that begins so.
CREATE FUNCTION search_known(given text, prefix boolean) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM search_word WHERE word = given)
        OR (prefix AND EXISTS (SELECT FROM search_word WHERE word > given AND word < given || chr(1114111)));
END;

-- One term with each word that is not known replaced by the nearest that are. spelt grows by pairs of a word that was
-- given and the nearest to it.
CREATE FUNCTION search_respell(given text, prefix boolean, INOUT spelt text[], OUT term tsquery)
    LANGUAGE plpgsql
AS $$
DECLARE
    words text[] := string_to_array(btrim(search_fold(given)), ' ');
    goes_on boolean;
    near text[];
    one tsquery;
BEGIN
    term := ''::tsquery;
    FOR n IN 1 .. cardinality(words) LOOP
        goes_on := prefix AND n = cardinality(words);
        one := search_term(words[n], goes_on);
        IF words[n] ~ '^[^0-9]{4,40}$' AND NOT search_known(words[n], goes_on) THEN
            near := ARRAY (SELECT search_nearest(words[n]));
            IF cardinality(near) > 0 THEN
                spelt := spelt || words[n] || near[1];
                SELECT string_agg(search_term(word, false)::text, ' | ')::tsquery INTO one FROM unnest(near) word;
            END IF;
        END IF;
        term := term <-> one;
    END LOOP;
END
$$;

-- How a question is to be asked of the index. Each term has its kind: 1 it is excluded, 2 it may go on. match is the whole
-- question, wanted it without exclusions, exact that without words that go on. source is what the index is asked: match, or
-- the part of it without the word that goes on, where that alone leaves few, as all words that begin alike can be many.
-- looked is how many products source yields, but few + 1 where there are more or where that is not known; none matches
-- where it is 0. Words are spelt anew only where as they were given they find nothing.
CREATE FUNCTION search_plan(terms text[], kinds integer[], few integer,
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
