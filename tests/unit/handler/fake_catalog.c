/* A catalog for the handlers' tests, and the way to send them a request. */
#include "fake_catalog.h"

#include "catalog/kept_list.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { ENVIRONMENT_MAX = 32 };

static struct {
    struct config config;
    struct app app;
    struct arena *arena;
    struct exchange exchange;
    struct response_stream stream;
    char method[64];
    char uri[32768];
} kept;

enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                struct product_view *view)
{
    (void)scope;
    catalog->calls++;
    catalog->fresh = fresh;
    record_set(&catalog->input, PRODUCT_ID, id);
    *view = catalog->view;
    view->read_us = clock_unix_us();
    return catalog->status;
}

/* What all changes answer. */
static enum status change(struct catalog *catalog, const struct change_options *options, struct change_result *result)
{
    catalog->calls++;
    catalog->options = *options;
    *result = catalog->result;
    result->view = catalog->view;
    return catalog->status;
}

/* What is refused for its faults does not count as a call. */
static enum status complete(struct catalog *catalog, struct record *input, struct faults *faults)
{
    record_complete(&product_schema, input, "USD", faults);
    catalog->input = *input;
    catalog->calls -= faults->count > 0 ? 1 : 0;
    return faults->count > 0 ? STATUS_INVALID : STATUS_OK;
}

enum status catalog_product_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct record *input, struct faults *faults, struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    result->created = true;
    result->id = TEXT("0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f");
    return complete(catalog, input, faults) == STATUS_OK ? status : STATUS_INVALID;
}

enum status catalog_product_put(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                struct text id, struct record *input, struct faults *faults,
                                struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    result->id = id;
    return complete(catalog, input, faults) == STATUS_OK ? status : STATUS_INVALID;
}

enum status catalog_product_put_by_sku(struct catalog *catalog, struct scope *scope,
                                       const struct change_options *options, struct text sku, struct record *input,
                                       struct faults *faults, struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    catalog->sku = sku;
    return complete(catalog, input, faults) == STATUS_OK ? status : STATUS_INVALID;
}

enum status catalog_product_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                 struct text id, product_edit edit, void *context, struct faults *faults,
                                 struct change_result *result)
{
    enum status status = change(catalog, options, result);
    struct record edited = catalog->records[0];
    enum status edit_status = edit(context, scope, &catalog->records[0], &edited, faults);
    result->id = id;
    catalog->input = edited;
    return edit_status == STATUS_OK ? status : edit_status;
}

enum status catalog_product_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    result->id = id;
    return status;
}

enum status catalog_product_restore(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    (void)scope;
    (void)faults;
    enum status status = change(catalog, options, result);
    result->id = id;
    return status;
}

enum status catalog_product_batch(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                  struct batch *batch, struct text *answer, bool *replayed)
{
    struct strbuf out;

    catalog->calls++;
    catalog->options = *options;
    catalog->batch = *batch;
    for (size_t i = 0; i < batch->count; i++) {
        batch->operations[i].status = batch->operations[i].given_fault_count > 0 ? STATUS_INVALID : STATUS_OK;
        batch->operations[i].faults = batch->operations[i].given_faults;
        batch->operations[i].fault_count = batch->operations[i].given_fault_count;
        batch->operations[i].result = catalog->result;
        batch->operations[i].result.view = catalog->view;
    }
    strbuf_init(&out, RESPONSE_BODY_MAX);
    batch->render(batch->context, batch, &out);
    *answer = arena_copy(scope->arena, strbuf_text(&out));
    *replayed = false;
    strbuf_free(&out);
    return catalog->status;
}

enum status catalog_changes(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                            uint32_t limit, struct feed_page *page)
{
    (void)scope;
    catalog->calls++;
    catalog->has_after = after != NULL;
    catalog->after = after != NULL ? *after : (struct feed_cursor){0};
    catalog->feed_limit = limit;
    *page = catalog->feed;
    return catalog->status;
}

enum status catalog_event_stand(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                                struct event_stand *stand)
{
    (void)scope;
    catalog->calls++;
    catalog->after = *after;
    *stand = catalog->stand;
    return catalog->status;
}

enum status catalog_events_missed(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                                  uint32_t limit, struct feed_page *page)
{
    return catalog_changes(catalog, scope, after, limit, page);
}

enum status catalog_webhook_get(struct catalog *catalog, struct scope *scope, struct text id, struct record *webhook)
{
    return catalog_category_get(catalog, scope, id, webhook);
}

enum status catalog_webhook_list(struct catalog *catalog, struct scope *scope, struct record **webhooks, size_t *count)
{
    (void)scope;
    catalog->calls++;
    *webhooks = catalog->records;
    *count = catalog->count;
    return catalog->status;
}

enum status catalog_webhook_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct record *input, struct faults *faults, struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    result->created = true;
    result->id = TEXT("0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f");
    record_complete(&webhook_schema, input, "USD", faults);
    catalog->input = *input;
    catalog->calls -= faults->count > 0 ? 1 : 0;
    return faults->count > 0 ? STATUS_INVALID : status;
}

enum status catalog_webhook_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                 struct text id, product_edit edit, void *context, struct faults *faults,
                                 struct change_result *result)
{
    return catalog_product_edit(catalog, scope, options, id, edit, context, faults, result);
}

enum status catalog_webhook_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, struct faults *faults, struct change_result *result)
{
    (void)faults;
    return catalog_product_delete(catalog, scope, options, id, result);
}

enum status catalog_webhook_rotate(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, int64_t overlap_s, struct faults *faults,
                                   struct change_result *result)
{
    (void)faults;
    catalog->overlap_s = overlap_s;
    return catalog_product_delete(catalog, scope, options, id, result);
}

enum status catalog_webhook_replay(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, const struct feed_cursor *after, struct faults *faults,
                                   struct change_result *result, struct feed_cursor *floor)
{
    (void)faults;
    catalog->has_after = after != NULL;
    catalog->after = after != NULL ? *after : (struct feed_cursor){0};
    *floor = catalog->floor;
    return catalog_product_delete(catalog, scope, options, id, result);
}

enum status catalog_webhook_redeliver(struct catalog *catalog, struct scope *scope,
                                      const struct change_options *options, struct text id,
                                      const struct feed_cursor *place, struct faults *faults,
                                      struct change_result *result)
{
    (void)faults;
    catalog->after = *place;
    return catalog_product_delete(catalog, scope, options, id, result);
}

enum status catalog_delivery_list(struct catalog *catalog, struct scope *scope, const struct delivery_query *query,
                                  struct delivery_page *page)
{
    (void)scope;
    catalog->calls++;
    catalog->delivery_query = *query;
    *page = (struct delivery_page){.deliveries = &catalog->delivery, .count = catalog->count, .more = catalog->more};
    page->next = catalog->next;
    page->next.fingerprint = delivery_query_fingerprint(query);
    return catalog->status;
}

bool delivery_cursor_place(const struct cursor *cursor, struct feed_cursor *place)
{
    return feed_cursor_decode(cursor_key(cursor), place);
}

/* What all changes of a job answer. */
static enum status change_job(struct catalog *catalog, const struct change_options *options, struct text id,
                              struct job_result *result)
{
    catalog->calls++;
    catalog->options = *options;
    *result = (struct job_result){.job = catalog->job, .json = catalog->view.json};
    result->job.id = id;
    if (catalog->result.replayed) {
        *result = (struct job_result){.json = catalog->view.json, .replayed = true};
    }
    return catalog->status;
}

enum status catalog_job_get(struct catalog *catalog, struct scope *scope, struct text id, struct job *job)
{
    (void)scope;
    catalog->calls++;
    *job = catalog->job;
    job->id = id;
    return catalog->status;
}

enum status catalog_job_retry(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                              struct text id, struct job_result *result)
{
    (void)scope;
    return change_job(catalog, options, id, result);
}

enum status catalog_job_cancel(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                               struct text id, struct job_result *result)
{
    (void)scope;
    return change_job(catalog, options, id, result);
}

enum status catalog_job_list(struct catalog *catalog, struct scope *scope, const struct job_query *query,
                             struct job_page *page)
{
    (void)scope;
    catalog->calls++;
    catalog->job_query = *query;
    *page = (struct job_page){.jobs = &catalog->job, .count = catalog->count, .more = catalog->more};
    page->next = catalog->next;
    page->next.fingerprint = job_query_fingerprint(query);
    return catalog->status;
}

enum status catalog_product_list(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                 struct product_page *page)
{
    (void)scope;
    catalog->calls++;
    catalog->product_query = *query;
    *page = (struct product_page){.products = catalog->records, .count = catalog->count};
    page->more = catalog->more;
    page->next = catalog->next;
    page->next.fingerprint = product_query_fingerprint(query);
    page->before = query->has_cursor;
    page->previous = page->next;
    page->previous.backward = true;
    page->note = catalog->note;
    return catalog->status;
}

/* Nothing is kept. */
bool catalog_list_find(struct catalog *catalog, struct text key, struct kept_list *list)
{
    (void)catalog;
    (void)key;
    (void)list;
    return false;
}

void catalog_list_note(struct catalog *catalog, struct scope *scope, enum list_extent extent, struct text category)
{
    (void)catalog;
    (void)scope;
    (void)extent;
    (void)category;
}

void catalog_list_keep(struct catalog *catalog, struct text key, const struct kept_list *list)
{
    (void)catalog;
    (void)key;
    (void)list;
}

enum status catalog_product_facets(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                   struct product_facets *facets, struct search_note *note)
{
    (void)scope;
    catalog->calls++;
    catalog->product_query = *query;
    *facets = (struct product_facets){.complete = true};
    *note = catalog->note;
    return catalog->status;
}

enum status catalog_product_count(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                  enum product_count kind, uint64_t *count)
{
    (void)scope;
    (void)query;
    catalog->calls++;
    catalog->counted = kind;
    *count = catalog->total;
    return catalog->count_status;
}

enum status catalog_categories_of(struct catalog *catalog, struct scope *scope, const struct text *ids, size_t count,
                                  struct record **categories, size_t *found)
{
    (void)scope;
    (void)ids;
    catalog->calls++;
    *categories = &catalog->category;
    *found = catalog->category.given != 0 && count > 0 ? 1 : 0;
    return catalog->status;
}

enum status catalog_category_get(struct catalog *catalog, struct scope *scope, struct text id, struct record *category)
{
    (void)scope;
    catalog->calls++;
    record_set(&catalog->input, CATEGORY_ID, id);
    *category = catalog->records[0];
    return catalog->status;
}

enum status catalog_category_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct record *input, struct faults *faults, struct change_result *result)
{
    (void)scope;
    enum status status = change(catalog, options, result);
    result->created = true;
    result->id = TEXT("0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f");
    record_complete(&category_schema, input, "USD", faults);
    catalog->input = *input;
    return faults->count > 0 ? STATUS_INVALID : status;
}

enum status catalog_category_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                  struct text id, product_edit edit, void *context, struct faults *faults,
                                  struct change_result *result)
{
    return catalog_product_edit(catalog, scope, options, id, edit, context, faults, result);
}

enum status catalog_category_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    (void)faults;
    return catalog_product_delete(catalog, scope, options, id, result);
}

enum status catalog_category_tree(struct catalog *catalog, struct scope *scope, struct text top,
                                  struct category_tree *tree)
{
    catalog->calls++;
    catalog->category_query.parent_id = top;
    *tree = category_tree_make(scope->arena, catalog->records, catalog->count, top);
    return catalog->status;
}

enum status catalog_category_list(struct catalog *catalog, struct scope *scope, const struct category_query *query,
                                  struct category_page *page)
{
    (void)scope;
    catalog->calls++;
    catalog->category_query = *query;
    page->categories = catalog->records;
    page->count = catalog->count;
    page->more = catalog->more;
    page->next = catalog->next;
    page->next.fingerprint = category_query_fingerprint(query);
    return catalog->status;
}

enum status catalog_ready(struct catalog *catalog, struct scope *scope, bool *cache_answers)
{
    (void)scope;
    catalog->calls++;
    *cache_answers = catalog->cache_answers;
    return catalog->status;
}

enum status catalog_export_open(struct catalog *catalog, struct scope *scope, const struct product_filter *filter,
                                const struct export_bounds *bounds, struct product_export **export,
                                struct feed_cursor *cursor, struct search_note *note)
{
    (void)scope;
    catalog->calls++;
    catalog->filter = *filter;
    catalog->bounds = *bounds;
    catalog->exported = 0;
    if (catalog->status == STATUS_OK) {
        *cursor = catalog->feed_cursor;
        *note = catalog->note;
        *export = (struct product_export *)catalog;
        catalog->open++;
    }
    return catalog->status;
}

enum status catalog_export_next(struct product_export *export, struct scope *scope, struct record *product, bool *found)
{
    struct catalog *catalog = (struct catalog *)export;

    (void)scope;
    *found = catalog->exported < catalog->count;
    if (!*found) {
        return catalog->broken;
    }
    catalog->exported++;
    *product = catalog->records[0];
    return STATUS_OK;
}

void catalog_export_close(struct product_export *export)
{
    if (export != NULL) {
        ((struct catalog *)export)->open--;
    }
}

/* --- imports --- */

enum status catalog_import_open(struct catalog *catalog, struct scope *scope, const struct import_options *options,
                                const struct import_bounds *bounds, struct import_intake **intake)
{
    (void)scope;
    catalog->calls++;
    catalog->import_options = *options;
    catalog->uploads = bounds->uploads;
    catalog->line_count = 0;
    if (catalog->status == STATUS_OK) {
        *intake = (struct import_intake *)catalog;
        catalog->intakes++;
    }
    return catalog->status;
}

enum status import_intake_put(struct import_intake *intake, struct scope *scope, const struct import_line *line)
{
    struct catalog *catalog = (struct catalog *)intake;

    (void)scope;
    if (catalog->line_count < 8) {
        (void)snprintf(catalog->lines[catalog->line_count], sizeof catalog->lines[0], "%.*s",
                       TEXT_PRINT(line->content));
    }
    catalog->line_count++;
    return catalog->broken;
}

enum status import_intake_finish(struct import_intake *intake, struct scope *scope, const struct import_whole *whole,
                                 struct text *id, bool *replayed)
{
    struct catalog *catalog = (struct catalog *)intake;

    (void)scope;
    catalog->import_whole = *whole;
    catalog->import_whole.digest = arena_copy(scope->arena, whole->digest);
    *id = TEXT("0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f");
    *replayed = catalog->replayed;
    return catalog->finish_status;
}

void import_intake_close(struct import_intake *intake, struct scope *scope)
{
    (void)scope;
    if (intake != NULL) {
        ((struct catalog *)intake)->intakes--;
    }
}

enum status catalog_import_get(struct catalog *catalog, struct scope *scope, struct text id, struct import *import)
{
    (void)scope;
    catalog->calls++;
    *import = catalog->import;
    import->job.id = id;
    return catalog->status;
}

enum status catalog_import_errors(struct catalog *catalog, struct scope *scope, struct text id, uint64_t after,
                                  size_t bytes_max, struct import_error_page *page)
{
    (void)scope;
    (void)id;
    (void)after;
    (void)bytes_max;
    *page = catalog->error_pages[catalog->error_page++];
    return STATUS_OK;
}

struct fake_upload fake_upload;

static struct upload_of_test {
    struct request_stream stream;
    const char *body;
    size_t at;
} upload;

static enum body_read upload_read(struct request_stream *stream, char *space, size_t room, size_t *count)
{
    struct upload_of_test *own = (struct upload_of_test *)stream;
    const size_t left = strlen(own->body) - own->at;
    size_t part = fake_upload.part > 0 ? fake_upload.part : 7;

    if (fake_upload.cut_at > 0 && own->at >= fake_upload.cut_at) {
        own->stream.fault = fake_upload.fault;
        return BODY_READ_CUT;
    }
    part = part < left ? part : left;
    part = part < room ? part : room;
    memcpy(space, own->body + own->at, part);
    own->at += part;
    *count = part;
    return part > 0 ? BODY_READ_SOME : BODY_READ_END;
}

/* --- the stream --- */

struct fake_stream fake_stream;

static bool stream_begin(struct response_stream *stream, const struct response *response)
{
    stream->begun = true;
    return response->streamed;
}

static bool stream_write(struct response_stream *stream, struct text bytes)
{
    if (fake_stream.cut_after > 0 && fake_stream.parts == fake_stream.cut_after) {
        stream->cut = "client_gone";
        return false;
    }
    fake_stream.parts++;
    memcpy(fake_stream.sent + fake_stream.length, bytes.data, bytes.length);
    fake_stream.length += bytes.length;
    return true;
}

static void begin(struct catalog *catalog)
{
    if (kept.arena == NULL) {
        kept.arena = arena_new(4096);
        response_init(&kept.exchange.response);
    }
    arena_reset(kept.arena);
    response_reset(&kept.exchange.response);
    kept.config = (struct config){.body_max = 1048576,
                                  .deadline_ms = 5000,
                                  .currency = "USD",
                                  .export_time_s = 600,
                                  .exports_max = 3,
                                  .imports_max = 4,
                                  .io_timeout_ms = 5000};
    kept.config.require_if_match = catalog->require_if_match;
    kept.config.webhook_rotation_s = 3600;
    (void)address_ranges_parse(text_of(catalog->webhook_allow), &kept.config.webhook_allow);
    kept.config.stale_max_s = catalog->stale_max_s;
    app_release(&kept.app);
    kept.app = (struct app){.config = &kept.config, .catalog = catalog};
    kept.exchange.app = &kept.app;
    kept.exchange.started_ns = clock_monotonic_ns();
    kept.exchange.scope = (struct scope){.arena = kept.arena, .deadline_ns = clock_deadline_in_ms(5000)};
    kept.stream = (struct response_stream){.begin = stream_begin, .write = stream_write};
    kept.exchange.stream = fake_stream.absent ? NULL : &kept.stream;
    kept.exchange.match = (struct route_match){0};
}

struct exchange *serve_in_state(struct catalog *catalog, const char *method, const char *uri,
                                const char *const *headers, const char *body, enum body_state state)
{
    char *environment[ENVIRONMENT_MAX] = {kept.method, kept.uri};
    size_t count = 2;

    begin(catalog);
    (void)snprintf(kept.method, sizeof kept.method, "REQUEST_METHOD=%s", method);
    (void)snprintf(kept.uri, sizeof kept.uri, "REQUEST_URI=%s", uri);
    for (size_t i = 0; headers != NULL && headers[i] != NULL && count < ENVIRONMENT_MAX - 1; i++) {
        environment[count++] = arena_string(kept.arena, text_of(headers[i]));
    }
    request_read(&kept.exchange.request, environment, kept.arena);
    kept.exchange.request.body = body != NULL ? text_of(body) : TEXT("");
    kept.exchange.body_state = state;
    kept.exchange.upload = NULL;
    if (exchange_route(&kept.exchange)) {
        upload = (struct upload_of_test){.stream = {.read = upload_read}, .body = body != NULL ? body : ""};
        kept.exchange.upload = fake_upload.absent ? NULL : &upload.stream;
    }
    exchange_serve(&kept.exchange);
    return &kept.exchange;
}

struct exchange *serve(struct catalog *catalog, const char *method, const char *uri, const char *const *headers,
                       const char *body)
{
    return serve_in_state(catalog, method, uri, headers, body, BODY_COMPLETE);
}

void serve_end(void)
{
    if (kept.arena != NULL) {
        arena_free(kept.arena);
        response_free(&kept.exchange.response);
        app_release(&kept.app);
        kept.arena = NULL;
    }
}

struct text header_of(const struct exchange *exchange, const char *name)
{
    struct text rest = strbuf_text(&exchange->response.headers);

    while (rest.data != NULL && rest.length > 0) {
        struct text line = text_split(rest, '\r', &rest);
        struct text value;
        struct text found = text_split(line, ':', &value);

        if (text_equal_ignoring_case(found, text_of(name))) {
            return text_trim_ows(value);
        }
        if (rest.data != NULL && rest.length > 0) {
            rest = (struct text){.data = rest.data + 1, .length = rest.length - 1};
        }
    }
    return TEXT_ABSENT;
}

const char *body_of(struct exchange *exchange)
{
    return arena_string(exchange->scope.arena, response_body(&exchange->response));
}
