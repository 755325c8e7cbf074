/* --check of wares.fcgi and wares-jobs. */
#include "program.h"

#include "base/clock.h"
#include "base/config.h"
#include "cache/redis.h"
#include "migrate/migrate.h"
#include "store/pg.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool check_line(const char *what, bool good, const char *text)
{
    (void)printf("%s: %s\n", what, text);
    return good;
}

static bool check_postgres(const char *program, const struct config *config, struct scope *scope)
{
    const struct migration_set set = migrations_built_in();
    struct pg *pg = pg_new(&(struct pg_options){.url = config->database_url, .name = program});
    bool good;

    scope->deadline_ns = clock_deadline_in_ms(PROGRAM_CONNECT_MS);
    good = pg_connect(pg, scope) == STATUS_OK;
    good = check_line("postgres", good, good ? "ok" : pg_last_error(pg));
    if (good) {
        char error[PROGRAM_SENTENCE_MAX] = "";
        const enum status status = migrate_check(pg, scope, &set, error, sizeof error);
        good = check_line("schema", status == STATUS_OK,
                          status == STATUS_OK ? "ok" : (error[0] != '\0' ? error : status_name(status)));
    }
    pg_free(pg);
    return good;
}

static bool check_redis(const struct config *config, struct scope *scope)
{
    const struct text ping = TEXT("PING");
    char error[PROGRAM_SENTENCE_MAX] = "";
    struct redis_answer answer;
    struct redis *redis = NULL;
    bool good;

    if (strcmp(config->redis_url, "off") == 0) {
        return check_line("redis", true, "off");
    }
    if (redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, sizeof error) != STATUS_OK) {
        return check_line("redis", false, error);
    }
    scope->deadline_ns = clock_deadline_in_ms(PROGRAM_CONNECT_MS);
    good = redis_call(redis, scope, &ping, 1, &answer) == STATUS_OK;
    redis_free(redis);
    return check_line("redis", good, good ? "ok" : "does not answer");
}

int program_check(const char *program)
{
    struct config config;
    char error[PROGRAM_SENTENCE_MAX];
    struct scope scope = {0};
    bool good;

    if (config_load(&config, error, sizeof error) != STATUS_OK) {
        (void)check_line("configuration", false, error);
        return PROGRAM_EXIT_FAULT;
    }
    scope.arena = arena_new(4096);
    (void)check_line("configuration", true, "ok");
    good = check_postgres(program, &config, &scope);
    good = check_redis(&config, &scope) && good;
    arena_free(scope.arena);
    return good ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}
