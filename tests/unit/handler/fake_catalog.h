/* A catalog for the handlers' tests, without a server: it answers what a test sets and keeps what it was asked. */
#ifndef TESTS_FAKE_CATALOG_H
#define TESTS_FAKE_CATALOG_H

#include "catalog/category_change.h"
#include "catalog/events.h"
#include "catalog/feed.h"
#include "catalog/imports.h"
#include "catalog/job_queue.h"
#include "catalog/product_batch.h"
#include "catalog/webhook_change.h"
#include "handler/exchange.h"

struct catalog {
    enum status status;    /* of the next calls */
    bool require_if_match; /* WARES_REQUIRE_IF_MATCH */
    int64_t stale_max_s;   /* WARES_STALE_MAX */
    struct product_view view;
    struct change_result result; /* but for the view */
    struct record records[3];
    size_t count;
    bool more;
    bool cache_answers;
    struct cursor next;
    unsigned calls;
    bool fresh;
    struct record input;
    struct change_options options;
    struct text sku;
    struct batch batch;
    struct product_query product_query;
    struct category_query category_query;
    struct product_filter filter; /* of an export */
    struct export_bounds bounds;
    struct feed_cursor feed_cursor; /* that it gets */
    size_t exported;                /* of count products, records[0] each time */
    enum status broken;             /* instead of the end */
    unsigned open;                  /* exports */
    enum product_count counted;
    uint64_t total;
    enum status count_status;
    struct search_note note;
    struct record category; /* the one that there is, where any field is given */
    struct import import;
    struct import_options import_options;
    struct import_whole import_whole;
    uint32_t uploads;   /* bound of them */
    char lines[8][300]; /* that were staged */
    size_t line_count;
    unsigned intakes; /* open */
    enum status finish_status;
    bool replayed;
    struct import_error_page error_pages[3];
    size_t error_page;
    struct job job;
    struct job_query job_query;
    struct feed_page feed;
    struct event_stand stand;
    bool has_after;
    struct feed_cursor after;
    uint32_t feed_limit;
    struct feed_cursor floor; /* of a replay that comes too late */
    int64_t overlap_s;
    struct delivery delivery;
    struct delivery_query delivery_query;
    const char *webhook_allow; /* WARES_WEBHOOK_ALLOW; NULL: empty */
};

/* One request through exchange_serve, as the server would hand it down. headers are "NAME=value" strings of CGI, up to a
 * NULL; they, "REQUEST_METHOD" and "REQUEST_URI" make the environment. body may be NULL. The exchange is reused and
 * valid until the next call. */
struct exchange *serve(struct catalog *catalog, const char *method, const char *uri, const char *const *headers,
                       const char *body);
struct exchange *serve_in_state(struct catalog *catalog, const char *method, const char *uri,
                                const char *const *headers, const char *body, enum body_state state);

/* The body of the next requests whose operation reads it as it comes, in parts of so many bytes. */
struct fake_upload {
    bool absent;
    size_t part;
    size_t cut_at;     /* bytes; 0: it is whole */
    const char *fault; /* then */
};

extern struct fake_upload fake_upload;

/* The stream of the next requests: what was sent through it, and when it is cut. */
struct fake_stream {
    bool absent;        /* there is none */
    unsigned cut_after; /* parts: the next one finds the client gone; 0: none does */
    unsigned parts;
    char sent[1 << 20];
    size_t length;
};

extern struct fake_stream fake_stream;

/* Frees what serve keeps between calls. */
void serve_end(void);

/* The value of a header of the answer, or an absent slice. */
struct text header_of(const struct exchange *exchange, const char *name);

/* The body of the answer as a terminated string; valid until the next call of serve. */
const char *body_of(struct exchange *exchange);

#endif
