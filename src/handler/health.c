/* Health for orchestrators: /livez asks nothing of anybody, /readyz asks the database. */
#include "catalog/catalog.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "json/writer.h"

static void answer_health(struct exchange *exchange, const char *const members[][2], size_t count)
{
    struct strbuf *out = &exchange->response.body;
    bool first = true;

    exchange->response.status = 200;
    response_header(&exchange->response, "Content-Type", TEXT("application/json"));
    response_header(&exchange->response, "Cache-Control", TEXT("no-store"));
    strbuf_append_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        json_write_member(out, &first, members[i][0], text_of(members[i][1]));
    }
    strbuf_append_char(out, '}');
}

void health_live(struct exchange *exchange)
{
    static const char *const members[][2] = {{"status", "live"}};

    answer_health(exchange, members, 1);
}

void health_ready(struct exchange *exchange)
{
    bool cache_answers = false;
    enum status status = catalog_ready(exchange->app->catalog, &exchange->scope, &cache_answers);
    const char *const members[][2] = {
        {"status", "ready"},
        {"postgres", "ok"},
        {"redis", cache_answers ? "ok" : "away"},
    };

    if (status != STATUS_OK) {
        problem_answer_status(exchange, STATUS_UNAVAILABLE, "service", NULL);
        return;
    }
    answer_health(exchange, members, sizeof members / sizeof members[0]);
}
