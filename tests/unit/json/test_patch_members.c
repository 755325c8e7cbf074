/* Tests of json_strip_merge_patch and json_check_patch: what the server makes is not to be patched. */
#include "patch_fixture.h"

#include "../base/check.h"

#include "domain/product.h"

typedef void check_function(const struct schema *schema, struct json_object *patch, const char *pointer,
                            struct faults *faults);

static void refuse(struct fixture *fixture, check_function *check, const char *patch, const char *first,
                   const char *second)
{
    const char *const wanted[] = {first, second};
    faults_init(&fixture->faults, fixture->arena);
    check(&product_schema, parse(fixture, text_of(patch)), "/p", &fixture->faults);
    for (size_t i = 0; i < COUNT_OF(wanted) && wanted[i] != NULL; i++) {
        assert_row(fixture->faults.count > i, patch);
        assert_string_equal(fixture->faults.item[i].where, wanted[i]);
        assert_string_equal(fixture->faults.item[i].code, "read_only");
    }
    assert_int_equal(fixture->faults.count, first == NULL ? 0 : second == NULL ? 1 : 2);
}

static void what_the_server_makes_is_refused(void **state)
{
    static const struct {
        check_function *check;
        const char *patch;
        const char *first;
        const char *second;
    } rows[] = {
        {json_strip_merge_patch, "{\"id\":\"0193\",\"name\":\"x\",\"updated_at\":null}", "/p/id", "/p/updated_at"},
        {json_strip_merge_patch, "{\"name\":\"x\",\"attributes\":{\"version\":3}}", NULL, NULL},
        {json_strip_merge_patch, "[\"id\"]", NULL, NULL},
        {json_strip_merge_patch, "null", NULL, NULL},
        {json_check_patch, "[{\"op\":\"replace\",\"path\":\"/version\",\"value\":3}]", "/p/0/path", NULL},
        {json_check_patch, "[{\"op\":\"test\",\"path\":\"/id\",\"value\":3},{\"op\":\"remove\",\"path\":\"/id\"}]",
         "/p/1/path", NULL},
        {json_check_patch, "[{\"op\":\"add\",\"path\":\"/created_at/0\",\"value\":3}]", "/p/0/path", NULL},
        {json_check_patch, "[{\"op\":\"move\",\"from\":\"/id\",\"path\":\"/version\"}]", "/p/0/path", "/p/0/from"},
        {json_check_patch, "[{\"op\":\"copy\",\"from\":\"/id\",\"path\":\"/name\"}]", NULL, NULL},
        {json_check_patch, "[{\"op\":\"test\",\"path\":\"/version\",\"value\":3}]", NULL, NULL},
        {json_check_patch, "[{\"op\":\"add\",\"path\":\"/attributes/id\",\"value\":3}]", NULL, NULL},
        {json_check_patch, "[{\"op\":\"add\",\"path\":\"\",\"value\":{}}]", NULL, NULL},
        {json_check_patch, "[1,{},{\"op\":3,\"path\":4},{\"path\":\"id\"},{\"path\":\"/\"}]", NULL, NULL},
        {json_check_patch, "{\"op\":\"remove\",\"path\":\"/id\"}", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        refuse(*state, rows[i].check, rows[i].patch, rows[i].first, rows[i].second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_server_makes_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
