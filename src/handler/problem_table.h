/* What each problem is, for programs and for people: the answers, the pages at /problems and the OpenAPI document are made
 * of this one table. */
#ifndef HANDLER_PROBLEM_TABLE_H
#define HANDLER_PROBLEM_TABLE_H

#include "handler/problem.h"

#define PROBLEM_TYPE_PREFIX "/problems/"

struct problem_kind {
    int http_status;
    unsigned headers; /* of enum answer_header */
    const char *name; /* behind PROBLEM_TYPE_PREFIX */
    const char *title;
    const char *meaning; /* sentences of plain text, without markup */
    const char *cause;
    const char *remedy;
    const char *example; /* the detail of one */
    struct fault fault;  /* of that example; where is NULL where it has none */
};

extern const struct problem_kind problem_kinds[PROBLEM_COUNT];

/* Problems that only the front server answers with, before a worker sees the request. */
extern const struct problem_kind front_problem_kinds[];
extern const size_t front_problem_count;

#endif
