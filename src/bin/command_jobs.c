/* wares jobs: looks at background jobs, tries them again, cancels them. */
#include "command.h"

#include "base/uuid.h"
#include "catalog/job_queue.h"
#include "store/job_store.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000

static const char help[] =
    "usage: wares jobs list [--state STATE] [--kind KIND] [--limit N]\n"
    "       wares jobs show ID\n"
    "       wares jobs retry ID...\n"
    "       wares jobs cancel ID...\n"
    "\n"
    "Background jobs, which wares-jobs runs. A job that has failed stays where it can be looked\n"
    "at and tried again: wares jobs list --state failed.\n"
    "\n"
    "  --state STATE  queued, running, succeeded, failed or cancelled\n"
    "  --kind KIND    such as purge\n"
    "  --limit N      the newest N, 1 to 1000 (50)\n";

static const struct option options[] = {
    {"state", required_argument, NULL, 's'},
    {"kind", required_argument, NULL, 'k'},
    {"limit", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- output --- */

/* What a job's text may hold of control characters must not reach a terminal. */
static void print_text(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        (void)putchar(c < ' ' || c == 0x7f ? '?' : c);
    }
}

static const char *state_of(const struct job *job)
{
    return job->cancelling ? "cancelling" : job_state_names[job->state];
}

static void print_line(const struct job *job)
{
    (void)printf("%.*s  %-10s  %-16.*s  %2.*s/%.*s  %5.*s  %.*s  ", TEXT_PRINT(job->id), state_of(job),
                 TEXT_PRINT(job->kind), TEXT_PRINT(job->attempts), TEXT_PRINT(job->attempts_max),
                 TEXT_PRINT(job->progress), TEXT_PRINT(job->created_at));
    print_text(job->last_error.data != NULL ? job->last_error : TEXT("-"));
    (void)putchar('\n');
}

static void print_member(const char *name, struct text value)
{
    if (value.data != NULL) {
        (void)printf("%-12s  ", name);
        print_text(value);
        (void)putchar('\n');
    }
}

static void print_job(const struct job *job)
{
    print_member("id", job->id);
    print_member("kind", job->kind);
    print_member("state", text_of(state_of(job)));
    print_member("attempts", job->attempts);
    print_member("attempts_max", job->attempts_max);
    print_member("progress", job->progress);
    print_member("last_error", job->last_error);
    print_member("created_at", job->created_at);
    print_member("run_at", job->run_at);
    print_member("started_at", job->started_at);
    print_member("ended_at", job->ended_at);
}

/* --- what can be done --- */

struct request {
    const char *verb;
    struct job_query query;
    char *const *ids; /* up to a NULL */
};

static int tell_failure(const struct command_session *session, enum status status, const char *id)
{
    return status == STATUS_NOT_FOUND ? command_fail("there is no job %s", id) : command_fail_status(session, status);
}

static int list(struct command_session *session, const struct job_query *query)
{
    struct job *jobs = NULL;
    size_t count = 0;
    bool more = false;
    const enum status status = job_store_list(session->pg, &session->scope, query, &jobs, &count, &more);

    if (status != STATUS_OK) {
        return tell_failure(session, status, "");
    }
    for (size_t i = 0; i < count; i++) {
        print_line(&jobs[i]);
    }
    if (more) {
        (void)fprintf(stderr, "wares: there are older ones; --limit shows more\n");
    }
    return 0;
}

static int show(struct command_session *session, const char *id)
{
    struct job job;
    const enum status status = job_store_get(session->pg, &session->scope, text_of(id), &job);

    if (status != STATUS_OK) {
        return tell_failure(session, status, id);
    }
    print_job(&job);
    return 0;
}

static int retry(struct command_session *session, const char *id)
{
    struct job job = {0};
    const enum status status = job_queue_retry(session->pg, &session->scope, text_of(id), &job);

    if (status == STATUS_CONFLICT) {
        return command_fail(job.state == JOB_SUCCEEDED ? "job %s has succeeded: there is nothing to try again"
                                                       : "another job has taken the place of %s and is not over yet",
                            id);
    }
    if (status != STATUS_OK) {
        return tell_failure(session, status, id);
    }
    (void)printf("%s is %s\n", id, state_of(&job));
    return 0;
}

static int cancel(struct command_session *session, const char *id)
{
    struct job job = {0};
    const enum status status = job_queue_cancel(session->pg, &session->scope, text_of(id), &job);

    if (status == STATUS_CONFLICT) {
        return command_fail("job %s has %s already", id, job_state_names[job.state]);
    }
    if (status != STATUS_OK) {
        return tell_failure(session, status, id);
    }
    (void)printf("%s is %s\n", id, state_of(&job));
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct command_session *session, const char *id);
    bool several;
} verbs[] = {{"show", show, false}, {"retry", retry, true}, {"cancel", cancel, true}};

#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static int carry_out(struct command_session *session, const void *context)
{
    const struct request *request = context;
    int code = 0;

    if (strcmp(request->verb, "list") == 0) {
        return list(session, &request->query);
    }
    for (char *const *id = request->ids; *id != NULL; id++) {
        for (size_t i = 0; i < VERB_COUNT; i++) {
            if (strcmp(verbs[i].name, request->verb) == 0 && verbs[i].run(session, *id) != 0) {
                code = COMMAND_FAILED;
            }
        }
        arena_reset(session->scope.arena);
    }
    return code;
}

/* --- reading the command line --- */

/* Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct request *request)
{
    uint64_t number = 0;
    int found = 0;

    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (found) {
        case 's':
            if (!job_state_of(text_of(optarg), &request->query.state)) {
                return command_misuse("jobs", "--state takes queued, running, succeeded, failed or cancelled");
            }
            request->query.has_state = true;
            break;
        case 'k':
            request->query.kind = text_of(optarg);
            if (!job_kind_is_valid(request->query.kind)) {
                return command_misuse("jobs", "--kind takes the name of a kind of job, such as purge");
            }
            break;
        case 'l':
            if (!text_to_u64(text_of(optarg), &number) || number < 1 || number > LIMIT_MAX) {
                return command_misuse("jobs", "--limit takes a number from 1 to %d", LIMIT_MAX);
            }
            request->query.limit = (uint32_t)number;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return 0;
        default:
            return command_bad_option("jobs", options, found, argv);
        }
    }
    return -1;
}

/* The words that are no options: the verb, and the ids it takes. Returns -1 to go on, or the exit code. */
static int read_words(int count, char **words, struct request *request)
{
    const bool is_list = count > 0 && strcmp(words[0], "list") == 0;
    bool several = false;
    bool known = is_list;

    for (size_t i = 0; i < VERB_COUNT && count > 0; i++) {
        if (strcmp(verbs[i].name, words[0]) == 0) {
            known = true;
            several = verbs[i].several;
        }
    }
    if (!known) {
        return command_misuse("jobs", "say what is to be done: list, show, retry or cancel");
    }
    if (is_list ? count > 1 : !several && count > 2) {
        return command_misuse("jobs", "%s is one word too many", words[is_list ? 1 : 2]);
    }
    if (!is_list && count < 2) {
        return command_misuse("jobs", "%s takes the id of a job", words[0]);
    }
    for (int i = 1; i < count; i++) {
        if (!uuid_normalise(text_of(words[i]), NULL)) {
            return command_misuse("jobs", "%s is not the id of a job, which is a UUID", words[i]);
        }
    }
    request->verb = words[0];
    request->ids = words + 1;
    return -1;
}

static int run(int argc, char **argv)
{
    struct request request = {.verb = "list", .query = {.limit = LIMIT_DEFAULT}};
    int code = read_options(argc, argv, &request);

    if (code < 0) {
        code = read_words(argc - optind, argv + optind, &request);
    }
    return code < 0 ? command_carry_out(carry_out, &request) : code;
}

const struct command command_jobs = {
    .name = "jobs",
    .prose = "lists background jobs, tries them again, cancels them",
    .run = run,
};
