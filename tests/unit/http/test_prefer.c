/* Preferences as clients write them. */
#include "../base/check.h"

#include "http/prefer.h"

static void a_preference_has_its_value(void **state)
{
    static const struct {
        const char *header;
        const char *value; /* of "return" */
    } rows[] = {
        {NULL, NULL},
        {"", NULL},
        {",", NULL},
        {"return", ""},
        {"return=", ""},
        {"return=minimal", "minimal"},
        {"Return=Minimal", "Minimal"},
        {"return=\"minimal\"", "minimal"},
        {"return=\"\"", ""},
        {"  return = minimal  ", "minimal"},
        {"return=minimal; foo=\"a,b\"", "minimal"},
        {"return=minimal;foo", "minimal"},
        {"return; foo=minimal", ""},
        {"respond-async, wait=10, return=minimal", "minimal"},
        {"respond-async,,return=minimal", "minimal"},
        {"a=\"x, return=representation\", return=minimal", "minimal"},
        {"a=\"x\\\", return=representation\", return=minimal", "minimal"},
        {"a;return=minimal", NULL},
        {"returns=minimal", NULL},
        {"xreturn=minimal", NULL},
        {"return-minimal", NULL},
        {"=minimal", NULL},
        {"\"return\"=minimal", NULL},
        {"?, return=minimal", "minimal"},
        {"a=\"unended, return=minimal", "minimal"},
        /* of one that comes twice the first counts */
        {"return=minimal, return=representation", "minimal"},
        {"return=representation, return=minimal", "representation"},
        {"return, return=minimal", ""},
        {"return=min\xc3\xa9", "min"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(text_equal(prefer_get(text_of(rows[i].header), "return"), text_of(rows[i].value)),
                   rows[i].header != NULL ? rows[i].header : "absent");
    }
}

static void a_value_ends_with_its_slice(void **state)
{
    const struct text cut = {.data = "return=minimal", .length = 10};
    (void)state;
    assert_text(prefer_get(cut, "return"), "min");
    assert_text(prefer_get(TEXT("merge=disjoint, return=minimal"), "merge"), "disjoint");
    assert_text(prefer_get(TEXT("merge=disjoint, return=minimal"), "count"), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preference_has_its_value),
        cmocka_unit_test(a_value_ends_with_its_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
