/* Searches: from terms to queries of the index of words, by what it holds. */
#include "store/product_search.h"

#include "base/log.h"
#include "base/strbuf.h"

/* More than SEARCH_TERMS_MAX terms of SEARCH_LENGTH_MAX code points in all can have, quoted. */
#define ARRAY_BYTES_MAX ((size_t)16 * 1024)

enum { KIND_EXCLUDED = 1, KIND_PREFIX = 2 };
enum { COLUMN_LOOKED, COLUMN_SOURCE, COLUMN_MATCH, COLUMN_WANTED, COLUMN_EXACT, COLUMN_SPELT };

static void append_element(struct strbuf *array, struct text value)
{
    strbuf_append_char(array, '"');
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            strbuf_append_char(array, '\\');
        }
        strbuf_append_char(array, value.data[i]);
    }
    strbuf_append_char(array, '"');
}

/* The terms and their kinds in Postgres's text form of arrays. */
static void append_terms(const struct search_text *terms, struct strbuf *texts, struct strbuf *kinds)
{
    strbuf_append_char(texts, '{');
    strbuf_append_char(kinds, '{');
    for (size_t i = 0; i < terms->count; i++) {
        const struct search_term *term = &terms->term[i];

        if (i > 0) {
            strbuf_append_char(texts, ',');
            strbuf_append_char(kinds, ',');
        }
        append_element(texts, term->text);
        strbuf_append_u64(kinds, (term->excluded ? KIND_EXCLUDED : 0U) | (term->prefix ? KIND_PREFIX : 0U));
    }
    strbuf_append_char(texts, '}');
    strbuf_append_char(kinds, '}');
}

/* Pairs of folded words, which have no space in them, with a space behind each word but the last. */
static void read_spellings(struct search_note *note, struct text spelt)
{
    struct text rest = spelt;

    while (rest.length > 0 && note->spelling_count < SEARCH_SPELLINGS_MAX) {
        struct search_spelling *spelling = &note->spelling[note->spelling_count++];

        spelling->given = text_split(rest, ' ', &rest);
        spelling->used = text_split(rest, ' ', &rest);
    }
}

static enum status read_plan(const struct pg_result *result, struct product_search *search)
{
    uint64_t looked = 0;

    if (pg_rows(result) != 1 || !text_to_u64(pg_value(result, 0, COLUMN_LOOKED), &looked)) {
        log_error("postgres: a search has no plan");
        return STATUS_INTERNAL;
    }
    *search = (struct product_search){
        .spread = looked == 0 ? SEARCH_NOWHERE : (looked <= SEARCH_FEW_MAX ? SEARCH_FEW : SEARCH_MANY),
        .source = pg_value(result, 0, COLUMN_SOURCE),
        .match = pg_value(result, 0, COLUMN_MATCH),
        .wanted = pg_value(result, 0, COLUMN_WANTED),
        .exact = pg_value(result, 0, COLUMN_EXACT),
    };
    read_spellings(&search->note, pg_value(result, 0, COLUMN_SPELT));
    return STATUS_OK;
}

enum status product_search_plan(struct pg *pg, struct scope *scope, struct text text, struct product_search *search)
{
    static const char sql[] = "SELECT looked, source, match, wanted, exact, array_to_string(spelt, ' ') "
                              "FROM search_plan($1::text[], $2::integer[], $3::integer)";
    struct search_text terms;
    struct strbuf texts;
    struct strbuf kinds;
    struct pg_result *result = NULL;

    if (search_text_read(text, &terms) != SEARCH_OK) {
        return STATUS_INVALID;
    }
    strbuf_init(&texts, ARRAY_BYTES_MAX);
    strbuf_init(&kinds, ARRAY_BYTES_MAX);
    append_terms(&terms, &texts, &kinds);
    const struct text values[] = {
        strbuf_text(&texts),
        strbuf_text(&kinds),
        arena_printf(scope->arena, "%d", SEARCH_FEW_MAX),
    };
    enum status status =
        pg_exec(pg, scope, "search_plan", sql, true, values, sizeof values / sizeof values[0], &result);
    strbuf_free(&texts);
    strbuf_free(&kinds);
    return status == STATUS_OK ? read_plan(result, search) : status;
}
