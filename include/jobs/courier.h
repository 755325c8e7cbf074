/* Sends requests to endpoints that nobody here controls, many at once, without ever waiting: POST, HTTP or HTTPS alone, no
 * redirects, no proxy, no cookies, nothing of the environment but SSL_CERT_FILE and SSL_CERT_DIR: the authorities whose
 * certificates are trusted. Each address is looked at after its name was looked up and before it is connected to
 * (domain/webhook_target.h), so that no answer of a name server leads anywhere else. What comes back is bounded in time and
 * in bytes. Owns libcurl.
 *
 * One thread: courier_run does what can be done at that moment. */
#ifndef JOBS_COURIER_H
#define JOBS_COURIER_H

#include "base/address.h"
#include "base/text.h"
#include "domain/webhook.h"

#include <stdbool.h>
#include <stdint.h>

#define COURIER_HEADERS_MAX 4
#define COURIER_BODY_MAX ((size_t)64 * 1024) /* of an answer: then it is cut, which is no failure */
#define COURIER_HEAD_MAX ((size_t)64 * 1024) /* of all headers of an answer: then it is cut, and is none */

struct courier;

struct courier_options {
    const struct address_ranges *allowed; /* must stay valid */
    int64_t timeout_ms;                   /* for one request, from its start to the end of its answer */
};

struct courier_request {
    const char *url;
    const char *headers[COURIER_HEADERS_MAX]; /* "name: value", up to a NULL */
    struct text body;                         /* must stay valid until the result */
    void *context;
};

struct courier_result {
    void *context;
    struct webhook_answer answer;
    int64_t duration_ms;
    char body[WEBHOOK_ANSWER_KEPT]; /* the first bytes of the answer's, as they came */
    size_t body_length;
    char error[WEBHOOK_ERROR_MAX]; /* why there is no answer; "" where there is one */
};

/* NULL, logged, where it cannot be had. */
struct courier *courier_new(const struct courier_options *options);

/* Requests under way are cut off, and have no result. NULL is allowed. */
void courier_free(struct courier *courier);

/* Begins a request; false, logged, where it cannot be begun: it has no result then. */
bool courier_send(struct courier *courier, const struct courier_request *request);

/* Readable when there is something for courier_run to do, which there also is at the time of courier_due_ns
 * (CLOCK_MONOTONIC). */
int courier_descriptor(const struct courier *courier);
int64_t courier_due_ns(const struct courier *courier);

void courier_run(struct courier *courier);

/* The next request that has ended; false where none has. */
bool courier_next(struct courier *courier, struct courier_result *result);

#endif
