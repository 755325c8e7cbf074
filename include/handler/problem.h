/* Errors as answers: application/problem+json (RFC 9457), with the members "error" and "timestamp" besides. The one place
 * where a status becomes an HTTP status. */
#ifndef HANDLER_PROBLEM_H
#define HANDLER_PROBLEM_H

#include "base/status.h"
#include "domain/fault.h"
#include "handler/exchange.h"

#include <stdint.h>

enum problem {
    PROBLEM_VALIDATION,             /* 400: members or parameters break a rule */
    PROBLEM_MALFORMED_REQUEST,      /* 400: the request cannot be read */
    PROBLEM_NOT_FOUND,              /* 404 */
    PROBLEM_METHOD_NOT_ALLOWED,     /* 405 */
    PROBLEM_NOT_ACCEPTABLE,         /* 406 */
    PROBLEM_CONFLICT,               /* 409 */
    PROBLEM_IN_PROGRESS,            /* 409, with Retry-After: the first request with this idempotency key is running */
    PROBLEM_GONE,                   /* 410 */
    PROBLEM_PRECONDITION_FAILED,    /* 412 */
    PROBLEM_TOO_LARGE,              /* 413 */
    PROBLEM_UNSUPPORTED_MEDIA_TYPE, /* 415 */
    PROBLEM_KEY_REUSED,             /* 422: the idempotency key belongs to another request */
    PROBLEM_PRECONDITION_REQUIRED,  /* 428 */
    PROBLEM_INTERNAL,               /* 500 */
    PROBLEM_NO_LIVE_EVENTS,         /* 501: the front server holds no streams */
    PROBLEM_READ_ONLY,              /* 503, with Retry-After: the database takes no writes */
    PROBLEM_UNAVAILABLE,            /* 503, with Retry-After */
    PROBLEM_BUSY,                   /* 503, with Retry-After: as many of its kind are under way as may be */
    PROBLEM_OUTCOME_UNKNOWN,        /* 503, with Retry-After: a write may have happened */
    PROBLEM_DEADLINE,               /* 504 */
    PROBLEM_COUNT
};

/* Answers with a problem. What the response held of a body is dropped; headers stay. The detail is one sentence. */
void problem_answer(struct exchange *exchange, enum problem problem, const char *detail_format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answers with a problem and its faults; the detail is made of them. */
void problem_answer_faults(struct exchange *exchange, enum problem problem, const struct faults *faults);

/* Answers that the thing is of another version than the client builds on (412): the detail, and the members
 * current_version and changed_fields, tell of which, and what was changed since. changed are names with commas, absent
 * where that is not known. */
void problem_answer_stale(struct exchange *exchange, const char *what, int64_t current_version, struct text changed);

/* Answers for what a lower layer returned, STATUS_OK excepted. what names the thing asked for ("product"); faults may be
 * NULL. */
void problem_answer_status(struct exchange *exchange, enum status status, const char *what,
                           const struct faults *faults);

/* Writes a problem as a part of an answer: for one operation of several. Of the members only those that tell of the
 * operation. current_version and changed as for problem_answer_stale. Returns the HTTP status. */
int problem_write_status(struct strbuf *out, struct exchange *exchange, enum status status, const char *what,
                         const struct faults *faults, int64_t current_version, struct text changed);

/* Writes a problem as it may be answered. */
void problem_write_example(struct strbuf *out, enum problem problem);

#endif
