/* The tree of categories as JSON: nested, whole, and never deeper than it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/tree.h"

#include "json/parse.h"

#include <stdio.h>
#include <string.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct record category(const char *id, const char *parent, const char *name)
{
    return (struct record){.value = {[CATEGORY_ID] = text_of(id),
                                     [CATEGORY_PARENT_ID] = text_of(parent),
                                     [CATEGORY_NAME] = text_of(name),
                                     [CATEGORY_SLUG] = TEXT("s"),
                                     [CATEGORY_POSITION] = TEXT("0"),
                                     [CATEGORY_VERSION] = TEXT("1"),
                                     [CATEGORY_CREATED_AT] = TEXT("c"),
                                     [CATEGORY_UPDATED_AT] = TEXT("u")}};
}

/* The JSON, in the arena. */
static const char *written(const struct record *categories, size_t count, size_t bound)
{
    const struct category_tree tree = category_tree_make(arena, categories, count, TEXT_ABSENT);
    struct faults *faults = arena_alloc(arena, sizeof *faults);
    struct strbuf out;
    const char *json;

    strbuf_init(&out, bound);
    json_write_category_tree(&out, &tree);
    json = out.overflowed ? NULL : arena_string(arena, strbuf_text(&out));
    faults_init(faults, arena);
    /* The deepest tree is one level deeper than json_check takes. */
    if (!out.overflowed && count < CATEGORY_DEPTH_MAX) {
        assert_int_equal(json_check(strbuf_text(&out), faults), STATUS_OK);
    }
    strbuf_free(&out);
    return json;
}

#define NODE(id, parent, name, children)                                                                               \
    "{\"id\":\"" id "\",\"parent_id\":" parent ",\"name\":\"" name "\",\"slug\":\"s\",\"position\":0,\"version\":1,"   \
    "\"created_at\":\"c\",\"updated_at\":\"u\",\"children\":[" children "]}"

static void each_category_holds_those_below_it(void **state)
{
    const struct record categories[] = {category("a", NULL, "A \"x\""), category("b", "a", "B"),
                                        category("c", "b", "C"), category("d", "a", "D"), category("e", NULL, "E")};

    (void)state;
    assert_string_equal(
        written(categories, 5, 4096),
        "[" NODE("a", "null", "A \\\"x\\\"",
                 NODE("b", "\"a\"", "B", NODE("c", "\"b\"", "C", "")) "," NODE("d", "\"a\"", "D", "")) //
        "," NODE("e", "null", "E", "") "]");
    assert_string_equal(written(categories, 1, 4096), "[" NODE("a", "null", "A \\\"x\\\"", "") "]");
    assert_string_equal(written(categories, 0, 4096), "[]");
}

static void the_writer_goes_no_deeper_than_a_tree_may_be(void **state)
{
    struct record categories[CATEGORY_DEPTH_MAX + 3];
    static char ids[CATEGORY_DEPTH_MAX + 3][3];
    const size_t count = sizeof categories / sizeof categories[0];
    const char *json;
    size_t levels = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        categories[i] = category(ids[i], i > 0 ? ids[i - 1] : NULL, "x");
    }
    json = written(categories, count, 8192);
    for (const char *at = json; (at = strstr(at, "\"id\"")) != NULL; at++) {
        levels++;
    }
    assert_int_equal(levels, CATEGORY_DEPTH_MAX);
}

static void a_buffer_that_is_full_is_told(void **state)
{
    const struct record categories[] = {category("a", NULL, "A"), category("b", "a", "B"), category("c", NULL, "C")};
    const size_t whole = strlen(written(categories, 3, 4096));

    (void)state;
    assert_non_null(written(categories, 3, whole + 1));
    for (size_t bound = 0; bound < whole; bound++) {
        assert_null(written(categories, 3, bound));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_category_holds_those_below_it),
        cmocka_unit_test(the_writer_goes_no_deeper_than_a_tree_may_be),
        cmocka_unit_test(a_buffer_that_is_full_is_told),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
