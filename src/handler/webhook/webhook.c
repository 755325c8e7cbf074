/* One webhook: read, made, changed, deleted; and the list of all. */
#include "../input.h"
#include "../patch.h"
#include "../reply.h"
#include "../write.h"
#include "catalog/webhook_change.h"
#include "domain/webhook_target.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "handler/webhook_json.h"

static const struct write_kind kind = {"webhook", "/api/v1/webhooks"};

void webhook_get(struct exchange *exchange)
{
    struct text id;
    struct record webhook;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_webhook_get(exchange->app->catalog, &exchange->scope, id, &webhook);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, kind.name, NULL);
        return;
    }
    if (reply_version(exchange, kind.name, record_version(&webhook, WEBHOOK_VERSION))) {
        webhook_write(&exchange->response.body, &webhook, TEXT_ABSENT);
    }
}

void webhook_list(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.body;
    struct record *webhooks = NULL;
    size_t count = 0;
    enum status status;

    if (!input_without_parameters(exchange)) {
        return;
    }
    status = catalog_webhook_list(exchange->app->catalog, &exchange->scope, &webhooks, &count);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_json(exchange, 200);
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        strbuf_append_text(out, i > 0 ? TEXT(",") : TEXT(""));
        webhook_write(out, &webhooks[i], TEXT_ABSENT);
    }
    strbuf_append_char(out, ']');
}

void webhook_create(struct exchange *exchange)
{
    struct record input = {0};
    struct write_request request;
    struct change_result result = {0};

    if (!write_begin(exchange, &request) ||
        !input_record(exchange, &webhook_schema, TEXT_ABSENT, &input, &request.faults)) {
        return;
    }
    if (input.value[WEBHOOK_URL].data != NULL) {
        (void)webhook_check_url(input.value[WEBHOOK_URL], &exchange->app->config->webhook_allow, "/url",
                                &request.faults);
    }
    write_answer(exchange, &kind,
                 catalog_webhook_create(exchange->app->catalog, &exchange->scope, &request.options, &input,
                                        &request.faults, &result),
                 &request, &result);
}

void webhook_patch(struct exchange *exchange)
{
    struct patch patch;
    struct write_request request;
    struct change_result result = {0};
    struct text id;

    if (!patch_begin(exchange, &request, &id, &patch)) {
        return;
    }
    write_answer(exchange, &kind,
                 catalog_webhook_edit(exchange->app->catalog, &exchange->scope, &request.options, id, patch_webhook,
                                      &patch, &request.faults, &result),
                 &request, &result);
}

void webhook_delete(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || write_refused(exchange, &request)) {
        return;
    }
    status = catalog_webhook_delete(exchange->app->catalog, &exchange->scope, &request.options, id, &request.faults,
                                    &result);
    write_answer_deleted(exchange, &kind, status, &request, &result);
}

void webhook_rotate(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || !input_without_body(exchange) ||
        write_refused(exchange, &request)) {
        return;
    }
    write_answer(exchange, &kind,
                 catalog_webhook_rotate(exchange->app->catalog, &exchange->scope, &request.options, id,
                                        exchange->app->config->webhook_rotation_s, &request.faults, &result),
                 &request, &result);
}
