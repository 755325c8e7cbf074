/* The export: every product that matches, as NDJSON or CSV, sent while it is read. */
#include "../projection.h"
#include "../reply.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "csv/writer.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "product_filter.h"
#include "json/record.h"
#include "json/writer.h"

#include <string.h>

/* A part is sent once it has so many bytes, or is so old: a reader of a sparse export sees that it goes on. */
#define PART_BYTES ((size_t)32 * 1024)
#define PART_NS CLOCK_NS_PER_S

/* The least that the database waits for a worker to go on. */
#define IDLE_MS 10000

enum format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_COUNT };

static const struct {
    const char *media_type;
    const char *content_type;
    const char *disposition;
} formats[FORMAT_COUNT] = {
    [FORMAT_NDJSON] =
        {
            .media_type = "application/x-ndjson",
            .content_type = "application/x-ndjson",
            .disposition = "attachment; filename=\"products.ndjson\"",
        },
    [FORMAT_CSV] =
        {
            .media_type = "text/csv",
            .content_type = "text/csv; charset=utf-8; header=present",
            .disposition = "attachment; filename=\"products.csv\"",
        },
};

/* An export under way. */
struct export
{
    struct exchange *exchange;
    enum format format;
    struct product_filter filter;
    struct projection projection;
    struct feed_cursor cursor;
    struct search_note note;
    uint64_t count;  /* products written */
    int64_t sent_ns; /* when a part was sent last */
};

/* --- the request --- */

static enum format format_of(const char *media_type)
{
    return strcmp(media_type, formats[FORMAT_CSV].media_type) == 0 ? FORMAT_CSV : FORMAT_NDJSON;
}

static bool read_request(struct exchange *exchange, struct export *export)
{
    struct query query;
    struct faults faults;

    export->exchange = exchange;
    export->format = format_of(exchange->media);
    faults_init(&faults, exchange->scope.arena);
    product_filter_read(exchange, &query, &export->filter, &faults);
    projection_read(&query, &export->projection, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return false;
    }
    return true;
}

/* --- the answer --- */

static void write_headers(const struct export *export)
{
    struct response *response = &export->exchange->response;

    response->status = 200;
    response->streamed = true;
    response_header(response, "Content-Type", text_of(formats[export->format].content_type));
    response_header(response, "Content-Disposition", text_of(formats[export->format].disposition));
    response_header(response, "Cache-Control", TEXT("no-store"));
    response_header(response, "Vary", TEXT("Accept"));
    reply_search(export->exchange, &export->note);
}

static bool send_part(struct export *export)
{
    if (!export->exchange->stream->begun) {
        write_headers(export);
    }
    export->sent_ns = clock_monotonic_ns();
    return exchange_send_part(export->exchange);
}

static void write_beginning(const struct export *export)
{
    if (export->format == FORMAT_CSV) {
        csv_write_names(&export->exchange->response.body, &product_schema, export->projection.fields);
    }
}

static void write_product(const struct export *export, const struct record *product)
{
    struct strbuf *out = &export->exchange->response.body;

    if (export->format == FORMAT_CSV) {
        csv_write_record(out, &product_schema, product, export->projection.fields);
        return;
    }
    if (projection_is_whole(&export->projection)) {
        json_write_record(out, &product_schema, product);
    } else {
        json_write_record_part(out, &product_schema, product, export->projection.fields, TEXT_ABSENT);
    }
    strbuf_append_char(out, '\n');
}

/* The end, without which an export is not whole: where the feed goes on, and how many products there were. */
static void write_end(const struct export *export)
{
    struct strbuf *out = &export->exchange->response.body;
    char cursor[FEED_CURSOR_TEXT_SIZE];
    bool first = true;

    feed_cursor_encode(&export->cursor, cursor);
    if (export->format == FORMAT_CSV) {
        strbuf_printf(out, "# cursor=%s count=%llu\r\n", cursor, (unsigned long long)export->count);
        return;
    }
    strbuf_append_char(out, '{');
    json_write_member(out, &first, "cursor", text_of(cursor));
    json_write_member_i64(out, &first, "count", (int64_t) export->count);
    strbuf_append_text(out, TEXT("}\n"));
}

/* Writes and sends all products. STATUS_OK also where the answer was cut. */
static enum status write_all(struct export *export, struct product_export *products)
{
    struct exchange *exchange = export->exchange;
    const struct strbuf *body = &exchange->response.body;
    struct record product;
    bool found = true;

    while (found) {
        enum status status = catalog_export_next(products, &exchange->scope, &product, &found);

        if (status != STATUS_OK) {
            return status;
        }
        if (found) {
            write_product(export, &product);
            export->count++;
        } else {
            write_end(export);
        }
        if ((!found || body->length >= PART_BYTES || clock_monotonic_ns() - export->sent_ns >= PART_NS) &&
            !send_part(export)) {
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static void answer_busy(struct exchange *exchange)
{
    problem_answer(exchange, PROBLEM_BUSY,
                   "Other exports are under way, and no more than a set number run at once; ask again later.");
}

/* A failure before anything was sent is an answer like any other; later the answer can only be cut. */
static void answer_failure(struct exchange *exchange, enum status status)
{
    struct response_stream *stream = exchange->stream;

    if (!stream->begun && stream->cut == NULL) {
        problem_answer_status(exchange, status, "export", NULL);
    } else if (stream->cut == NULL) {
        stream->cut = status == STATUS_DEADLINE ? "export_time" : "database";
    }
}

static void answer(struct export *export)
{
    struct exchange *exchange = export->exchange;
    const struct config *config = exchange->app->config;
    const struct export_bounds bounds = {
        .waiter = &exchange->stream->waiter,
        .time_ms = config->export_time_s * 1000,
        /* A worker asks for more once the client has taken a part, and other requests were served meanwhile. */
        .idle_ms = IDLE_MS + 2 * (config->deadline_ms + config->io_timeout_ms),
        .exports = (uint32_t)config->exports_max,
    };
    struct product_export *products = NULL;
    enum status status = catalog_export_open(exchange->app->catalog, &exchange->scope, &export->filter, &bounds,
                                             &products, &export->cursor, &export->note);

    if (status == STATUS_TOO_LARGE) {
        answer_busy(exchange);
        return;
    }
    if (status == STATUS_OK) {
        exchange->scope.deadline_ns = exchange->started_ns + config->export_time_s * CLOCK_NS_PER_S;
        export->sent_ns = clock_monotonic_ns();
        write_beginning(export);
        status = write_all(export, products);
    }
    catalog_export_close(products);
    if (status != STATUS_OK) {
        answer_failure(exchange, status);
    }
}

void product_export(struct exchange *exchange)
{
    struct export export = {0};

    if (!read_request(exchange, &export)) {
        return;
    }
    if (exchange->response.head) {
        write_headers(&export);
    } else if (exchange->stream == NULL) {
        answer_busy(exchange);
    } else {
        answer(&export);
    }
}
