/* The query string. */
#include "http/query.h"

#include "http/request.h"

static bool is_known(const struct query *query, struct text name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (text_equal(query->item[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum query_fault parse_part(struct query *query, struct text part, struct arena *arena)
{
    struct query_parameter parameter = {.name = TEXT_ABSENT, .value = TEXT_ABSENT};
    if (query->count == QUERY_PARAMETERS_MAX) {
        return QUERY_TOO_MANY;
    }
    struct text value = TEXT_ABSENT;
    struct text name = text_split(part, '=', &value);
    if (value.data == NULL) {
        value = TEXT("");
    }
    if (request_decode(name, true, arena, &parameter.name) != STATUS_OK ||
        request_decode(value, true, arena, &parameter.value) != STATUS_OK) {
        return QUERY_MALFORMED;
    }
    if (is_known(query, parameter.name)) {
        return QUERY_REPEATED;
    }
    query->item[query->count++] = parameter;
    return QUERY_OK;
}

enum query_fault query_parse(struct query *query, struct text raw, struct arena *arena, struct text *culprit)
{
    query->count = 0;
    while (raw.data != NULL) {
        struct text rest = TEXT_ABSENT;
        struct text part = text_split(raw, '&', &rest);
        enum query_fault fault = part.length > 0 ? parse_part(query, part, arena) : QUERY_OK;
        if (fault != QUERY_OK) {
            *culprit = part;
            return fault;
        }
        raw = rest;
    }
    return QUERY_OK;
}

struct text query_get(const struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (text_equal(query->item[i].name, text_of(name))) {
            return query->item[i].value;
        }
    }
    return TEXT_ABSENT;
}
