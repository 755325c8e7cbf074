/* wares migrate: brings the schema of the database to this release. */
#include "command.h"

#include "migrate/migrate.h"

#include <stdio.h>

static const char help[] =
    "usage: wares migrate [--status | --dry-run] [--from DIR]\n"
    "\n"
    "Runs the migrations that the database does not have yet, each in a transaction. Several at\n"
    "once wait for each other. What was applied must not have changed since.\n"
    "\n"
    "  --status    tells which are applied, since when, and which are pending\n"
    "  --dry-run   tells what would be run, and runs nothing\n"
    "  --from DIR  takes the files NNNN_name.sql in DIR instead of those built in\n";

static const struct option options[] = {
    {"status", no_argument, NULL, 's'},
    {"dry-run", no_argument, NULL, 'd'},
    {"from", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct request {
    bool status;
    bool dry_run;
    const char *folder; /* NULL: the set built in */
};

static const char *state_name(enum migration_state state)
{
    switch (state) {
    case MIGRATION_APPLIED:
        return "applied";
    case MIGRATION_PENDING:
        return "pending";
    case MIGRATION_CHANGED:
        return "changed";
    case MIGRATION_UNKNOWN:
        return "unknown";
    }
    return "?";
}

static void print_status(const struct migration_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)printf("%s  %-27s  %s\n", state_name(rows[i].state),
                     rows[i].applied_at[0] != '\0' ? rows[i].applied_at : "-", rows[i].name);
    }
}

static void print_pending(const struct migration_row *rows, size_t count)
{
    size_t pending = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].state == MIGRATION_PENDING) {
            (void)printf("would run %s\n", rows[i].name);
            pending++;
        }
    }
    if (pending == 0) {
        (void)puts("nothing to run");
    }
}

/* --status and --dry-run. */
static int look(struct command_session *session, const struct migration_set *set, const struct request *request)
{
    char error[COMMAND_SENTENCE_MAX];
    struct migration_row *rows = NULL;
    size_t count = 0;
    enum status status = migrate_status(session->pg, &session->scope, set, &rows, &count);

    if (status != STATUS_OK) {
        const char *reason = pg_last_error(session->pg);
        return command_fail("the database cannot be read: %s", reason[0] != '\0' ? reason : status_name(status));
    }
    if (request->status) {
        print_status(rows, count);
    }
    if (migrate_allowed(rows, count, error, sizeof(error)) != STATUS_OK) {
        return command_fail("%s", error);
    }
    if (request->dry_run) {
        print_pending(rows, count);
    }
    return 0;
}

static void report(const struct migration *migration)
{
    (void)printf("running %s\n", migration->name);
    (void)fflush(stdout);
}

static int run_pending(struct command_session *session, const struct migration_set *set)
{
    char error[COMMAND_SENTENCE_MAX];
    unsigned applied = 0;

    if (migrate_run(session->pg, &session->scope, set, report, &applied, error, sizeof(error)) != STATUS_OK) {
        return command_fail("%s", error);
    }
    if (applied == 0) {
        (void)puts("nothing to run");
    } else {
        (void)printf("%u %s run\n", applied, applied == 1 ? "migration was" : "migrations were");
    }
    return 0;
}

static int migrate(const struct request *request)
{
    char error[COMMAND_SENTENCE_MAX];
    struct migration_set set = migrations_built_in();
    struct command_session session;

    if (!command_begin(&session)) {
        return COMMAND_FAILED;
    }
    int code = 0;
    if (request->folder != NULL &&
        migrations_from_folder(request->folder, session.scope.arena, &set, error, sizeof(error)) != STATUS_OK) {
        code = command_fail("%s", error);
    } else if (request->status || request->dry_run) {
        code = look(&session, &set, request);
    } else {
        code = run_pending(&session, &set);
    }
    command_end(&session);
    return code;
}

static int run(int argc, char **argv)
{
    struct request request = {0};
    int found = 0;

    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (found) {
        case 's':
            request.status = true;
            break;
        case 'd':
            request.dry_run = true;
            break;
        case 'f':
            request.folder = optarg;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return 0;
        default:
            return command_bad_option("migrate", options, found, argv);
        }
    }
    if (optind < argc) {
        return command_misuse("migrate", "%s is one word too many", argv[optind]);
    }
    if (request.status && request.dry_run) {
        return command_misuse("migrate", "--status and --dry-run are two questions");
    }
    return migrate(&request);
}

const struct command command_migrate = {
    .name = "migrate",
    .prose = "brings the schema of the database to this release",
    .run = run,
};
