/* Searches: the terms lie in order in what was typed, each has something to look for, and typed again they are read as
 * the same. */
#include "fuzz.h"

#include "base/strbuf.h"
#include "base/utf8.h"
#include "domain/search_text.h"

#include <string.h>

#define TEXT_MAX ((size_t)64 * 1024)

static void check_terms(struct text text, const struct search_text *search)
{
    const char *end = text.data;

    must_hold(search->count > 0 && search->count <= SEARCH_TERMS_MAX);
    must_hold(utf8_count(text) <= SEARCH_LENGTH_MAX);
    for (size_t i = 0; i < search->count; i++) {
        const struct search_term *term = &search->term[i];

        must_hold(term->text.data >= end && term->text.length > 0);
        end = term->text.data + term->text.length;
        must_hold(end <= text.data + text.length);
        must_hold(memchr(term->text.data, '"', term->text.length) == NULL);
        must_hold(!term->prefix || (i + 1 == search->count && !term->phrase && !term->excluded));
    }
}

/* Writes the terms as a search and reads it. */
static void check_round_trip(const struct search_text *search)
{
    struct strbuf written;
    struct search_text again;

    strbuf_init(&written, TEXT_MAX);
    for (size_t i = 0; i < search->count; i++) {
        const struct search_term *term = &search->term[i];

        strbuf_append(&written, " ", i > 0);
        strbuf_append(&written, "-", term->excluded);
        strbuf_append(&written, "\"", term->phrase);
        strbuf_append_text(&written, term->text);
        strbuf_append(&written, "\"", term->phrase);
    }
    enum search_fault fault = search_text_read(strbuf_text(&written), &again);
    if (fault == SEARCH_TOO_LONG) {
        strbuf_free(&written);
        return; /* the spaces that were added between terms */
    }
    must_hold(fault == SEARCH_OK && again.count == search->count);
    for (size_t i = 0; i < search->count; i++) {
        must_hold(text_equal(again.term[i].text, search->term[i].text));
        must_hold(again.term[i].excluded == search->term[i].excluded);
        must_hold(again.term[i].phrase == search->term[i].phrase);
        must_hold(again.term[i].prefix == search->term[i].prefix);
    }
    strbuf_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct search_text search;
    struct text text = fuzz_text(data, size);

    if (search_text_read(text, &search) == SEARCH_OK) {
        check_terms(text, &search);
        check_round_trip(&search);
    }
    return 0;
}
