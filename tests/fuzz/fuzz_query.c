/* Query strings: what query_parse takes can be written again and read as the same, and what it refuses it points at. */
#include "fuzz.h"

#include "base/utf8.h"
#include "http/query.h"
#include "http/uri.h"

#include <string.h>

#define TEXT_MAX ((size_t)4 * 1024 * 1024)

static void check_parameters(const struct query *query)
{
    must_hold(query->count <= QUERY_PARAMETERS_MAX);
    for (size_t i = 0; i < query->count; i++) {
        const struct query_parameter *parameter = &query->item[i];
        must_hold(parameter->name.data != NULL && parameter->value.data != NULL);
        must_hold(utf8_valid_prefix(parameter->name) == parameter->name.length);
        must_hold(utf8_valid_prefix(parameter->value) == parameter->value.length);
        must_hold(memchr(parameter->name.data, '\0', parameter->name.length) == NULL);
        must_hold(memchr(parameter->value.data, '\0', parameter->value.length) == NULL);
        /* Terminated, and the only one of its name. */
        must_hold(parameter->name.data[parameter->name.length] == '\0');
        must_hold(text_equal(query_get(query, parameter->name.data), parameter->value));
    }
}

/* Writes the parameters as a query string and reads it. */
static void check_round_trip(const struct query *query, struct arena *arena)
{
    struct strbuf written;
    struct query again;
    struct text culprit = TEXT_ABSENT;
    strbuf_init(&written, TEXT_MAX);
    for (size_t i = 0; i < query->count; i++) {
        uri_encode(&written, query->item[i].name);
        strbuf_append_char(&written, '=');
        uri_encode(&written, query->item[i].value);
        strbuf_append_char(&written, '&');
    }
    must_hold(query_parse(&again, strbuf_text(&written), arena, &culprit) == QUERY_OK);
    must_hold(again.count == query->count);
    for (size_t i = 0; i < query->count; i++) {
        must_hold(text_equal(again.item[i].name, query->item[i].name));
        must_hold(text_equal(again.item[i].value, query->item[i].value));
    }
    strbuf_free(&written);
}

/* What stands before the culprit is well-formed and is what was read. */
static void check_culprit(const struct query *query, struct text raw, struct text culprit, struct arena *arena)
{
    struct query before;
    struct text none = TEXT_ABSENT;
    must_hold(culprit.data >= raw.data && culprit.length > 0);
    must_hold(culprit.data + culprit.length <= raw.data + raw.length);
    must_hold(memchr(culprit.data, '&', culprit.length) == NULL);
    struct text prefix = {.data = raw.data, .length = (size_t)(culprit.data - raw.data)};
    must_hold(query_parse(&before, prefix, arena, &none) == QUERY_OK);
    must_hold(before.count == query->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct query query;
    struct text culprit = TEXT_ABSENT;
    struct text raw = fuzz_text(data, size);
    enum query_fault fault = query_parse(&query, raw, arena, &culprit);
    check_parameters(&query);
    if (fault == QUERY_OK) {
        must_hold(culprit.data == NULL);
    } else {
        check_culprit(&query, raw, culprit, arena);
    }
    check_round_trip(&query, arena);
    arena_free(arena);
    return 0;
}
