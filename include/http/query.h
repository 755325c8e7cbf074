/* Query parameters: name=value pairs, each name at most once. */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/arena.h"
#include "base/text.h"

#include <stddef.h>

#define QUERY_PARAMETERS_MAX 64

enum query_fault {
    QUERY_OK = 0,
    QUERY_TOO_MANY,  /* more than QUERY_PARAMETERS_MAX */
    QUERY_MALFORMED, /* a broken escape, invalid UTF-8 or NUL */
    QUERY_REPEATED,  /* a name that came before */
};

struct query_parameter {
    struct text name;  /* decoded */
    struct text value; /* decoded; empty where there was no "=" */
};

struct query {
    struct query_parameter item[QUERY_PARAMETERS_MAX];
    size_t count;
};

/* Parses application/x-www-form-urlencoded (WHATWG URL), strictly; empty parts between "&" are skipped. On a fault
 * *culprit is the raw part it stands in, and query holds what came before. */
enum query_fault query_parse(struct query *query, struct text raw, struct arena *arena, struct text *culprit);

/* The value of a parameter, or an absent slice. */
struct text query_get(const struct query *query, const char *name);

#endif
