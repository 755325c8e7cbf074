/* Tests of src/cache/redis_url.c. */
#include "../../../src/cache/redis_internal.h"

#include "../base/check.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
    return text_equal(text_of(a), text_of(b));
}

static void urls_lead_where_they_say(void **state)
{
    static const struct {
        const char *url;
        struct {
            bool off;
            const char *path;
            const char *host;
            const char *user;
            const char *password;
            int port;
            int database;
        } address;
    } rows[] = {
        {"off", {.off = true}},
        {"redis://cache.example", {.host = "cache.example", .port = 6379}},
        {"redis://10.0.0.1:7000/3", {.host = "10.0.0.1", .port = 7000, .database = 3}},
        {"redis://h/", {.host = "h", .port = 6379}},
        {"redis://:secret@h:1", {.host = "h", .port = 1, .password = "secret"}},
        {"redis://u:p%40%2f%3A@h", {.host = "h", .port = 6379, .user = "u", .password = "p@/:"}},
        {"redis://:a@b/c@h/1", {.host = "h", .port = 6379, .password = "a@b/c", .database = 1}},
        {"redis://[::1]:7000/2", {.host = "::1", .port = 7000, .database = 2}},
        {"redis://[fe80::1]", {.host = "fe80::1", .port = 6379}},
        {"unix:///run/redis.sock", {.path = "/run/redis.sock"}},
        {"unix:///a%20b/c?db=12", {.path = "/a b/c", .database = 12}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redis_address got;
        char error[200] = "";
        assert_row(redis_address_parse(rows[i].url, &got, error, sizeof(error)) == STATUS_OK, rows[i].url);
        assert_row(got.off == rows[i].address.off, rows[i].url);
        assert_row(same(got.path, rows[i].address.path), rows[i].url);
        assert_row(same(got.host, rows[i].address.host), rows[i].url);
        assert_row(same(got.user, rows[i].address.user), rows[i].url);
        assert_row(same(got.password, rows[i].address.password), rows[i].url);
        assert_row(got.port == rows[i].address.port && got.database == rows[i].address.database, rows[i].url);
        redis_address_release(&got);
    }
}

static void other_urls_are_refused_without_their_secrets(void **state)
{
    static const char *const urls[] = {
        "",
        "redis",
        "redis://",
        "http://secret",
        "OFF",
        "rediss://:secret@h",
        "redis://:secret@",
        "redis://:secret@h:0",
        "redis://:secret@h:65536",
        "redis://:secret@h:x",
        "redis://:secret@h:",
        "redis://:secret@h/x",
        "redis://:secret@h/65536",
        "redis://:secret@h/1/2",
        "redis://:secret%4@h",
        "redis://:secret%zz@h",
        "redis://:secret%00@h",
        "redis://secret@h",
        "redis://secret:@h",
        "redis://[::1",
        "redis://[::1]secret",
        "unix://",
        "unix://relative/secret",
        "unix:///",
        "unix:///path?secret=1",
        "unix:///path?db=",
        "unix:///path?db=-1",
        "unix:///path%",
        ("unix:///a/path/that/is/much/longer/than/what/a/socket/address/can/hold/secret/secret/secret/secret/secret/"
         "secret/secret"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct redis_address address;
        char error[200] = "";
        assert_row(redis_address_parse(urls[i], &address, error, sizeof(error)) == STATUS_INVALID, urls[i]);
        assert_row(strlen(error) > 20 && strstr(error, "secret") == NULL, urls[i]);
        assert_row(address.host == NULL && address.password == NULL, urls[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_lead_where_they_say),
        cmocka_unit_test(other_urls_are_refused_without_their_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
