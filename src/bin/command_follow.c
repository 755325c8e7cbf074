/* Waiting for the end of an import, or carrying it out. */
#include "command_import.h"
#include "command_progress.h"
#include "program_runner.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/signals.h"
#include "catalog/home.h"
#include "store/import_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 200

/* For so long a runner may take to claim a job; they look at the queue twice a second. */
#define TAKEN_UP_MS 3000

#define PAGE_BYTES ((size_t)1024 * 1024)

struct follower {
    struct command_session *session;
    struct text id;
    struct scope scope;
    struct import import; /* as it was seen last */
    enum status status;
    char refused[COMMAND_SENTENCE_MAX]; /* why it was not carried out here; "" where it was */
    struct progress progress;
    bool phase_known;
    bool checking;
    int64_t look_ns;
};

static bool is_over(const struct follower *follower)
{
    const enum job_state state = follower->import.job.state;

    return follower->status != STATUS_OK || (state != JOB_QUEUED && state != JOB_RUNNING);
}

static void look(struct follower *follower)
{
    struct import *import = &follower->import;

    arena_reset(follower->scope.arena);
    follower->status = import_store_get(follower->session->pg, &follower->scope, follower->id, import);
    if (follower->status != STATUS_OK) {
        return;
    }
    if (!follower->phase_known || follower->checking != import->checking) {
        progress_end(&follower->progress);
        progress_begin(&follower->progress, import->checking ? "checking " : "importing", PROGRESS_LINES, import->place,
                       import->lines);
        follower->phase_known = true;
        follower->checking = import->checking;
    }
    progress_show(&follower->progress, import->place);
}

static void pause_ms(int64_t milliseconds)
{
    const struct timespec pause = {.tv_sec = (time_t)(milliseconds / 1000),
                                   .tv_nsec = (long)(milliseconds % 1000 * CLOCK_NS_PER_MS)};
    (void)nanosleep(&pause, NULL);
}

/* Until it is over, or was not taken up by anybody. */
static void watch(struct follower *follower)
{
    const int64_t taken_by_ns = clock_deadline_in_ms(TAKEN_UP_MS);

    look(follower);
    while (!is_over(follower) && (follower->import.job.state != JOB_QUEUED || clock_monotonic_ns() < taken_by_ns)) {
        pause_ms(LOOK_MS);
        look(follower);
    }
}

/* --- without a runner --- */

static bool is_done(void *context)
{
    struct follower *follower = context;

    if (clock_monotonic_ns() >= follower->look_ns) {
        look(follower);
        follower->look_ns = clock_deadline_in_ms(LOOK_MS);
    }
    return is_over(follower);
}

/* Whether the pool would see what this command writes. */
static bool is_at_home(struct follower *follower)
{
    struct product_cache *cache = command_cache(follower->session);

    follower->status = cache == NULL ? STATUS_UNAVAILABLE
                                     : catalog_home_compare(follower->session->pg, &follower->scope, cache,
                                                            follower->refused, sizeof follower->refused);
    product_cache_free(cache);
    return follower->status == STATUS_OK;
}

static void carry_out(struct follower *follower)
{
    const struct job_kind *const kinds[] = {&job_import};

    if (follower->session->config.hosts == HOSTS_ONE && !is_at_home(follower)) {
        return;
    }
    if (!signals_block()) {
        follower->status = STATUS_INTERNAL;
        return;
    }
    if (program_run_jobs(&(struct program_jobs){.config = &follower->session->config,
                                                .name = "wares import",
                                                .concurrency = 1,
                                                .kinds = kinds,
                                                .kind_count = 1,
                                                .is_over = is_done,
                                                .context = follower}) != 0) {
        follower->status = STATUS_INTERNAL;
    } else if (follower->status == STATUS_OK) {
        look(follower);
    }
}

/* --- the end --- */

/* False where not all of them could be written. */
static bool write_errors_to(struct follower *follower, FILE *out, enum status *status)
{
    struct import_errors errors = {.more = true};
    bool written = true;

    *status = STATUS_OK;
    for (uint64_t after = 0; errors.more && *status == STATUS_OK && written; after = errors.last) {
        arena_reset(follower->scope.arena);
        *status =
            import_store_errors(follower->session->pg, &follower->scope, follower->id, after, PAGE_BYTES, &errors);
        for (size_t i = 0; *status == STATUS_OK && i < errors.count; i++) {
            written = written && fprintf(out, "%.*s\n", TEXT_PRINT(errors.contents[i])) > 0;
        }
    }
    return fflush(out) == 0 && written;
}

static int write_errors(struct follower *follower, const char *name)
{
    enum status status = STATUS_OK;
    bool written;

    if (strcmp(name, "-") == 0) {
        written = write_errors_to(follower, stdout, &status);
    } else {
        FILE *out = fopen(name, "w");

        if (out == NULL) {
            return command_fail("%s cannot be written: %s", name, strerror(errno));
        }
        written = write_errors_to(follower, out, &status);
        written = fclose(out) == 0 && written;
    }
    if (!written) {
        return command_fail("%s cannot be written: %s", name, strerror(errno));
    }
    return status == STATUS_OK ? 0 : command_fail("the lines that failed cannot be read: %s", status_name(status));
}

static void print_summary(const struct import *import, struct text id)
{
    (void)printf("%s %.*s: %" PRIu64 " lines: %" PRIu64 " created, %" PRIu64 " updated, %" PRIu64 " unchanged, %" PRIu64
                 " failed\n",
                 import->options.dry_run ? "dry run" : "import", TEXT_PRINT(id), import->place, import->created,
                 import->updated, import->unchanged, import->failed);
    if (import->differences.length > 0) {
        (void)printf("[%.*s]\n", TEXT_PRINT(import->differences));
    }
}

static int tell_failure(const struct follower *follower)
{
    const struct job *job = &follower->import.job;
    const char *reason = pg_last_error(follower->session->pg);

    if (follower->refused[0] != '\0') {
        return command_fail("no wares-jobs takes import %.*s up, and here %s; it goes on with the next wares-jobs",
                            TEXT_PRINT(follower->id), follower->refused);
    }
    if (follower->status != STATUS_OK) {
        return command_fail("the database did not answer: %s; import %.*s goes on with the next wares-jobs, and wares "
                            "jobs show tells how it ended",
                            reason[0] != '\0' ? reason : status_name(follower->status), TEXT_PRINT(follower->id));
    }
    if (job->state == JOB_QUEUED || job->state == JOB_RUNNING) {
        return command_fail(
            "stopped; import %.*s goes on with the next wares-jobs, or when this file is imported again",
            TEXT_PRINT(follower->id));
    }
    if (job->state == JOB_CANCELLED) {
        return command_fail("import %.*s was cancelled", TEXT_PRINT(follower->id));
    }
    return command_fail("import %.*s failed: %.*s", TEXT_PRINT(follower->id), TEXT_PRINT(job->last_error));
}

static int settle(struct follower *follower, const struct import_request *request)
{
    const struct import import = follower->import;
    const bool ended = follower->status == STATUS_OK && is_over(follower);
    int code = 0;

    if (ended) {
        print_summary(&import, follower->id);
    }
    if (!ended || import.job.state != JOB_SUCCEEDED) {
        code = tell_failure(follower);
    } else if (import.failed > 0) {
        code = COMMAND_LINES_FAILED;
    }
    if (ended && import.failed > 0 && request->errors != NULL && write_errors(follower, request->errors) != 0) {
        code = COMMAND_FAILED;
    }
    return code;
}

int command_follow(struct command_session *session, const struct import_request *request, struct text id)
{
    struct follower follower = {
        .session = session,
        .id = id,
        .scope = {.arena = arena_new(PAGE_BYTES), .deadline_ns = CLOCK_FOREVER},
    };
    int code;

    watch(&follower);
    if (follower.status == STATUS_OK && follower.import.job.state == JOB_QUEUED) {
        carry_out(&follower);
    }
    progress_end(&follower.progress);
    code = settle(&follower, request);
    arena_free(follower.scope.arena);
    return code;
}
