/* The pages that explain problems: each type has one, in the form that the client asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"
#include "handler/problem.h"

#include <stdio.h>
#include <string.h>

static struct exchange *get(const char *path, const char *accept)
{
    static struct catalog catalog;
    const char *headers[] = {accept, NULL};

    return serve(&catalog, "GET", path, headers, NULL);
}

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

/* The type of a problem, from an example of it. */
static void type_of(int problem, char type[64])
{
    struct strbuf example;

    strbuf_init(&example, 4096);
    problem_write_example(&example, (enum problem)problem);
    strbuf_append_char(&example, '\0');
    assert_int_equal(sscanf(example.data, "{\"type\":\"%63[^\"]\"", type), 1);
    strbuf_free(&example);
}

static void every_type_leads_to_its_page(void **state)
{
    static const char *const forms[] = {"text/html", "text/plain", "application/json"};
    char type[64];
    char accept[64];

    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        type_of(i, type);
        for (size_t k = 0; k < 3; k++) {
            (void)snprintf(accept, sizeof accept, "HTTP_ACCEPT=%s", forms[k]);
            struct exchange *exchange = get(type, accept);

            assert_int_equal(exchange->response.status, 200);
            assert_true(text_starts_with(header_of(exchange, "Content-Type"), text_of(forms[k])));
            assert_contains(body_of(exchange), type);
        }
        assert_contains(body_of(get("/problems", "HTTP_ACCEPT=text/html")), type);
        assert_contains(body_of(get("/problems", "HTTP_ACCEPT=application/json")), type);
        assert_contains(body_of(get("/problems", "HTTP_ACCEPT=text/plain")), type);
    }
}

static void a_page_tells_what_why_and_how(void **state)
{
    const char *html = body_of(get("/problems/precondition-failed", "HTTP_ACCEPT=text/html,*/*;q=0.8"));

    (void)state;
    assert_contains(html, "<!doctype html>");
    assert_contains(html, "<h2>What it means</h2>");
    assert_contains(html, "<h2>Why it happens</h2>");
    assert_contains(html, "<h2>How to mend it</h2>");
    assert_contains(html, "\"current_version\":4");
    assert_contains(html, "color-scheme:light dark");
    assert_null(strstr(html, "<script"));
}

static void what_no_problem_is_has_no_page(void **state)
{
    (void)state;
    assert_int_equal(get("/problems/nonsense", NULL)->response.status, 404);
    assert_int_equal(get("/problems/", NULL)->response.status, 404);
    assert_int_equal(get("/problems/gone", "HTTP_ACCEPT=image/png")->response.status, 406);
    assert_int_equal(get("/problems/gone?x=1", NULL)->response.status, 400);
    assert_int_equal(get("/problems?x=1", NULL)->response.status, 400);
}

static void without_a_wish_a_page_is_html(void **state)
{
    (void)state;
    assert_true(text_equal(header_of(get("/problems/gone", NULL), "Content-Type"), TEXT("text/html; charset=utf-8")));
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
        cmocka_unit_test(every_type_leads_to_its_page),
        cmocka_unit_test(a_page_tells_what_why_and_how),
        cmocka_unit_test(what_no_problem_is_has_no_page),
        cmocka_unit_test(without_a_wish_a_page_is_html),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
