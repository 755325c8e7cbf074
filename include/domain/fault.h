/* The faults of one request, collected so that all of them are answered at once. */
#ifndef DOMAIN_FAULT_H
#define DOMAIN_FAULT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define FAULTS_MAX 100

enum fault_place {
    FAULT_IN_BODY,      /* where is a JSON pointer (RFC 6901) */
    FAULT_IN_PARAMETER, /* where is the name of a query parameter or of a part of the path */
    FAULT_IN_HEADER,    /* where is the name of a header */
};

struct fault {
    enum fault_place place;
    const char *where;  /* terminated; "" is the whole body */
    const char *code;   /* stable, for programs: "required", "too_long", ... */
    const char *detail; /* one clause for people that also says how to mend it: "must be greater than zero" */
};

struct faults {
    struct arena *arena; /* holds the strings */
    struct fault item[FAULTS_MAX];
    size_t count;
    bool truncated; /* there were more than FAULTS_MAX */
};

void faults_init(struct faults *faults, struct arena *arena);

/* Adds a fault. where and the formatted detail are copied; code must be a literal. */
void faults_add(struct faults *faults, enum fault_place place, const char *where, const char *code,
                const char *detail_format, ...) __attribute__((format(printf, 5, 6)));

/* Appends one reference token to a JSON pointer, with "~" and "/" escaped (RFC 6901, section 3). */
const char *fault_pointer(struct arena *arena, const char *parent, struct text token);
const char *fault_pointer_index(struct arena *arena, const char *parent, size_t index);

#endif
