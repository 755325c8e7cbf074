/* Tests of base/config.h. */
#include "base/config.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static int clear_environment(void **state)
{
    (void)state;
    return clearenv();
}

static struct config load(void)
{
    struct config config;
    char error[512] = "";
    if (config_load(&config, error, sizeof error) != STATUS_OK) {
        fail_msg("%s", error);
    }
    return config;
}

/* The environment must be refused with a sentence that holds the words. */
static void assert_refused(const char *words)
{
    struct config config;
    char error[512] = "";
    assert_int_equal(config_load(&config, error, sizeof error), STATUS_INVALID);
    if (strstr(error, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, error);
    }
    assert_null(strchr(error, '\n'));
}

static void an_empty_environment_gives_the_defaults(void **state)
{
    (void)state;
    struct config config = load();
    assert_string_equal(config.database_url, "");
    assert_string_equal(config.redis_url, "redis://127.0.0.1:6379/0");
    assert_int_equal(config.body_max, 1048576);
    assert_int_equal(config.cache_ttl_s, 300);
    assert_int_equal(config.connections_max, 1024);
    assert_string_equal(config.currency, "USD");
    assert_int_equal(config.deadline_ms, 5000);
    assert_int_equal(config.feed_retention_days, 7);
    assert_int_equal(config.io_timeout_ms, 5000);
    assert_int_equal(config.jobs_retention_days, 30);
    assert_int_equal(config.hosts, HOSTS_ONE);
    assert_int_equal(config.l1_ttl_ms, 0);
    assert_string_equal(config.runtime_dir, "");
    assert_string_equal(config.log_target, "stderr");
    assert_int_equal(config.log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_int_equal(config.memory_max_mib, 512);
    assert_true(config.migrate);
    assert_int_equal(config.purge_after_days, 30);
    assert_int_equal(config.purge_every_s, 3600);
    assert_int_equal(config.redis_timeout_ms, 50);
    assert_int_equal(config.scheduling, SCHEDULING_BATCH);
    assert_int_equal(config.stale_max_s, 3600);
    assert_int_equal(config.stop_grace_ms, 10000);
}

static void an_empty_value_counts_as_unset(void **state)
{
    (void)state;
    setenv("WARES_DEADLINE", "", 1);
    setenv("REDIS_URL", "", 1);
    setenv("WARES_MIGRATE", "", 1);
    struct config config = load();
    assert_int_equal(config.deadline_ms, 5000);
    assert_string_equal(config.redis_url, "redis://127.0.0.1:6379/0");
    assert_true(config.migrate);
}

static void values_are_taken(void **state)
{
    (void)state;
    setenv("DATABASE_URL", "host=/run/postgresql password=secret", 1);
    setenv("REDIS_URL", "unix:///run/redis.sock?db=2", 1);
    setenv("WARES_CURRENCY", "EUR", 1);
    setenv("WARES_HOSTS", "many", 1);
    setenv("WARES_RUNTIME_DIR", "/run/wares", 1);
    setenv("WARES_LOG", "/var/log/wares.log", 1);
    setenv("WARES_LOG_FORMAT", "json", 1);
    setenv("WARES_LOG_LEVEL", "debug", 1);
    setenv("WARES_MIGRATE", "off", 1);
    setenv("WARES_SCHEDULING", "inherited", 1);
    setenv("WARES_SOCKET", "/run/wares.sock", 1); /* for scripts; known, and not read */
    setenv("HOME", "/root", 1);
    struct config config = load();
    assert_string_equal(config.database_url, "host=/run/postgresql password=secret");
    assert_string_equal(config.redis_url, "unix:///run/redis.sock?db=2");
    assert_string_equal(config.currency, "EUR");
    assert_int_equal(config.hosts, HOSTS_MANY);
    assert_string_equal(config.runtime_dir, "/run/wares");
    assert_string_equal(config.log_target, "/var/log/wares.log");
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_false(config.migrate);
    assert_int_equal(config.scheduling, SCHEDULING_INHERITED);
    setenv("REDIS_URL", "off", 1);
    assert_string_equal(load().redis_url, "off");
}

struct number {
    const char *name;
    size_t offset;
    int64_t least;
    int64_t most;
    bool zero_allowed;
};

static const struct number numbers[] = {
    {"WARES_BODY_MAX", offsetof(struct config, body_max), 1024, 4194304, false},
    {"WARES_CACHE_TTL", offsetof(struct config, cache_ttl_s), 1, 86400, false},
    {"WARES_CONNECTIONS", offsetof(struct config, connections_max), 1, 65536, false},
    {"WARES_DEADLINE", offsetof(struct config, deadline_ms), 10, 600000, false},
    {"WARES_IMPORTS", offsetof(struct config, imports_max), 1, 64, false},
    {"WARES_IO_TIMEOUT", offsetof(struct config, io_timeout_ms), 10, 600000, false},
    {"WARES_L1", offsetof(struct config, l1_bytes), 0, 268435456, true},
    {"WARES_L1_TTL", offsetof(struct config, l1_ttl_ms), 0, 60000, true},
    {"WARES_MEMORY_MAX", offsetof(struct config, memory_max_mib), 128, 1048576, true},
    {"WARES_REDIS_TIMEOUT", offsetof(struct config, redis_timeout_ms), 1, 10000, false},
    {"WARES_STALE_MAX", offsetof(struct config, stale_max_s), 0, 86400, true},
    {"WARES_STOP_GRACE", offsetof(struct config, stop_grace_ms), 0, 600000, true},
    {"WARES_WEBHOOK_CONCURRENCY", offsetof(struct config, webhook_concurrency), 1, 64, false},
    {"WARES_WEBHOOK_TIMEOUT", offsetof(struct config, webhook_timeout_ms), 100, 60000, false},
};

static void set_number(const struct number *number, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    assert_int_equal(setenv(number->name, text, 1), 0);
}

static int64_t loaded_number(const struct number *number)
{
    struct config config = load();
    int64_t value;
    memcpy(&value, (const char *)&config + number->offset, sizeof value);
    return value;
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const struct number *number = &numbers[i];
        set_number(number, number->least);
        assert_row(loaded_number(number) == number->least, number->name);
        set_number(number, number->most);
        assert_row(loaded_number(number) == number->most, number->name);
        set_number(number, number->most + 1);
        assert_refused(number->name);
        set_number(number, number->least - 1);
        if (number->least != 1 || number->zero_allowed) {
            assert_refused(number->name);
        }
        set_number(number, 0);
        if (number->zero_allowed) {
            assert_row(loaded_number(number) == 0, number->name);
        } else {
            assert_refused(number->name);
        }
        clearenv();
    }
}

/* 64 MiB, 16 bodies of 4 MiB and the products held. */
static void memory_must_do_for_a_body_and_the_products_held(void **state)
{
    (void)state;
    setenv("WARES_MEMORY_MAX", "128", 1);
    setenv("WARES_BODY_MAX", "4194304", 1);
    assert_refused("WARES_MEMORY_MAX must be at least 132 ");
    setenv("WARES_L1", "0", 1);
    assert_int_equal(load().memory_max_mib, 128);
    setenv("WARES_BODY_MAX", "", 1);
    setenv("WARES_L1", "268435456", 1);
    assert_refused("WARES_MEMORY_MAX must be at least 336 ");
    setenv("WARES_MEMORY_MAX", "0", 1);
    assert_int_equal(load().memory_max_mib, 0);
}

static void the_error_says_what_a_number_may_be(void **state)
{
    (void)state;
    static const char *const wrong[] = {"abc",
                                        "-1",
                                        "5s",
                                        "5000 ",
                                        " 5000",
                                        "5,000",
                                        "1e3",
                                        "0x10",
                                        "+5",
                                        "5.0",
                                        "99999999999999999999999",
                                        "18446744073709551617"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        setenv("WARES_DEADLINE", wrong[i], 1);
        assert_refused("WARES_DEADLINE must be a whole number: 10 to 600000 (milliseconds ");
        assert_refused(wrong[i]);
    }
    clearenv();
    setenv("WARES_MEMORY_MAX", "127", 1);
    assert_refused("0 or 128 to 1048576 (MiB");
}

static void choices_are_listed(void **state)
{
    (void)state;
    setenv("WARES_LOG_LEVEL", "loud", 1);
    assert_refused("WARES_LOG_LEVEL must be error, warning, info or debug (");
    assert_refused("\"loud\"");
    clearenv();
    setenv("WARES_LOG_FORMAT", "JSON", 1);
    assert_refused("WARES_LOG_FORMAT must be text or json (");
    clearenv();
    setenv("WARES_MIGRATE", "yes", 1);
    assert_refused("WARES_MIGRATE must be on or off (");
}

static void currency_is_three_capitals(void **state)
{
    (void)state;
    static const char *const wrong[] = {"eur", "EU", "EURO", "E1R", "\xC3\x84U"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        setenv("WARES_CURRENCY", wrong[i], 1);
        assert_refused("WARES_CURRENCY must be three capitals");
    }
}

static void lists_of_ranges_and_of_delays(void **state)
{
    static const char *const wrong[] = {"x", "10.0.0.1/8", "10.0.0.0/8;::1", "localhost"};
    static const char *const wrong_delays[] = {"5,", ",5", "5;6", "-1", "604801", "5s", "1,,2"};
    struct config config = load();

    (void)state;
    assert_int_equal(config.webhook_allow.count, 0);
    assert_int_equal(config.webhook_retries.count, 9);
    assert_int_equal(config.webhook_retries.seconds[8], 86400);
    setenv("WARES_WEBHOOK_ALLOW", "10.0.0.0/8, fd00::/8", 1);
    setenv("WARES_WEBHOOK_RETRIES", "0, 604800", 1);
    config = load();
    assert_int_equal(config.webhook_allow.count, 2);
    assert_int_equal(config.webhook_retries.count, 2);
    assert_int_equal(config.webhook_retries.seconds[1], 604800);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        setenv("WARES_WEBHOOK_ALLOW", wrong[i], 1);
        assert_refused("WARES_WEBHOOK_ALLOW must be up to 32 ranges, with commas (");
        assert_refused(wrong[i]);
    }
    clearenv();
    for (size_t i = 0; i < COUNT_OF(wrong_delays); i++) {
        setenv("WARES_WEBHOOK_RETRIES", wrong_delays[i], 1);
        assert_refused("WARES_WEBHOOK_RETRIES must be up to 32 numbers, with commas (");
    }
}

static void no_error_shows_a_password(void **state)
{
    (void)state;
    static const char *const wrong[] = {"http://user:hunter2@host", "hunter2", "REDIS://:hunter2@host"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        setenv("REDIS_URL", wrong[i], 1);
        setenv("DATABASE_URL", "postgres://user:hunter2@host/db", 1);
        struct config config;
        char error[512] = "";
        assert_int_equal(config_load(&config, error, sizeof error), STATUS_INVALID);
        assert_non_null(strstr(error, "REDIS_URL must be a redis:// or unix:// URL, or off"));
        assert_null(strstr(error, "hunter2"));
    }
}

static void unknown_names_are_refused_with_a_hint(void **state)
{
    (void)state;
    setenv("WARES_DEADLNE", "hunter2", 1);
    assert_refused("WARES_DEADLNE is not a variable of wares; did you mean WARES_DEADLINE?");
    struct config config;
    char error[512] = "";
    assert_int_equal(config_load(&config, error, sizeof error), STATUS_INVALID);
    assert_null(strstr(error, "hunter2")); /* who knows what it holds */
    clearenv();
    setenv("WARES_COLOUR_OF_THE_SKY", "blue", 1);
    assert_refused("WARES_COLOUR_OF_THE_SKY is not a variable of wares; --help lists them");
    clearenv();
    setenv("WARES_", "", 1);
    assert_refused("WARES_ is not a variable");
    clearenv();
    setenv("WARESX", "1", 1);
    setenv("wares_deadline", "1", 1);
    (void)load();
}

static void a_short_error_buffer_is_terminated(void **state)
{
    (void)state;
    setenv("WARES_DEADLINE", "abc", 1);
    struct config config;
    char error[8];
    memset(error, 'x', sizeof error);
    assert_int_equal(config_load(&config, error, sizeof error), STATUS_INVALID);
    assert_string_equal(error, "WARES_D");
}

static void long_values_are_shown_in_part(void **state)
{
    (void)state;
    char value[5000];
    memset(value, 'v', sizeof value);
    value[sizeof value - 1] = '\0';
    setenv("WARES_DEADLINE", value, 1);
    struct config config;
    char error[1024];
    assert_int_equal(config_load(&config, error, sizeof error), STATUS_INVALID);
    assert_true(strlen(error) < 300);
}

/* Each variable once, in order, in two lines of at most 100 columns. */
static void help_is_a_sorted_table(void **state)
{
    (void)state;
    char *help = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&help, &length);
    assert_non_null(out);
    config_print_help(out);
    assert_int_equal(fclose(out), 0);
    char before[64] = "";
    unsigned variables = 0;
    char *place = NULL;
    for (char *line = strtok_r(help, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
        assert_true(strlen(line) <= 112);
        char name[64];
        if (sscanf(line, "  %63[A-Z0-9_]", name) != 1 || strcmp(name, "VARIABLE") == 0) {
            continue;
        }
        if (strcmp(before, name) >= 0) {
            fail_msg("%s stands before %s", before, name);
        }
        (void)snprintf(before, sizeof before, "%s", name);
        variables++;
        const char *prose = strtok_r(NULL, "\n", &place);
        assert_non_null(prose);
        assert_int_equal(strspn(prose, " "), 6);
        assert_true(strlen(prose) > 10 && strlen(prose) <= 100);
    }
    assert_int_equal(variables, 38);
    free(help);
}

#define IN_CLEAR(test) cmocka_unit_test_setup(test, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLEAR(an_empty_environment_gives_the_defaults),
        IN_CLEAR(an_empty_value_counts_as_unset),
        IN_CLEAR(values_are_taken),
        IN_CLEAR(numbers_have_bounds),
        IN_CLEAR(memory_must_do_for_a_body_and_the_products_held),
        IN_CLEAR(the_error_says_what_a_number_may_be),
        IN_CLEAR(choices_are_listed),
        IN_CLEAR(currency_is_three_capitals),
        IN_CLEAR(lists_of_ranges_and_of_delays),
        IN_CLEAR(no_error_shows_a_password),
        IN_CLEAR(unknown_names_are_refused_with_a_hint),
        IN_CLEAR(a_short_error_buffer_is_terminated),
        IN_CLEAR(long_values_are_shown_in_part),
        IN_CLEAR(help_is_a_sorted_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
