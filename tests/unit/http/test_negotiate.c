/* Accept and Content-Type, with the examples of RFC 9110. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/negotiate.h"

struct media_case {
    const char *header;
    bool expected;
};

static void test_choice(void **state)
{
    static const char *const types[] = {"text/html", "application/json", "text/plain"};
    static const struct {
        const char *header;
        const char *chosen;
    } cases[] = {
        {NULL, "text/html"},
        {"", "text/html"},
        {"*/*", "text/html"},
        {"text/*", "text/html"},
        {"text/plain", "text/plain"},
        {"application/*", "application/json"},
        {"text/*;q=0.5, application/json", "application/json"},
        {"application/json;q=0.5, */*;q=0.4", "application/json"},
        {"text/html;q=0, */*", "application/json"},
        {"text/html;q=0, application/json;q=0.1, text/*;q=0.2", "text/plain"},
        {"image/png", NULL},
        {"text/html;q=0, text/plain;q=0, application/json;q=0", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *chosen = accept_choose(text_of(cases[i].header), types, 3);

        if (chosen == NULL || cases[i].chosen == NULL) {
            assert_true(chosen == cases[i].chosen);
        } else {
            assert_string_equal(chosen, cases[i].chosen);
        }
    }
    assert_null(accept_choose(TEXT("*/*"), types, 0));
}

static void test_accept(void **state)
{
    (void)state;
    static const struct media_case cases[] = {
        /* nothing asked for */
        {NULL, true},
        {"", true},
        {"  ", true},
        {",, ,", true},
        /* ranges */
        {"application/json", true},
        {"Application/JSON", true},
        {"application/*", true},
        {"*/*", true},
        {"text/html", false},
        {"text/*", false},
        {"application/xml", false},
        {"application/json-patch+json", false},
        {"applicatio/json", false},
        {"text/html, application/json", true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9", false},
        {" ,\ttext/html ,\tapplication/json\t, ", true},
        /* weights */
        {"application/json;q=0", false},
        {"application/json;q=0.0", false},
        {"application/json;q=0.000", false},
        {"application/json;q=0.", false},
        {"application/json;q=0.001", true},
        {"application/json;q=1", true},
        {"application/json;q=1.000", true},
        {"application/json ; Q=0", false},
        {"application/json;q=0, */*", false},
        {"*/*, application/json;q=0", false},
        {"*/*;q=0, application/json", true},
        {"application/*;q=0, */*", false},
        {"application/*;q=0, application/json;q=0.1", true},
        {"*/*;q=0", false},
        {"text/html, */*;q=0", false},
        {"application/json;q=0, application/json;q=0.5", true},
        {"application/json;q=0.5, application/json;q=0", true},
        {"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5", true},
        /* parameters */
        {"application/json;charset=utf-8", true},
        {"application/json; charset=utf-8; q=0", false},
        {"application/json;a=\"x,y;q=0\"", true},
        {"application/json;a=\"x\\\",y\";q=0", false},
        {"application/json;q=0.5;ext=1", true},
        {"application/json;", true},
        {"application/json;;q=0", false},
        {"text/html;a=\"application/json, */*\"", false},
        /* what cannot be parsed is passed over */
        {"application", true},
        {"json", true},
        {"*", true},
        {"*/json", true},
        {"/", true},
        {"application/", true},
        {"application/json x", true},
        {"text/html, application", false},
        {"text/html, application/json;q=2", false},
        {"text/html, application/json;q=1.001", false},
        {"text/html, application/json;q=1.5", false},
        {"text/html, application/json;q=0.1234", false},
        {"text/html, application/json;q=.5", false},
        {"text/html, application/json;q=-1", false},
        {"text/html, application/json;q=0,5", false},
        {"text/html, application/json;q=", false},
        {"text/html, application/json;q", false},
        {"text/html, application/json;q=x", false},
        {"text/html, application/json;a=\"open", false},
        {"\"application/json\", text/html", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool takes = accept_takes(text_of(cases[i].header), "application/json");
        if (takes != cases[i].expected) {
            fail_msg("%s: %d", cases[i].header, takes);
        }
    }
}

/* RFC 9110, section 12.5.1: the weights of this header's examples, as far as they are 0 or not. */
static void test_accept_specificity(void **state)
{
    (void)state;
    struct text accept = TEXT("text/*;q=0, text/plain;q=0.7, */*;q=0.5, image/jpeg;q=0");
    assert_true(accept_takes(accept, "text/plain"));
    assert_false(accept_takes(accept, "text/html"));
    assert_false(accept_takes(accept, "image/jpeg"));
    assert_true(accept_takes(accept, "image/png"));
    assert_true(accept_takes(accept, "application/problem+json"));
}

static void test_accept_weight(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int csv;
        int json;
    } cases[] = {
        {NULL, 1000, 1000},
        {"", 1000, 1000},
        {"text/csv", 1000, 0},
        {"text/csv;q=0.5, */*;q=0.125", 500, 125},
        {"text/*;q=0.3, text/csv;q=0", 0, 0},
        {"application/json;q=0.999, */*;q=1", 1000, 999},
        {"image/png", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(accept_weight(text_of(cases[i].header), "text/csv"), cases[i].csv);
        assert_int_equal(accept_weight(text_of(cases[i].header), "application/json"), cases[i].json);
    }
}

static void test_content_type(void **state)
{
    (void)state;
    static const struct media_case cases[] = {
        {NULL, false},
        {"", false},
        {"application/json", true},
        {"APPLICATION/Json", true},
        {" application/json\t", true},
        {"application/json;charset=utf-8", true},
        {"application/json; charset=UTF-8", true},
        {"application/json ; charset=\"Utf-8\"", true},
        {"application/json;CHARSET=utf-8", true},
        {"application/json;", true},
        {"application/json; ;charset=utf-8", true},
        {"application/json;v=1;charset=utf-8;w=\"a;charset=x\"", true},
        {"application/json;charset=iso-8859-1", false},
        {"application/json;charset=utf-16", false},
        {"application/json;charset=utf8", false},
        {"application/json;charset=\"\"", false},
        {"application/json;charset=utf-8;charset=latin1", false},
        {"application/json;charset", false},
        {"application/json;charset=", false},
        {"application/json;charset =utf-8", false},
        {"application/json;charset= utf-8", false},
        {"application/json;charset=\"utf-8", false},
        {"application/json charset=utf-8", false},
        {"application/json, text/html", false},
        {"application/json/x", false},
        {"application/jsonx", false},
        {"application /json", false},
        {"application/ json", false},
        {"application", false},
        {"text/json", false},
        {"application/*", false},
        {"*/*", false},
        {"application/merge-patch+json", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool is = content_type_is(text_of(cases[i].header), "application/json");
        if (is != cases[i].expected) {
            fail_msg("%s: %d", cases[i].header, is);
        }
    }
    assert_true(content_type_is(TEXT("application/merge-patch+json; charset=utf-8"), "application/merge-patch+json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_accept_specificity),
        cmocka_unit_test(test_accept_weight),
        cmocka_unit_test(test_content_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
