/* What an import is: how a file is to be taken in, and how far it is. Pure. */
#ifndef DOMAIN_IMPORT_H
#define DOMAIN_IMPORT_H

#include "base/text.h"
#include "domain/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPORT_KIND "import" /* of its job */
#define IMPORT_ATTEMPTS_MAX 10
#define IMPORT_LINE_MAX ((size_t)1024 * 1024) /* bytes of a line, or of a record of CSV */
#define IMPORT_DIFFERENCES_MAX 100

enum import_format { IMPORT_NDJSON, IMPORT_CSV, IMPORT_SHOPIFY, IMPORT_FORMAT_COUNT };
enum import_mode { IMPORT_CREATE, IMPORT_UPDATE, IMPORT_UPSERT, IMPORT_MODE_COUNT };

/* What becomes of the others where a line is faulty. */
enum import_on_error {
    IMPORT_SKIP,  /* they are applied */
    IMPORT_ABORT, /* all are checked first, and none is applied where one is faulty */
    IMPORT_ON_ERROR_COUNT
};

extern const char *const import_format_names[IMPORT_FORMAT_COUNT];
extern const char *const import_mode_names[IMPORT_MODE_COUNT];
extern const char *const import_on_error_names[IMPORT_ON_ERROR_COUNT];

/* The place of a name among count names, or -1. */
int import_name_find(const char *const *names, size_t count, struct text name);

/* How a file is to be taken in. */
struct import_options {
    enum import_format format;
    enum import_mode mode;
    enum import_on_error on_error;
    bool dry_run;            /* find out what it would do, and do nothing */
    struct text category_id; /* of lines that name none; absent: there is none */
};

/* A line on its way to where lines are staged. */
struct import_line {
    uint64_t number;     /* from 1, without gaps */
    uint64_t line;       /* where it begins in the file, from 1 */
    struct text content; /* UTF-8: an object, as JSON */
    struct text flaw;    /* why it cannot be read as a whole, a clause; absent where it can */
};

/* An import as it is shown. */
struct import {
    struct import_options options;
    struct job job;
    bool checking; /* the lines are being checked, before any is applied */
    bool
        untouched; /* for its job: nothing was done since that was taken up first; what was counted is of a job before */
    uint64_t bytes;
    uint64_t lines; /* in all */
    uint64_t place; /* done with */
    uint64_t created;
    uint64_t updated;
    uint64_t unchanged;
    uint64_t failed;
    struct text differences; /* of a dry run: objects with commas between them */
};

/* How far it is, in thousandths: with IMPORT_ABORT the checking is the first half. */
uint64_t import_progress(const struct import *import);

#endif
