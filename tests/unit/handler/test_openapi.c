/* The OpenAPI document: it is JSON, its references lead somewhere, and nothing that the routes answer is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/category.h"
#include "fake_catalog.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "json/parse.h"
#include "json/value.h"

#include <stdio.h>
#include <string.h>

#define PATH "/api/v1/openapi.json"

static const struct {
    enum http_method method;
    const char *key;
} methods[] = {
    {METHOD_GET, "get"}, {METHOD_POST, "post"}, {METHOD_PUT, "put"}, {METHOD_PATCH, "patch"}, {METHOD_DELETE, "delete"},
};

#define METHODS (sizeof methods / sizeof methods[0])

/* --- looking into the document --- */

/* The exchange that the document came in. */
static struct exchange *served;

/* Valid until the next one is read. */
static struct json_object *read_document(void)
{
    static struct catalog catalog;
    static struct faults faults;
    struct json_object *document = NULL;

    served = serve(&catalog, "GET", PATH, NULL, NULL);
    assert_int_equal(served->response.status, 200);
    faults_init(&faults, served->scope.arena);
    assert_int_equal(json_parse(response_body(&served->response), &faults, &document), STATUS_OK);
    return document;
}

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (!json_is_object(object) || !json_member(object, name, &value)) {
        fail_msg("there is no member \"%s\"", name);
    }
    return value;
}

static bool has(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    return json_is_object(object) && json_member(object, name, &value);
}

static struct json_object *operation_at(struct json_object *document, const struct route *route, const char *key)
{
    return member(member(member(document, "paths"), route->pattern), key);
}

/* The parameter of an operation with this name and place, or NULL. */
static struct json_object *parameter_of(struct json_object *operation, const char *name, const char *in)
{
    struct json_object *parameters = member(operation, "parameters");

    for (size_t i = 0; i < json_length(parameters); i++) {
        struct json_object *parameter = json_item(parameters, i);

        if (has(parameter, "name") && text_equal(json_string(member(parameter, "name")), text_of(name)) &&
            text_equal(json_string(member(parameter, "in")), text_of(in))) {
            return parameter;
        }
    }
    return NULL;
}

/* --- operations --- */

static void every_operation_says_what_a_client_must_know(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        for (size_t k = 0; k < METHOD_COUNT; k++) {
            const struct operation *operation = routes[i].operations[k];

            if (operation == NULL) {
                continue;
            }
            assert_non_null(operation->handler);
            assert_non_null(operation->id);
            assert_non_null(operation->tag);
            assert_true(strlen(operation->summary) > 8);
            assert_true(operation->answers[0].status >= 200 && operation->answers[0].status < 300);
            for (size_t a = 0; a < ANSWERS_MAX && operation->answers[a].status != 0; a++) {
                assert_non_null(operation->answers[a].prose);
            }
        }
    }
}

static void operations_have_ids_of_their_own(void **state)
{
    const char *seen[256];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        for (size_t k = 0; k < METHOD_COUNT; k++) {
            if (routes[i].operations[k] != NULL) {
                for (size_t s = 0; s < count; s++) {
                    assert_string_not_equal(seen[s], routes[i].operations[k]->id);
                }
                seen[count++] = routes[i].operations[k]->id;
            }
        }
    }
    assert_true(count > 10);
}

static void every_route_and_method_is_in_the_document(void **state)
{
    struct json_object *document = read_document();

    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        size_t found = 0;

        for (size_t k = 0; k < METHODS; k++) {
            const struct operation *operation = routes[i].operations[methods[k].method];

            if (operation == NULL) {
                assert_false(has(member(member(document, "paths"), routes[i].pattern), methods[k].key));
                continue;
            }
            found++;
            assert_true(
                text_equal(json_string(member(operation_at(document, &routes[i], methods[k].key), "operationId")),
                           text_of(operation->id)));
        }
        for (size_t k = 0; k < METHOD_COUNT; k++) {
            found -= routes[i].operations[k] != NULL;
        }
        assert_int_equal(found, 0); /* no method that the document does not know */
    }
}

static void every_part_of_a_path_is_a_parameter(void **state)
{
    struct json_object *document = read_document();

    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        for (size_t k = 0; k < METHODS; k++) {
            const char *at = routes[i].pattern;

            while (routes[i].operations[methods[k].method] != NULL && (at = strchr(at, '{')) != NULL) {
                char name[64];

                assert_int_equal(sscanf(at, "{%63[^}]}", name), 1);
                assert_non_null(parameter_of(operation_at(document, &routes[i], methods[k].key), name, "path"));
                at++;
            }
        }
    }
}

static void every_parameter_and_type_is_in_the_document(void **state)
{
    struct json_object *document = read_document();

    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        for (size_t k = 0; k < METHODS; k++) {
            const struct operation *operation = routes[i].operations[methods[k].method];

            if (operation == NULL) {
                continue;
            }
            struct json_object *written = operation_at(document, &routes[i], methods[k].key);
            for (size_t p = 0; operation->parameters != NULL && operation->parameters[p] != NULL; p++) {
                struct json_object *parameter = parameter_of(written, operation->parameters[p]->name, "query");

                assert_non_null(parameter);
                assert_true(has(member(parameter, "schema"), "type"));
                assert_true(p < PARAMETERS_MAX);
            }
            for (size_t m = 0; m < MEDIA_MAX && operation->consumes[m].type != NULL; m++) {
                assert_true(has(member(member(written, "requestBody"), "content"), operation->consumes[m].type));
            }
        }
    }
}

/* --- the document --- */

static void every_reference_leads_somewhere(void **state)
{
    static const char begin[] = "\"$ref\":\"#/components/";
    struct json_object *document = read_document();
    const char *at = body_of(served);
    size_t count = 0;

    (void)state;
    for (at = strstr(at, begin); at != NULL; at = strstr(at + 1, begin)) {
        char kind[64];
        char name[64];

        assert_int_equal(sscanf(at + sizeof begin - 1, "%63[^/]/%63[^\"]", kind, name), 2);
        (void)member(member(member(document, "components"), kind), name);
        count++;
    }
    assert_true(count > 100);
}

static void assert_fields(struct json_object *document, const char *name, const struct schema *schema, unsigned without)
{
    struct json_object *properties =
        member(member(member(member(document, "components"), "schemas"), name), "properties");

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        assert_int_equal(has(properties, field->name), (field->flags & without) == 0);
        if ((field->flags & without) == 0) {
            (void)member(member(properties, field->name), "examples");
        }
    }
}

static void schemas_have_the_fields_of_the_tables(void **state)
{
    struct json_object *document = read_document();

    (void)state;
    assert_fields(document, "Product", &product_schema, 0);
    assert_fields(document, "ProductInput", &product_schema, FIELD_SERVER);
    assert_fields(document, "ProductPatch", &product_schema, 0);
    assert_fields(document, "Category", &category_schema, 0);
    assert_fields(document, "CategoryInput", &category_schema, FIELD_SERVER);
}

static void every_problem_is_in_a_response_of_its_status(void **state)
{
    struct json_object *document = read_document();
    char body[64];

    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        struct strbuf example;
        int status = 0;

        strbuf_init(&example, 4096);
        problem_write_example(&example, (enum problem)i);
        strbuf_append_char(&example, '\0');
        assert_int_equal(sscanf(strstr(example.data, "\"status\":"), "\"status\":%d", &status), 1);
        (void)snprintf(body, sizeof body, "Problem%d", status);
        (void)member(member(member(document, "components"), "responses"), body);
        strbuf_free(&example);
    }
}

static void the_document_is_answered_from_memory_with_a_tag(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", PATH, NULL, NULL);
    char header[128];
    const char *headers[] = {header, NULL};
    const struct text etag = header_of(exchange, "ETag");

    (void)state;
    assert_true(etag.length > 2 && etag.data[0] == '"');
    assert_true(text_equal(header_of(exchange, "Content-Type"), TEXT("application/json")));
    (void)snprintf(header, sizeof header, "HTTP_IF_NONE_MATCH=%.*s", TEXT_PRINT(etag));
    exchange = serve(&catalog, "GET", PATH, headers, NULL);
    assert_int_equal(exchange->response.status, 304);
    assert_int_equal(response_body(&exchange->response).length, 0);
    headers[0] = "HTTP_ACCEPT=application/vnd.oai.openapi+json";
    exchange = serve(&catalog, "GET", PATH, headers, NULL);
    assert_true(text_equal(header_of(exchange, "Content-Type"), TEXT("application/vnd.oai.openapi+json")));
    exchange = serve(&catalog, "HEAD", PATH, NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_true(exchange->response.head);
    assert_int_equal(serve(&catalog, "GET", PATH "?x=1", NULL, NULL)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static int finish(void **state)
{
    (void)state;
    serve_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_says_what_a_client_must_know),
        cmocka_unit_test(operations_have_ids_of_their_own),
        cmocka_unit_test(every_route_and_method_is_in_the_document),
        cmocka_unit_test(every_part_of_a_path_is_a_parameter),
        cmocka_unit_test(every_parameter_and_type_is_in_the_document),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(schemas_have_the_fields_of_the_tables),
        cmocka_unit_test(every_problem_is_in_a_response_of_its_status),
        cmocka_unit_test(the_document_is_answered_from_memory_with_a_tag),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
