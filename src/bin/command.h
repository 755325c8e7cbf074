/* What the commands of `wares` share. */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/config.h"
#include "base/scope.h"
#include "base/status.h"
#include "cache/product_cache.h"
#include "store/pg.h"

#include <getopt.h>

#define COMMAND_SENTENCE_MAX 600

/* Exit codes beside 0. */
enum { COMMAND_FAILED = 1, COMMAND_MISUSED = 2 };

struct command {
    const char *name;
    const char *prose;                 /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

extern const struct command command_export;
extern const struct command command_import;
extern const struct command command_jobs;
extern const struct command command_migrate;
extern const struct command command_seed;

/* Configuration, a connection to Postgres that is not made yet, and memory. */
struct command_session {
    struct config config;
    struct pg *pg;
    struct scope scope; /* without a deadline */
};

/* False, with a sentence on standard error, where the configuration is not usable. */
MUST_CHECK bool command_begin(struct command_session *session);
void command_end(struct command_session *session);

/* What there is for who writes beside the pool: the shared cells, to tell it what was written. NULL where the database does
 * not answer; product_cache_free. */
struct product_cache *command_cache(struct command_session *session);

typedef int (*command_work)(struct command_session *session, const void *request);

/* Does the work of a command in a session of its own, where the schema is this program's. Returns what the work returns, or
 * COMMAND_FAILED, with a sentence. */
int command_carry_out(command_work work, const void *request);

/* Prints "wares: sentence" on standard error, and returns COMMAND_FAILED. */
int command_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what the database returned. */
int command_fail_status(const struct command_session *session, enum status status);

/* The same for a fault in how the command was called, with a hint at --help; returns COMMAND_MISUSED. */
int command_misuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells what getopt_long took exception to. found is what it returned, '?' or ':', for options that begin with ":". */
int command_bad_option(const char *command, const struct option *options, int found, char *const *argv);

#endif
