/* The loop of a runner. */
#include "jobs/runner.h"

#include "slot.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/signals.h"
#include "base/uuid.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY ((size_t)64 * 1024)
#define AGAIN_MS 250     /* until what could not be asked is asked again */
#define FILL_MS 50       /* how long a slot stays free at most while the queue has more */
#define SCHEDULE_MS 1000 /* between two looks at the schedule */
#define SPARED_MS 2000   /* after Postgres was away: others are to renew their leases before they are judged by them */
#define RESCUE_MS 250    /* between two looks for leases that are over */
#define SCHEDULED_KINDS_MAX 16

struct runner {
    const struct runner_options *options;
    struct job_tools tools;
    struct job_claimant claimant;  /* of what counts for the concurrency */
    struct job_claimant residents; /* of kinds that have a place of their own */
    char id[UUID_TEXT_LENGTH + 1];
    struct scope scope;
    struct slot *slots; /* those of residents behind the others */
    size_t slot_count;
    struct job_beat *beats; /* room for one of each slot */
    struct pollfd *waited;  /* room for one of each slot, and for the signals */
    size_t turn;            /* the slot whose turn is next */
    int64_t beat_ns;        /* when the next heartbeat is due */
    int64_t look_ns;        /* when the queue is looked at next */
    int64_t schedule_ns;
    int64_t rescue_ns;
    bool has_more; /* the last look found as many as there was room for */
    bool astray;   /* jobs may have been claimed of which this runner does not know */
    bool stopping;
    int signals;
};

/* Memory and time for one statement or step. */
static struct scope *begin(struct runner *runner)
{
    arena_reset(runner->scope.arena);
    runner->scope.deadline_ns = clock_deadline_in_ms(RUNNER_STEP_MS);
    return &runner->scope;
}

static size_t count_slots(const struct runner *runner, enum slot_phase phase)
{
    size_t count = 0;

    for (size_t i = 0; i < runner->slot_count; i++) {
        count += runner->slots[i].phase == phase;
    }
    return count;
}

/* Places that are free: of residents, or of the others. */
static size_t room_for(const struct runner *runner, bool residents)
{
    size_t count = 0;

    for (size_t i = 0; i < runner->slot_count; i++) {
        count += runner->slots[i].phase == SLOT_FREE && (i >= runner->options->concurrency) == residents;
    }
    return count;
}

static int64_t lease_from(int64_t now_ns)
{
    return now_ns + RUNNER_LEASE_MS * CLOCK_NS_PER_MS;
}

/* --- heartbeat --- */

static size_t collect_beats(struct runner *runner)
{
    size_t count = 0;

    for (size_t i = 0; i < runner->slot_count; i++) {
        const struct slot *slot = &runner->slots[i];
        if (slot->phase != SLOT_FREE) {
            runner->beats[count++] = (struct job_beat){
                .hold = slot->job.hold,
                .progress = slot->run.progress < JOB_PROGRESS_WHOLE ? slot->run.progress : JOB_PROGRESS_WHOLE,
                .checkpoint = slot->run.checkpoint[0] != '\0' ? text_of(slot->run.checkpoint) : TEXT_ABSENT,
            };
        }
    }
    return count;
}

static void apply_beats(struct runner *runner, int64_t sent_ns)
{
    size_t count = 0;

    for (size_t i = 0; i < runner->slot_count; i++) {
        struct slot *slot = &runner->slots[i];
        if (slot->phase == SLOT_FREE) {
            continue;
        }
        const struct job_beat *answer = &runner->beats[count++];
        if (answer->held) {
            slot->lease_ns = lease_from(sent_ns);
            if (answer->cancelling && !slot->cancelling) {
                slot->cancelling = true;
                slot->due_ns = 0;
            }
        } else if (slot->phase == SLOT_RUNNING) {
            log_warning("job %.*s (%s) is not held by this runner any more", TEXT_PRINT(slot->job.hold.id),
                        slot->kind->name);
            slot_drop(slot);
        } /* one that is leaving may have left: its own statement tells */
    }
}

static void beat(struct runner *runner, int64_t now_ns)
{
    const size_t count = collect_beats(runner);
    enum status status = STATUS_OK;

    if (count > 0) {
        status = job_claim_beat(runner->tools.pg, begin(runner), RUNNER_LEASE_MS, runner->beats, count);
        if (status == STATUS_OK) {
            apply_beats(runner, now_ns);
        }
    }
    runner->beat_ns = now_ns + (status == STATUS_OK ? RUNNER_BEAT_MS : AGAIN_MS) * CLOCK_NS_PER_MS;
}

/* --- the queue --- */

static void schedule(struct runner *runner, int64_t now_ns)
{
    static char ids[SCHEDULED_KINDS_MAX][UUID_TEXT_LENGTH + 1];
    struct periodic_job jobs[SCHEDULED_KINDS_MAX];
    uint64_t queued = 0;
    size_t count = 0;

    for (size_t i = 0; i < runner->options->kind_count && count < SCHEDULED_KINDS_MAX; i++) {
        const struct job_kind *kind = runner->options->kinds[i];
        const int64_t every_s = kind->every_s != NULL ? kind->every_s(runner->options->config) : 0;
        if (every_s > 0) {
            uuid_make(ids[count]);
            jobs[count] = (struct periodic_job){
                .id = text_of(ids[count]), .kind = kind->name, .every_s = every_s, .attempts_max = kind->attempts_max};
            count++;
        }
    }
    if (count > 0 && job_claim_schedule(runner->tools.pg, begin(runner), jobs, count, &queued) == STATUS_OK &&
        queued > 0) {
        log_debug("%llu periodic jobs were queued", (unsigned long long)queued);
    }
    runner->schedule_ns = now_ns + SCHEDULE_MS * CLOCK_NS_PER_MS;
}

static void rescue(struct runner *runner, int64_t now_ns)
{
    uint64_t queued = 0;
    uint64_t failed = 0;

    runner->rescue_ns = now_ns + RESCUE_MS * CLOCK_NS_PER_MS;
    if (job_claim_rescue(runner->tools.pg, begin(runner), &queued, &failed) != STATUS_OK) {
        return;
    }
    if (queued > 0) {
        log_warning("%llu jobs of lost runners are queued again", (unsigned long long)queued);
    }
    if (failed > 0) {
        log_error("%llu jobs of lost runners had no attempt left and are in the dead letter",
                  (unsigned long long)failed);
    }
}

static const struct job_kind *find_kind(const struct runner *runner, struct text name)
{
    for (size_t i = 0; i < runner->options->kind_count; i++) {
        if (text_equal(text_of(runner->options->kinds[i]->name), name)) {
            return runner->options->kinds[i];
        }
    }
    return NULL;
}

static struct slot *free_slot(struct runner *runner, bool resident)
{
    for (size_t i = 0; i < runner->slot_count; i++) {
        if (runner->slots[i].phase == SLOT_FREE && (i >= runner->options->concurrency) == resident) {
            return &runner->slots[i];
        }
    }
    return NULL;
}

static void take(struct runner *runner, const struct job_claimant *claimant, size_t room)
{
    const bool residents = claimant == &runner->residents;
    const int64_t sent_ns = clock_monotonic_ns();
    struct claimed_job *jobs = NULL;
    size_t count = 0;
    const enum status status = job_claim_take(runner->tools.pg, begin(runner), claimant, room, &jobs, &count);

    runner->has_more = runner->has_more || (!residents && status == STATUS_OK && count == room);
    if (status != STATUS_OK) {
        runner->rescue_ns = clock_deadline_in_ms(SPARED_MS);
    }
    runner->astray = runner->astray || status == STATUS_UNCERTAIN;
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = free_slot(runner, residents);
        const struct job_kind *kind = find_kind(runner, jobs[i].kind);
        if (slot == NULL || kind == NULL) { /* we asked for neither more nor others */
            runner->astray = true;
            continue;
        }
        log_debug("job %.*s (%s): attempt %llu", TEXT_PRINT(jobs[i].hold.id), kind->name,
                  (unsigned long long)jobs[i].attempts);
        slot_take(slot, kind, &jobs[i], &runner->tools, lease_from(sent_ns));
    }
}

/* Gives back what this runner holds without knowing, or at the end all. */
static enum status hand_back(struct runner *runner)
{
    struct scope *scope = begin(runner);
    struct job_hold *kept = arena_alloc(scope->arena, (runner->slot_count + 1) * sizeof *kept);
    uint64_t handed = 0;
    size_t count = 0;
    enum status status;

    for (size_t i = 0; i < runner->slot_count; i++) {
        if (runner->slots[i].phase != SLOT_FREE) {
            kept[count++] = runner->slots[i].job.hold;
        }
    }
    status = job_claim_hand_back(runner->tools.pg, scope, text_of(runner->id), kept, count, &handed);
    if (status == STATUS_OK) {
        runner->astray = false;
    }
    if (handed > 0) {
        log_info("%llu unfinished jobs were handed back", (unsigned long long)handed);
    }
    return status;
}

static void look(struct runner *runner, int64_t now_ns)
{
    const size_t room = room_for(runner, false);
    const size_t resident_room = room_for(runner, true);

    if (runner->astray) {
        (void)hand_back(runner);
    }
    if (now_ns >= runner->schedule_ns) {
        schedule(runner, now_ns);
    }
    if (now_ns >= runner->rescue_ns) {
        rescue(runner, now_ns);
    }
    runner->has_more = false;
    if (room > 0) {
        take(runner, &runner->claimant, room);
    }
    if (resident_room > 0) {
        take(runner, &runner->residents, resident_room);
    }
    const int64_t pause_ms = runner->has_more ? FILL_MS : RUNNER_IDLE_MS - (int64_t)clock_jitter(RUNNER_IDLE_MS / 4);
    runner->look_ns = clock_deadline_in_ms(pause_ms);
}

/* Jobs are claimed several at a time where the queue has many. */
static bool look_is_due(const struct runner *runner, int64_t now_ns)
{
    const size_t room = room_for(runner, false);

    return now_ns >= runner->look_ns || (runner->has_more && room * 2 >= runner->options->concurrency);
}

/* --- steps --- */

static bool is_due(const struct slot *slot, int64_t now_ns)
{
    switch (slot->phase) {
    case SLOT_RUNNING:
        return slot->due_ns <= now_ns && now_ns < slot->lease_ns;
    case SLOT_LEAVING:
        return slot->due_ns <= now_ns;
    case SLOT_FREE:
    default:
        return false;
    }
}

/* One step of the next slot that is due; false where none is. */
static bool step(struct runner *runner, int64_t now_ns)
{
    for (size_t i = 0; i < runner->slot_count; i++) {
        struct slot *slot = &runner->slots[(runner->turn + i) % runner->slot_count];
        if (is_due(slot, now_ns)) {
            runner->turn = (runner->turn + i + 1) % runner->slot_count;
            if (slot->phase == SLOT_RUNNING) {
                slot_step(slot, begin(runner), now_ns);
            }
            if (slot->phase == SLOT_LEAVING) {
                (void)slot_leave(slot, begin(runner));
            }
            return true;
        }
    }
    return false;
}

/* --- the loop --- */

static void take_signals(struct runner *runner)
{
    const struct signals_seen seen = signals_take(runner->signals);

    if (seen.reopen || seen.hangup) {
        log_reopen();
    }
    runner->stopping = runner->stopping || seen.stop;
}

static void wait_for_something(struct runner *runner, int64_t until_ns)
{
    runner->waited[runner->slot_count] = (struct pollfd){.fd = runner->signals, .events = POLLIN};
    for (size_t i = 0; i < runner->slot_count; i++) {
        const struct slot *slot = &runner->slots[i];
        const bool held_up = slot->phase == SLOT_RUNNING && slot->lease_ns <= slot->due_ns;
        /* A step that could not ask the database has its pause, whatever comes. */
        const bool wakes = slot->phase == SLOT_RUNNING && !held_up && slot->away == 0;
        runner->waited[i] = (struct pollfd){.fd = wakes ? slot->run.wake : -1, .events = POLLIN};
        if (slot->phase != SLOT_FREE && !held_up && slot->due_ns < until_ns) {
            until_ns = slot->due_ns;
        }
    }
    (void)poll(runner->waited, runner->slot_count + 1, clock_poll_timeout(until_ns));
    for (size_t i = 0; i < runner->slot_count; i++) {
        if (runner->waited[i].revents != 0) {
            runner->slots[i].due_ns = 0;
        }
    }
}

static void turn(struct runner *runner)
{
    const int64_t now_ns = clock_monotonic_ns();

    if (now_ns >= runner->beat_ns) {
        beat(runner, now_ns);
    }
    if (look_is_due(runner, now_ns)) {
        look(runner, now_ns);
    }
    if (!step(runner, clock_monotonic_ns())) {
        wait_for_something(runner, runner->beat_ns < runner->look_ns ? runner->beat_ns : runner->look_ns);
    }
}

/* What is left of a job goes back with how far it is, and the attempt does not count. */
static void stop(struct runner *runner)
{
    const size_t unfinished = count_slots(runner, SLOT_RUNNING) + count_slots(runner, SLOT_LEAVING);

    if (unfinished > 0) {
        beat(runner, clock_monotonic_ns());
    }
    for (size_t i = 0; i < runner->slot_count; i++) {
        slot_drop(&runner->slots[i]);
    }
    if ((unfinished > 0 || runner->astray) && hand_back(runner) != STATUS_OK) {
        log_warning("Postgres does not take %zu unfinished jobs back; others take them up when their leases are over",
                    unfinished);
    }
}

static void run(struct runner *runner)
{
    while (!runner->stopping) {
        turn(runner);
        take_signals(runner);
        if (runner->options->is_over != NULL && runner->options->is_over(runner->options->context)) {
            runner->stopping = true;
        }
    }
    stop(runner);
}

/* Whether this runner takes jobs of the kind. */
static bool runs(const struct runner *runner, const struct job_kind *kind)
{
    return kind->runs_here == NULL || kind->runs_here(runner->options->config);
}

static size_t count_residents(const struct runner_options *options)
{
    size_t count = 0;

    for (size_t i = 0; i < options->kind_count; i++) {
        count += options->kinds[i]->resident;
    }
    return count;
}

/* The names of the kinds go into names: first those that count for the concurrency. */
static void name_kinds(struct runner *runner, const char **names)
{
    const struct runner_options *options = runner->options;
    struct job_claimant *claimant = &runner->claimant;
    const struct job_claimant common = {.runner = text_of(runner->id), .lease_ms = RUNNER_LEASE_MS};
    size_t count = 0;

    for (unsigned residents = 0; residents < 2; residents++) {
        *claimant = common;
        claimant->kinds = names + count;
        for (size_t i = 0; i < options->kind_count; i++) {
            if (options->kinds[i]->resident == (residents == 1) && runs(runner, options->kinds[i])) {
                names[count++] = options->kinds[i]->name;
                claimant->kind_count++;
            }
        }
        claimant = &runner->residents;
    }
}

enum status runner_run(const struct runner_options *options)
{
    const size_t slot_count = options->concurrency + count_residents(options);
    struct runner runner = {
        .options = options,
        .tools = {.config = options->config, .pg = options->pg, .cache = options->cache, .catalog = options->catalog},
        .scope = {.arena = arena_new(MEMORY)},
        .slots = memory_new(slot_count, sizeof *runner.slots),
        .slot_count = slot_count,
        .beats = memory_new(slot_count, sizeof *runner.beats),
        .waited = memory_new(slot_count + 1, sizeof *runner.waited),
        .signals = signals_open(false),
    };
    const char **kinds = memory_new(options->kind_count + 1, sizeof *kinds);

    if (runner.signals < 0) {
        log_error("signals cannot be had: %s", strerror(errno));
    } else {
        uuid_make(runner.id);
        name_kinds(&runner, kinds);
        for (size_t i = 0; i < slot_count; i++) {
            slot_init(&runner.slots[i]);
        }
        log_info("runner %s takes up to %u jobs at once", runner.id, options->concurrency);
        run(&runner);
        for (size_t i = 0; i < slot_count; i++) {
            slot_free(&runner.slots[i]);
        }
        (void)close(runner.signals);
        log_info("runner %s has ended", runner.id);
    }
    free(kinds);
    free(runner.slots);
    free(runner.beats);
    free(runner.waited);
    arena_free(runner.scope.arena);
    return runner.signals < 0 ? STATUS_INTERNAL : STATUS_OK;
}
