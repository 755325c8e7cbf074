/* Tests of store/idempotency_store.h: what is kept under a key, for whom, and how long. */
#include "store/idempotency_store.h"

#include "product_fixture.h"

static enum status find(struct database *database, const char *key, const char *request, struct kept_answer *answer)
{
    const struct idempotency idempotency = {.key = text_of(key), .request = text_of(request)};
    *answer = (struct kept_answer){0};
    return idempotency_store_find(database->pg, &database->scope, &idempotency, answer);
}

static void keep(struct database *database, const char *key, const char *request)
{
    const struct record product = make_product(database, 1, TEA);
    const struct product_write write = {.record = &product,
                                        .json = TEXT("{\"kept\":true}"),
                                        .type = "product.created",
                                        .idempotency = {.key = text_of(key), .request = text_of(request)}};
    assert_int_equal(product_write_insert(database->pg, &database->scope, &write), STATUS_OK);
}

static void the_same_request_finds_its_answer(void **state)
{
    struct database *database = *state;
    struct kept_answer answer;

    assert_int_equal(find(database, "key", "a", &answer), STATUS_NOT_FOUND);
    keep(database, "key", "a");
    assert_int_equal(find(database, "key", "a", &answer), STATUS_OK);
    assert_text(answer.id, "01910000-0000-7000-8000-000000000001");
    assert_int_equal(answer.version, 1);
    assert_text(answer.body, "{\"kept\":true}");
    assert_text(answer.changed, NULL);
    assert_false(answer.unchanged);
    assert_int_equal(find(database, "other", "a", &answer), STATUS_NOT_FOUND);
    assert_int_equal(find(database, "KEY", "a", &answer), STATUS_NOT_FOUND);
}

static void another_request_is_refused(void **state)
{
    struct database *database = *state;
    struct kept_answer answer;

    keep(database, "key", "a\n\xc3\xa9");
    assert_int_equal(find(database, "key", "a\n\xc3\xa9", &answer), STATUS_OK);
    assert_int_equal(find(database, "key", "a\ne\xcc\x81", &answer), STATUS_KEY_REUSED);
    assert_int_equal(find(database, "key", "a\n\xc3\xa9 ", &answer), STATUS_KEY_REUSED);
    assert_int_equal(find(database, "key", "", &answer), STATUS_KEY_REUSED);
    assert_text(answer.body, NULL);
}

static void an_answer_expires_after_a_day(void **state)
{
    struct database *database = *state;
    struct kept_answer answer;

    keep(database, "key", "a");
    run_sql(database, "UPDATE idempotency SET created_at = now() - interval '23:59:50'");
    assert_int_equal(find(database, "key", "a", &answer), STATUS_OK);
    assert_int_equal(find(database, "key", "b", &answer), STATUS_KEY_REUSED);
    run_sql(database, "UPDATE idempotency SET created_at = now() - interval '24:00:01'");
    assert_int_equal(find(database, "key", "b", &answer), STATUS_NOT_FOUND);
    assert_string_equal(ask(database, "SELECT count(*) FROM idempotency"), "0");
}

static void an_answer_may_be_of_many_things_or_of_none(void **state)
{
    struct database *database = *state;
    struct kept_answer answer;

    run_sql(database, "INSERT INTO idempotency (key, request, changed, body, unchanged) VALUES ('key', sha256('a'), "
                      "ARRAY['" TEA "', '" COFFEE "']::uuid[], '[]', true)");
    assert_int_equal(find(database, "key", "a", &answer), STATUS_OK);
    assert_text(answer.id, NULL);
    assert_int_equal(answer.version, 0);
    assert_text(answer.changed, TEA "," COFFEE);
    assert_true(answer.unchanged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_same_request_finds_its_answer, products_clear),
        cmocka_unit_test_setup(another_request_is_refused, products_clear),
        cmocka_unit_test_setup(an_answer_expires_after_a_day, products_clear),
        cmocka_unit_test_setup(an_answer_may_be_of_many_things_or_of_none, products_clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}
