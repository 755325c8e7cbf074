/* Taking a file in: it is read as it comes, and its lines staged; then its job is queued. */
#include "../reply.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "catalog/imports.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "http/uri.h"
#include "import.h"
#include "import_request.h"

#include <string.h>

#define READ_BYTES ((size_t)64 * 1024)

/* A file on its way. */
struct taking {
    struct exchange *exchange;
    struct import_request request;
    struct import_intake *intake;
    struct import_file *file;
    struct sha256 digest;
    struct scope part; /* memory of a part of the file: an upload may be of any size */
    uint64_t bytes;
    enum status status; /* of the staging */
};

/* --- answers --- */

static void answer_busy(struct exchange *exchange)
{
    problem_answer(exchange, PROBLEM_BUSY,
                   "Other imports are being uploaded, and no more than a set number are at once; send it again later.");
}

/* An upload that is not whole is nothing. */
static void answer_cut(struct exchange *exchange)
{
    const char *fault = exchange->upload->fault;

    if (strcmp(fault, "client_slow") == 0) {
        problem_answer(exchange, PROBLEM_MALFORMED_REQUEST,
                       "The upload was given up, and nothing was imported: less than 32 KiB came within %lld ms.",
                       (long long)exchange->app->config->io_timeout_ms);
    } else if (strcmp(fault, "stop") == 0) {
        problem_answer(exchange, PROBLEM_UNAVAILABLE,
                       "The worker that took the upload was stopped, and nothing was imported; send it again.");
    } else {
        problem_answer(exchange, PROBLEM_MALFORMED_REQUEST,
                       "The upload was cut short, and nothing was imported: the body is not as long as was announced.");
    }
}

static void answer_columns(struct taking *taking)
{
    struct faults *faults = &taking->request.write.faults;

    import_file_faults(taking->file, faults);
    problem_answer_faults(taking->exchange, PROBLEM_VALIDATION, faults);
}

static void answer_empty(struct exchange *exchange)
{
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    faults_add(&faults, FAULT_IN_BODY, "", "required", "the file has no line; send one for each product");
    problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
}

/* --- reading --- */

/* What is done between two waits for the client has the time of a request. */
static struct scope *begin_part(struct taking *taking)
{
    arena_reset(taking->part.arena);
    taking->part.deadline_ns = clock_deadline_in_ms(taking->exchange->app->config->deadline_ms);
    return &taking->part;
}

static bool stage_line(void *context, const struct import_line *line)
{
    struct taking *taking = context;

    taking->status = import_intake_put(taking->intake, begin_part(taking), line);
    return taking->status == STATUS_OK;
}

/* Reads and stages all. False where the upload, the columns or the staging failed. */
static bool read_all(struct taking *taking)
{
    struct request_stream *upload = taking->exchange->upload;
    char *space = arena_alloc(taking->exchange->scope.arena, READ_BYTES);
    enum body_read outcome = BODY_READ_SOME;
    bool going = true;

    while (going && outcome == BODY_READ_SOME) {
        size_t count = 0;

        outcome = upload->read(upload, space, READ_BYTES, &count);
        if (outcome == BODY_READ_SOME) {
            const struct text bytes = {.data = space, .length = count};

            sha256_add(&taking->digest, bytes);
            taking->bytes += count;
            going = import_file_feed(taking->file, bytes);
        }
    }
    return going && outcome == BODY_READ_END && import_file_end(taking->file);
}

/* --- the end --- */

/* The same file with the same parameters in another order, or written otherwise, is taken for another one. */
static void begin_digest(struct taking *taking)
{
    const struct request *request = &taking->exchange->request;

    sha256_init(&taking->digest);
    sha256_add(&taking->digest, request->query.data != NULL ? request->query : TEXT(""));
    sha256_add(&taking->digest, TEXT("\n"));
    sha256_add(&taking->digest, taking->request.options.format == IMPORT_CSV ? TEXT("csv\n") : TEXT("ndjson\n"));
}

static void finish(struct taking *taking)
{
    struct exchange *exchange = taking->exchange;
    struct change_options *write = &taking->request.write.options;
    char digest[SHA256_HEX_SIZE];
    struct import_whole whole = {
        .format = import_file_format(taking->file),
        .bytes = taking->bytes,
        .lines = import_file_lines(taking->file),
        .key = write->key,
    };
    struct import import;
    struct text id = TEXT_ABSENT;
    bool replayed = false;
    enum status status;

    sha256_end(&taking->digest, digest);
    whole.digest = text_of(digest);
    if (write->key.data != NULL) {
        whole.request = arena_printf(exchange->scope.arena, "%.*s%s", TEXT_PRINT(write->request), digest);
    }
    exchange->scope.deadline_ns = clock_deadline_in_ms(exchange->app->config->deadline_ms);
    status = import_intake_finish(taking->intake, &exchange->scope, &whole, &id, &replayed);
    if (status == STATUS_OK) {
        status = catalog_import_get(exchange->app->catalog, &exchange->scope, id, &import);
    }
    if (status != STATUS_OK) {
        write_answer_status(exchange, status, "import", &taking->request.write, &(struct change_result){0});
        return;
    }
    reply_json(exchange, 202);
    reply_location(exchange, IMPORTS_PATH, id);
    write_add_applied(exchange, &(struct write_request){0}, replayed);
    import_write(&exchange->response.body, &import);
}

static void answer(struct taking *taking)
{
    struct exchange *exchange = taking->exchange;
    const bool whole = read_all(taking);

    exchange->scope.store_ns += taking->part.store_ns;
    if (exchange->upload->fault != NULL) {
        answer_cut(exchange);
    } else if (taking->status != STATUS_OK) {
        problem_answer_status(exchange, taking->status, "import", NULL);
    } else if (!whole) {
        answer_columns(taking);
    } else if (import_file_lines(taking->file) == 0) {
        answer_empty(exchange);
    } else {
        finish(taking);
    }
}

static void take(struct taking *taking)
{
    struct exchange *exchange = taking->exchange;
    const struct import_bounds bounds = {
        .waiter = &exchange->stream->waiter,
        .time_ms = exchange->app->config->deadline_ms,
        .uploads = (uint32_t)exchange->app->config->imports_max,
    };
    const struct import_file_options options = {
        .format = taking->request.options.format,
        .maps = taking->request.maps,
        .map_count = taking->request.map_count,
        .has_category = taking->request.options.category_id.data != NULL,
    };
    const enum status status = catalog_import_open(exchange->app->catalog, &exchange->scope, &taking->request.options,
                                                   &bounds, &taking->intake);

    if (status == STATUS_TOO_LARGE) {
        answer_busy(exchange);
        return;
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "import", NULL);
        return;
    }
    taking->part = (struct scope){.arena = arena_new(READ_BYTES)};
    taking->file = import_file_new(&options, stage_line, taking);
    begin_digest(taking);
    answer(taking);
    import_intake_close(taking->intake, begin_part(taking));
    import_file_free(taking->file);
    arena_free(taking->part.arena);
}

void import_create(struct exchange *exchange)
{
    struct taking *taking = arena_alloc(exchange->scope.arena, sizeof *taking);

    taking->exchange = exchange;
    if (!import_request_read(exchange, &taking->request)) {
        return;
    }
    if (exchange->upload == NULL || exchange->stream == NULL) {
        answer_busy(exchange);
    } else {
        take(taking);
    }
}
