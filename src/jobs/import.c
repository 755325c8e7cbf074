/* The kind "import": takes the staged lines of a file into the catalogue, a batch at a time. A batch and the place up to which
 * the import is done are one transaction, so that whatever becomes of the job it goes on where it was. Before anything is
 * changed a dry run, and an import that is to be all or nothing, go through all lines once and only look.
 *
 * What a batch is made of stands in import_batch.c. */
#include "import_batch.h"
#include "kinds.h"

#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/home.h"

#include <inttypes.h>
#include <stdio.h>

#define LINES_MAX 500 /* some hundred ms */
#define LINES_MIN 10
#define BYTES_MAX ((size_t)4 * 1024 * 1024)

/* So many faulty lines are enough to know that a file is not to be applied. */
#define ABORT_FAILED_MAX 1000

struct import_run {
    uint64_t lines; /* of a batch: fewer where the database is slow */
    bool begun;
};

static bool begin(struct job_run *run)
{
    struct import_run *own = run->state;

    if (run->tools->catalog == NULL) {
        (void)snprintf(run->error, sizeof run->error, "this runner has no catalogue");
        return false;
    }
    own->lines = LINES_MAX;
    return true;
}

static bool is_to_abort(const struct import *import)
{
    return import->options.on_error == IMPORT_ABORT && !import->options.dry_run;
}

/* --- the ends --- */

static enum job_step restart(struct job_run *run, struct scope *scope, bool checking)
{
    const enum status status = import_store_restart(run->tools->pg, scope, &run->job->hold, checking);

    return status == STATUS_OK ? JOB_STEP_MORE : job_step_of(run, status, "beginning at the first line");
}

static enum job_step refuse(struct job_run *run, const struct import *import)
{
    (void)snprintf(run->error, sizeof run->error,
                   import->checking ? "%" PRIu64 " of the first %" PRIu64 " lines are faulty; nothing was changed"
                                    : "stopped: %" PRIu64 " of the first %" PRIu64 " lines are faulty",
                   import->failed, import->place);
    return JOB_STEP_FAIL;
}

static enum job_step finish(struct job_run *run, struct scope *scope, const struct import *import)
{
    if (import->checking && is_to_abort(import)) {
        return import->failed > 0 ? refuse(run, import) : restart(run, scope, false);
    }
    log_info("import %.*s%s: %" PRIu64 " lines: %" PRIu64 " created, %" PRIu64 " updated, %" PRIu64
             " unchanged, %" PRIu64 " failed",
             TEXT_PRINT(run->job->hold.id), import->options.dry_run ? " (dry run)" : "", import->lines, import->created,
             import->updated, import->unchanged, import->failed);
    return JOB_STEP_DONE;
}

/* --- batches --- */

/* What a batch's status means. */
static enum job_step step_of(struct job_run *run, enum status status)
{
    struct import_run *own = run->state;

    if (status == STATUS_OK) {
        own->lines = own->lines * 2 < LINES_MAX ? own->lines * 2 : LINES_MAX;
        return JOB_STEP_MORE;
    }
    if (status == STATUS_DEADLINE || status == STATUS_TOO_LARGE) {
        own->lines = own->lines / 4 > LINES_MIN ? own->lines / 4 : (status == STATUS_TOO_LARGE ? 1 : LINES_MIN);
        return status == STATUS_TOO_LARGE ? JOB_STEP_MORE : job_step_of(run, status, "a batch");
    }
    /* The import stands elsewhere than was read: a batch whose outcome was not known is done after all. */
    return status == STATUS_IN_PROGRESS ? JOB_STEP_MORE : job_step_of(run, status, "a batch");
}

/* What is checked changes nothing. STATUS_CONFLICT, and the job's error, where the pool would not see a change. */
static enum status compare_home(struct job_run *run, struct scope *scope, const struct import *import)
{
    const struct job_tools *tools = run->tools;

    return import->checking || tools->config->hosts == HOSTS_MANY
               ? STATUS_OK
               : catalog_home_compare(tools->pg, scope, tools->cache, run->error, sizeof run->error);
}

static enum job_step apply(struct job_run *run, struct scope *scope, const struct import *import)
{
    struct import_run *own = run->state;
    struct staged_lines lines = {0};
    enum status status = compare_home(run, scope, import);

    if (status != STATUS_OK) {
        return status == STATUS_CONFLICT ? JOB_STEP_RETRY : job_step_of(run, status, "looking for the pool's cells");
    }
    status = import_store_lines(run->tools->pg, scope, run->job->hold.id, import->place, own->lines, BYTES_MAX, &lines);

    if (status == STATUS_OK && lines.count == 0) {
        (void)snprintf(run->error, sizeof run->error, "the lines behind %" PRIu64 " are not kept any more",
                       import->place);
        return JOB_STEP_FAIL;
    }
    if (status == STATUS_OK) {
        status = import_batch_run(run->tools, scope, &run->job->hold, import, &lines);
    }
    return step_of(run, status);
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    struct import_run *own = run->state;
    struct import import;
    const enum status status = import_store_load(run->tools->pg, scope, &run->job->hold, &import);

    if (status == STATUS_NOT_FOUND) {
        (void)snprintf(run->error, sizeof run->error, "its file is not kept any more");
        return JOB_STEP_FAIL;
    }
    if (status != STATUS_OK) {
        return job_step_of(run, status, "looking at the import");
    }
    run->progress = import_progress(&import);
    const bool refused = is_to_abort(&import) && import.failed > 0;
    const bool first = !own->begun;

    own->begun = true;
    /* Who tries again what was refused has mended what the lines refer to: they are looked at anew. */
    if (first && refused && import.untouched) {
        return restart(run, scope, true);
    }
    if (refused && (!import.checking || import.failed >= ABORT_FAILED_MAX)) {
        return refuse(run, &import);
    }
    return import.place >= import.lines ? finish(run, scope, &import) : apply(run, scope, &import);
}

const struct job_kind job_import = {
    .name = IMPORT_KIND,
    .attempts_max = IMPORT_ATTEMPTS_MAX,
    .state_size = sizeof(struct import_run),
    .begin = begin,
    .step = step,
};
