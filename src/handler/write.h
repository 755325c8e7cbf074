/* What all writes have in common: preconditions, idempotency keys, preferences and dry runs on the way in; versions,
 * replays and minimal answers on the way out. */
#ifndef HANDLER_WRITE_H
#define HANDLER_WRITE_H

#include "catalog/product_change.h"
#include "handler/exchange.h"

struct write_request {
    struct change_options options;
    struct faults faults;
    bool minimal; /* Prefer: return=minimal */
    bool atomic;  /* the parameter of that name, where the operation takes it */
};

/* A kind of thing that is written: its name in problems ("product"), and the path of the collection that it is in. */
struct write_kind {
    const char *name;
    const char *collection;
};

extern const struct write_kind write_product;

/* Reads what every write may say in headers and parameters: If-Match, If-None-Match: *, Idempotency-Key, Prefer and
 * dry_run. Answers 428 where If-Match is required and missing. What is wrong with them is added to the faults and not
 * answered yet: those of the body are to be told with it. */
MUST_CHECK bool write_begin(struct exchange *exchange, struct write_request *request);

/* The same for what has no versions, and of which no part is left out: of headers only Idempotency-Key. */
void write_begin_unversioned(struct exchange *exchange, struct write_request *request);

/* Answers for what a change returned: with the thing, 201 and its Location where it was created, else 200; or with why it
 * was not made. */
void write_answer(struct exchange *exchange, const struct write_kind *kind, enum status status,
                  const struct write_request *request, const struct change_result *result);

/* Answers for what a deletion returned: 204, or why it was not made. */
void write_answer_deleted(struct exchange *exchange, const struct write_kind *kind, enum status status,
                          const struct write_request *request, const struct change_result *result);

/* Answers 400 where there are faults, for what is not handed to the catalog with them. */
MUST_CHECK bool write_refused(struct exchange *exchange, const struct write_request *request);

/* Adds the headers that tell of a preference, and of an answer that is given again. */
void write_add_applied(struct exchange *exchange, const struct write_request *request, bool replayed);

/* Answers for what a change returned, STATUS_OK excepted. what names the thing changed ("product"). */
void write_answer_status(struct exchange *exchange, enum status status, const char *what,
                         const struct write_request *request, const struct change_result *result);

#endif
