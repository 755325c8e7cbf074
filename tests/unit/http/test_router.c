/* Routes: patterns against raw paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/router.h"

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* The router does not look into it. */
struct operation {
    char any;
};

static const struct operation operation = {0};

static const struct route routes[] = {
    {.pattern = "/", .operations = {[METHOD_GET] = &operation}},
    {.pattern = "/livez", .operations = {[METHOD_GET] = &operation}},
    {.pattern = "/api/v1/products", .operations = {[METHOD_GET] = &operation, [METHOD_POST] = &operation}},
    {.pattern = "/api/v1/products/batch", .operations = {[METHOD_POST] = &operation}},
    {.pattern = "/api/v1/products/by-sku/{sku}", .operations = {[METHOD_PUT] = &operation}},
    {.pattern = "/api/v1/products/{id}",
     .operations = {[METHOD_GET] = &operation,
                    [METHOD_PUT] = &operation,
                    [METHOD_PATCH] = &operation,
                    [METHOD_DELETE] = &operation}},
    {.pattern = "/four/{a}/{b}/{c}/{d}", .operations = {[METHOD_HEAD] = &operation}},
    {.pattern = "/five/{a}/{b}/{c}/{d}/{e}", .operations = {[METHOD_GET] = &operation}},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

static void test_matches(void **state)
{
    static const struct {
        const char *path;
        int route; /* -1: none */
        const char *parameters[ROUTE_PARAMETERS_MAX];
    } cases[] = {
        {"/", 0, {NULL}},
        {"/livez", 1, {NULL}},
        {"/api/v1/products", 2, {NULL}},
        {"/api/v1/products/batch", 3, {NULL}},
        {"/api/v1/products/by-sku/TEA-100", 4, {"TEA-100"}},
        {"/api/v1/products/by-sku", 5, {"by-sku"}},
        {"/api/v1/products/x", 5, {"x"}},
        {"/api/v1/products/a%2Fb%20c", 5, {"a/b c"}},
        {"/api/v1/products/a+b", 5, {"a+b"}},
        {"/api/v1/products/%62atch", 5, {"batch"}},
        {"/api/v1/products/%C3%A9", 5, {"\xc3\xa9"}},
        {"/api/v1/products/..", 5, {".."}},
        {"/four/1/2/3/4", 6, {"1", "2", "3", "4"}},
        /* another path */
        {NULL, -1, {NULL}},
        {"", -1, {NULL}},
        {"*", -1, {NULL}},
        {"livez", -1, {NULL}},
        {"/livez/", -1, {NULL}},
        {"//livez", -1, {NULL}},
        {"/Livez", -1, {NULL}},
        {"/live", -1, {NULL}},
        {"/livezz", -1, {NULL}},
        {"/%6civez", -1, {NULL}},
        {"/api/v1", -1, {NULL}},
        {"/api/v1/products/", -1, {NULL}},
        {"/api/v1//products", -1, {NULL}},
        {"/api/v1/products/x/", -1, {NULL}},
        {"/api/v1/products/x/y", -1, {NULL}},
        {"/api/v1/products/by-sku/", -1, {NULL}},
        {"/four/1/2/3", -1, {NULL}},
        {"/four/1/2/3/4/5", -1, {NULL}},
        {"/four/1//3/4", -1, {NULL}},
        /* parameters that do not decode */
        {"/api/v1/products/%", -1, {NULL}},
        {"/api/v1/products/%zz", -1, {NULL}},
        {"/api/v1/products/%00", -1, {NULL}},
        {"/api/v1/products/%FF", -1, {NULL}},
        /* more parameters than there is room for */
        {"/five/1/2/3/4/5", -1, {NULL}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct route_match match = router_match(routes, ROUTE_COUNT, text_of(cases[i].path), *state);
        const struct route *expected = cases[i].route < 0 ? NULL : &routes[cases[i].route];
        if (match.route != expected) {
            fail_msg("%s: %s", cases[i].path, match.route != NULL ? match.route->pattern : "none");
        }
        size_t count = 0;
        while (count < ROUTE_PARAMETERS_MAX && cases[i].parameters[count] != NULL) {
            assert_true(text_equal(match.parameters[count], text_of(cases[i].parameters[count])));
            count++;
        }
        assert_int_equal(match.count, count);
    }
}

static void test_no_routes(void **state)
{
    assert_null(router_match(routes, 0, TEXT("/"), *state).route);
}

static void test_allow(void **state)
{
    static const struct {
        size_t route;
        const char *allow;
    } cases[] = {
        {0, "GET, HEAD, OPTIONS"}, {2, "GET, HEAD, POST, OPTIONS"},
        {3, "POST, OPTIONS"},      {5, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
        {6, "HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(router_allow(&routes[cases[i].route], *state).data, cases[i].allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_matches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_routes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_allow, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
