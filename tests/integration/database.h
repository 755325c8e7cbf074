/* A schema of its own for a test program, in the database of DATABASE_URL; gone at the end. Programs run in the root of
 * the source. */
#ifndef TESTS_DATABASE_H
#define TESTS_DATABASE_H

#include "base/clock.h"
#include "base/scope.h"
#include "store/pg.h"

#include "../unit/base/check.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct database {
    struct pg *pg;
    struct scope scope;
};

static inline const char *database_url(void)
{
    const char *url = getenv("DATABASE_URL");
    if (url == NULL) {
        (void)fputs("DATABASE_URL must name a database for the test\n", stderr);
        exit(2);
    }
    return url;
}

static inline struct pg *database_connect(int64_t statement_ms)
{
    return pg_new(&(struct pg_options){.url = database_url(), .name = "test", .statement_ms = statement_ms});
}

/* A minute from now: no test waits so long, and a busy machine may need much of it to fill a table. */
static inline void database_rearm(struct scope *scope)
{
    scope->deadline_ns = clock_deadline_in_ms(60000);
}

static inline struct scope database_scope(void)
{
    struct scope scope = {.arena = arena_new(4096)};
    database_rearm(&scope);
    return scope;
}

static inline void run_sql(struct database *database, const char *sql)
{
    char message[300];
    enum status status = pg_run_script(database->pg, &database->scope, sql, message, sizeof(message));
    if (status != STATUS_OK) {
        fail_msg("%s: %s: %s", sql, status_name(status), message);
    }
}

/* The first value of the first row of a query that is used once; "" for NULL. It lives as long as the scope's arena. */
static inline const char *ask(struct database *database, const char *sql)
{
    static char names[1000][12]; /* a name must stay valid */
    static unsigned number;
    char *name = names[number % 1000];
    struct pg_result *result = NULL;
    (void)snprintf(name, sizeof(names[0]), "ask_%u", number++);
    assert_int_equal(pg_exec(database->pg, &database->scope, name, sql, true, NULL, 0, &result), STATUS_OK);
    assert_true(pg_rows(result) > 0);
    return arena_string(database->scope.arena, pg_value(result, 0, 0));
}

/* cmocka's group set-up and tear-down: the state is a struct database whose search_path is the schema. */
static inline int database_set_up(void **state)
{
    struct database *database = calloc(1, sizeof(*database));
    char options[100];

    (void)snprintf(options, sizeof(options), "-c search_path=test_%d", (int)getpid());
    (void)setenv("PGOPTIONS", options, 1);
    database->pg = database_connect(0);
    database->scope = database_scope();
    (void)snprintf(options, sizeof(options), "CREATE SCHEMA test_%d", (int)getpid());
    run_sql(database, options);
    *state = database;
    return 0;
}

static inline int database_tear_down(void **state)
{
    struct database *database = *state;
    char sql[100];

    database_rearm(&database->scope);
    (void)snprintf(sql, sizeof(sql), "DROP SCHEMA test_%d CASCADE", (int)getpid());
    run_sql(database, sql);
    pg_free(database->pg);
    arena_free(database->scope.arena);
    free(database);
    return 0;
}

/* Runs the files that a pattern names. */
static inline void run_migrations(struct database *database, const char *pattern)
{
    glob_t found = {0};
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        static char sql[1 << 20];
        FILE *file = fopen(found.gl_pathv[i], "rbe");
        assert_non_null(file);
        sql[fread(sql, 1, sizeof(sql) - 1, file)] = '\0';
        (void)fclose(file);
        run_sql(database, sql);
    }
    globfree(&found);
}

/* The same with the tables of the product. */
static inline int catalogue_set_up(void **state)
{
    (void)database_set_up(state);
    run_migrations(*state, "migrations/*.sql");
    return 0;
}

/* Before each test: memory back, time anew. */
static inline int database_reset(void **state)
{
    struct database *database = *state;
    arena_reset(database->scope.arena);
    database_rearm(&database->scope);
    database->scope.store_ns = 0;
    return 0;
}

#endif
