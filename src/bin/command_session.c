/* What the commands of `wares` share: configuration and connection, and how they complain. */
#include "command.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "migrate/migrate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 16

bool command_begin(struct command_session *session)
{
    char error[COMMAND_SENTENCE_MAX];
    *session = (struct command_session){0};
    if (config_load(&session->config, error, sizeof(error)) != STATUS_OK) {
        (void)command_fail("%s", error);
        return false;
    }
    /* A command tells its failures in sentences of its own. */
    if (log_open("wares", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR) != STATUS_OK) {
        return false;
    }
    session->pg = pg_new(&(struct pg_options){.url = session->config.database_url, .name = "wares"});
    session->scope = (struct scope){.arena = arena_new(4096), .deadline_ns = CLOCK_FOREVER};
    return true;
}

void command_end(struct command_session *session)
{
    arena_free(session->scope.arena);
    pg_free(session->pg);
}

struct product_cache *command_cache(struct command_session *session)
{
    struct product_cache *cache =
        product_cache_new(&(struct product_cache_options){.folder = session->config.runtime_dir});
    struct text database = TEXT_ABSENT;

    if (pg_database_identity(session->pg, &session->scope, &database) != STATUS_OK) {
        product_cache_free(cache);
        return NULL;
    }
    /* No backend: what is told to the pool has been committed. */
    product_cache_attach(cache, database, (struct cells_backend){0});
    return cache;
}

int command_carry_out(command_work work, const void *request)
{
    const struct migration_set set = migrations_built_in();
    struct command_session session;
    char error[COMMAND_SENTENCE_MAX] = "";
    enum status status;
    int code;

    if (!command_begin(&session)) {
        return COMMAND_FAILED;
    }
    status = migrate_check(session.pg, &session.scope, &set, error, sizeof error);
    if (status == STATUS_OK) {
        code = work(&session, request);
    } else {
        code = error[0] != '\0' ? command_fail("%s", error) : command_fail_status(&session, status);
    }
    command_end(&session);
    return code;
}

int command_fail_status(const struct command_session *session, enum status status)
{
    const char *reason = pg_last_error(session->pg);

    return command_fail("the database did not answer: %s", reason[0] != '\0' ? reason : status_name(status));
}

int command_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("wares: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    return COMMAND_FAILED;
}

int command_misuse(const char *command, const char *format, ...)
{
    const char *const space = command[0] != '\0' ? " " : "";
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("wares: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "; see wares%s%s --help\n", space, command);
    va_end(arguments);
    return COMMAND_MISUSED;
}

int command_bad_option(const char *command, const struct option *options, int found, char *const *argv)
{
    const char *names[OPTIONS_MAX];
    const char *word = argv[optind - 1];
    size_t count = 0;

    if (found == ':') {
        return command_misuse(command, "%s needs a value", word);
    }
    while (count < OPTIONS_MAX && options[count].name != NULL) {
        names[count] = options[count].name;
        count++;
    }
    struct text rest = TEXT_ABSENT;
    const struct text name = text_split(text_of(word + strspn(word, "-")), '=', &rest);
    const char *nearest = text_nearest(name, names, count);
    if (optopt != 0 && rest.data != NULL) {
        return command_misuse(command, "--%.*s takes no value", TEXT_PRINT(name));
    }
    if (nearest != NULL) {
        return command_misuse(command, "there is no option %s, did you mean --%s?", word, nearest);
    }
    return command_misuse(command, "there is no option %s", word);
}
