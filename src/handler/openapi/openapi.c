/* The OpenAPI document: written once in a worker's life, when it is first asked for, and answered from memory. */
#include "openapi.h"

#include "../input.h"
#include "../reply.h"
#include "base/hash.h"
#include "base/memory.h"
#include "handler/app.h"
#include "handler/routes.h"
#include "http/etag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DOCUMENT_MAX ((size_t)1024 * 1024)

struct openapi {
    struct strbuf json;
    char etag[ETAG_TEXT_SIZE];
};

static void write_info(struct document *document)
{
    document_object(document, "info");
    document_text(document, "title", "wares");
    document_text(document, "version", WARES_VERSION);
    document_text(document, "summary", "A product catalogue.");
    document_format(
        document, "description",
        "Products and categories over HTTP. Bodies are JSON in UTF-8, of at most %" PRId64
        " bytes and 16 levels; a price keeps the digits that it was given. HEAD answers as GET, without the "
        "body; OPTIONS tells the methods of a path. Errors are problems (RFC 9457), and all faults of a "
        "request come at once.",
        document->config->body_max);
    document_end_object(document);
}

static void write_opening(struct document *document)
{
    static const char *const tags[] = {"Products", "Categories", "Changes", "Webhooks", "Imports", "Jobs", "Service"};

    document_text(document, "openapi", "3.1.0");
    write_info(document);
    document_array(document, "servers");
    document_object(document, NULL);
    document_text(document, "url", "/");
    document_end_object(document);
    document_end_array(document);
    document_array(document, "tags");
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        document_object(document, NULL);
        document_text(document, "name", tags[i]);
        document_end_object(document);
    }
    document_end_array(document);
    document_object(document, "externalDocs");
    document_text(document, "description", "What each problem means and how to mend it");
    document_text(document, "url", "/problems");
    document_end_object(document);
}

void openapi_write(struct strbuf *out, const struct config *config)
{
    struct document document = {.out = out, .first = true, .config = config};

    document_object(&document, NULL);
    write_opening(&document);
    document_paths(&document);
    document_object(&document, "components");
    document_schemas(&document);
    document_shared(&document);
    document_end_object(&document);
    document_end_object(&document);
}

static const struct openapi *openapi_of(struct app *app)
{
    if (app->openapi == NULL) {
        struct openapi *made = memory_new(1, sizeof *made);

        strbuf_init(&made->json, DOCUMENT_MAX);
        openapi_write(&made->json, app->config);
        (void)snprintf(made->etag, sizeof made->etag, "\"%016" PRIx64 "\"",
                       hash_add(HASH_START, strbuf_text(&made->json)));
        app->openapi = made;
    }
    return app->openapi;
}

void app_release(struct app *app)
{
    if (app->openapi != NULL) {
        strbuf_free(&app->openapi->json);
        free(app->openapi);
        app->openapi = NULL;
    }
}

void openapi_get(struct exchange *exchange)
{
    const struct openapi *openapi;

    if (!input_without_parameters(exchange)) {
        return;
    }
    openapi = openapi_of(exchange->app);
    if (reply_tag_settled(exchange, openapi->etag)) {
        return;
    }
    exchange->response.status = 200;
    reply_tag(exchange, openapi->etag);
    response_header(&exchange->response, "Content-Type", text_of(exchange->media));
    reply_caching(exchange);
    exchange->response.lent_body = strbuf_text(&openapi->json);
}
