/* The kind "event_relay": hands the feed to the front server, which holds the streams of live events (nginx with the module
 * nchan; deploy/nginx). At least once, in the order of the feed; how far it is stands in Postgres.
 *
 * The front server's memory is lost with its processes. So its channels have names of an epoch, which begins with marks:
 * channels that are made then and never again. Before anything is published all marks are asked for, on the connection on
 * which it is published; where one is missing (a restart, a reload, or a process that died took it) another epoch begins,
 * and nothing is published in the old one any more: who reads there has missed nothing that it was not told, and begins
 * anew from there. Each process of the front server holds some of the channels, and a mark (event_marks.h).
 *
 * A reader that comes back goes on in the channels without a gap where they hold all since its cursor. For that a place is
 * kept in Postgres about every second: all that comes behind it was published later than its time.
 *
 * Where nobody listens nothing is published, as that costs the front server more than the change has cost the service. Who
 * comes to listen notes it in Postgres first, and from then on nothing is passed over. */
#include "event_marks.h"
#include "kinds.h"
#include "push.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/event_store.h"
#include "store/feed_store.h"
#include "json/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ATTEMPTS_MAX 20
#define EVERY_S 1
#define RUN_MS 300000 /* then the job ends, and another begins: attempts are counted anew */
#define BATCH 50      /* changes of a step */
#define IDLE_MS 50    /* between two looks at the end of the feed */
#define CHECK_MS 1000 /* between two looks at the marks where nothing happens */
#define PLACE_MS 1000 /* between two places that are kept */
#define PASS_MS 1000  /* between two looks at the feed where nobody listens */
#define LATE_MS                                                                                                        \
    4000 /* after that what was published is published anew: some of it may be forgotten before it is relied on */
#define AWAY_MS 500 /* until a front server that is away is looked for again */
#define PATH_MAX_BYTES 512

/* What the front server answers where somebody is there to be told; where nobody is, 202. */
#define PUSH_TOLD 201

/* What the front server is to hold at once, in bytes: with what it adds below nchan_shared_memory_size. As much may be
 * published at once, and then as fast as it is forgotten. */
#define HELD_BYTES INT64_C(33554432)
#define MESSAGE_OVERHEAD 512

_Static_assert(EVENT_MARKS <= PUSH_REQUESTS_MAX && 2 * BATCH <= PUSH_REQUESTS_MAX, "one exchange");

struct relay {
    struct push push;
    char epoch[UUID_TEXT_LENGTH + 1]; /* "" while there is no connection, or none is known */
    struct feed_cursor place;
    struct strbuf text;
    int64_t began_ns;
    int64_t checked_ns;
    int64_t placed_ns;
    int64_t spent_ns; /* up to when what was published is paid for */
    int64_t heard_ns; /* when somebody was, or may have been, there to be told */
    bool told;        /* the log knows that the front server is away */
};

static bool runs_here(const struct config *config)
{
    return config->events_socket[0] != '\0';
}

static int64_t every_s(const struct config *config)
{
    return runs_here(config) ? EVERY_S : 0;
}

static bool begin(struct job_run *run)
{
    struct relay *relay = run->state;

    push_init(&relay->push);
    strbuf_init(&relay->text, 2 * FEED_PAGE_BYTES);
    relay->began_ns = clock_monotonic_ns();
    return true;
}

static void end(struct job_run *run)
{
    struct relay *relay = run->state;

    push_close(&relay->push);
    strbuf_free(&relay->text);
}

static enum job_step wait_for(struct job_run *run, int64_t milliseconds)
{
    run->wait_ms = milliseconds;
    return JOB_STEP_WAIT;
}

/* The front server is not to be had: nothing is lost, and all is looked at anew once it is back. */
static enum job_step away(struct job_run *run, const char *what)
{
    struct relay *relay = run->state;

    if (!relay->told) {
        log_warning("live events wait: %s at %s", what, run->tools->config->events_socket);
        relay->told = true;
    }
    push_close(&relay->push);
    relay->epoch[0] = '\0';
    return wait_for(run, AWAY_MS);
}

/* --- marks and epochs --- */

static void add_marks(struct relay *relay, const char *epoch, bool make)
{
    char name[EVENT_MARK_LENGTH + 1];
    char path[PATH_MAX_BYTES];

    for (unsigned i = 0; i < EVENT_MARKS; i++) {
        event_mark_name(i, name);
        (void)snprintf(path, sizeof path, "/mark/%s/%s", epoch, name);
        if (make) {
            push_post(&relay->push, path, TEXT("mark"));
        } else {
            push_ask(&relay->push, path);
        }
    }
}

/* STATUS_NOT_FOUND where one is missing. */
static enum status ask_for_marks(struct relay *relay, struct scope *scope, const char *epoch)
{
    struct push_answer answers[PUSH_REQUESTS_MAX];
    enum status status;

    add_marks(relay, epoch, false);
    status = push_exchange(&relay->push, scope->deadline_ns, answers);
    for (size_t i = 0; status == STATUS_OK && i < EVENT_MARKS; i++) {
        if (answers[i].status != 200) {
            status = STATUS_NOT_FOUND;
        }
    }
    relay->told = relay->told && status != STATUS_OK;
    relay->checked_ns = clock_monotonic_ns();
    return status;
}

static enum status make_marks(struct relay *relay, struct scope *scope, const char *epoch)
{
    struct push_answer answers[PUSH_REQUESTS_MAX];
    enum status status;

    add_marks(relay, epoch, true);
    status = push_exchange(&relay->push, scope->deadline_ns, answers);
    for (size_t i = 0; status == STATUS_OK && i < EVENT_MARKS; i++) {
        if (answers[i].status / 100 != 2) {
            return STATUS_UNAVAILABLE;
        }
    }
    return status;
}

static int64_t ms_since(int64_t then_ns)
{
    return (clock_monotonic_ns() - then_ns) / CLOCK_NS_PER_MS;
}

static enum job_step begin_epoch(struct job_run *run, struct scope *scope, const struct feed_cursor *from)
{
    struct relay *relay = run->state;
    const int64_t began_ns = clock_monotonic_ns();
    char epoch[UUID_TEXT_LENGTH + 1];
    enum status status;

    uuid_make(epoch);
    relay->epoch[0] = '\0';
    if (make_marks(relay, scope, epoch) != STATUS_OK) {
        return away(run, "the front server does not take messages");
    }
    status = event_store_begin(run->tools->pg, scope, &run->job->hold, text_of(epoch), from, ms_since(began_ns),
                               &relay->place);
    if (status != STATUS_OK) {
        return job_step_of(run, status, "beginning an epoch of events");
    }
    (void)snprintf(relay->epoch, sizeof relay->epoch, "%s", epoch);
    relay->placed_ns = began_ns;
    log_info("live events: the front server's memory is new; epoch %s", epoch);
    return JOB_STEP_MORE;
}

/* On a new connection. Whether the epoch is still there is asked before anything is published, and where nothing is to be. */
static enum job_step find_epoch(struct job_run *run, struct scope *scope)
{
    struct relay *relay = run->state;
    struct event_relay last;
    enum status status;

    if (relay->push.fd < 0 &&
        push_open(&relay->push, run->tools->config->events_socket, scope->deadline_ns) != STATUS_OK) {
        return away(run, strerror(errno));
    }
    status = event_store_relay(run->tools->pg, scope, &last);
    if (status == STATUS_NOT_FOUND) {
        return begin_epoch(run, scope, NULL);
    }
    if (status != STATUS_OK) {
        return job_step_of(run, status, "reading how far events are");
    }
    (void)snprintf(relay->epoch, sizeof relay->epoch, "%.*s", TEXT_PRINT(last.epoch));
    relay->place = last.place;
    relay->checked_ns = 0;
    relay->heard_ns = clock_monotonic_ns(); /* whom the last relay told is not known */
    return JOB_STEP_MORE;
}

/* --- publishing --- */

/* "/publish/<epoch>/sse/all,<epoch>/sse/p-..." */
static void publish_path(const struct relay *relay, const char *form, const struct change *change,
                         char path[PATH_MAX_BYTES], size_t *channels)
{
    struct event_filter filters[EVENT_CHANNELS_MAX];
    char channel[EVENT_CHANNEL_SIZE];
    int length = snprintf(path, PATH_MAX_BYTES, "/publish/");

    *channels = event_filters_of(change, filters);
    for (size_t i = 0; i < *channels; i++) {
        event_channel(&filters[i], channel);
        length += snprintf(path + length, PATH_MAX_BYTES - (size_t)length, "%s%s/%s/%s", i > 0 ? "," : "", relay->epoch,
                           form, channel);
    }
}

static void add_change(struct relay *relay, const struct change *change, int64_t *bytes)
{
    char path[PATH_MAX_BYTES];
    size_t channels = 0;

    strbuf_clear(&relay->text, FEED_PAGE_BYTES);
    json_write_change_event(&relay->text, change);
    publish_path(relay, "sse", change, path, &channels);
    push_post(&relay->push, path, strbuf_text(&relay->text));
    strbuf_clear(&relay->text, FEED_PAGE_BYTES);
    json_write_change_line(&relay->text, change);
    publish_path(relay, "ws", change, path, &channels);
    push_post(&relay->push, path, strbuf_text(&relay->text));
    *bytes += (int64_t)(2 * channels * (relay->text.length + MESSAGE_OVERHEAD));
}

/* Notes what the front server has been given, and so when it may be given more. */
static void pay(struct relay *relay, int64_t bytes)
{
    const int64_t now_ns = clock_monotonic_ns();
    const int64_t price_ns = (int64_t)((double)bytes / (double)HELD_BYTES * EVENT_HELD_S * (double)CLOCK_NS_PER_S);

    relay->spent_ns = (relay->spent_ns > now_ns ? relay->spent_ns : now_ns) + price_ns;
}

/* Milliseconds until the front server may be given more: a whole HELD_BYTES at once is on credit. */
static int64_t debt_ms(const struct relay *relay)
{
    const int64_t credit_ns = EVENT_HELD_S * CLOCK_NS_PER_S;
    const int64_t until_ns = relay->spent_ns - credit_ns;
    const int64_t now_ns = clock_monotonic_ns();

    return until_ns > now_ns ? (until_ns - now_ns) / CLOCK_NS_PER_MS + 1 : 0;
}

static enum status publish(struct relay *relay, struct scope *scope, const struct feed_page *page)
{
    struct push_answer answers[PUSH_REQUESTS_MAX];
    int64_t bytes = 0;
    enum status status;

    for (size_t i = 0; i < page->count; i++) {
        add_change(relay, &page->changes[i], &bytes);
    }
    pay(relay, bytes);
    status = push_exchange(&relay->push, scope->deadline_ns, answers);
    for (size_t i = 0; status == STATUS_OK && i < 2 * page->count; i++) {
        if (answers[i].status / 100 != 2) {
            log_debug("live events: the front server answers %d", answers[i].status);
            status = STATUS_UNAVAILABLE;
        } else if (answers[i].status == PUSH_TOLD) {
            relay->heard_ns = clock_monotonic_ns();
        }
    }
    return status;
}

static bool may_pass(const struct relay *relay)
{
    return relay->heard_ns == 0 || ms_since(relay->heard_ns) >= EVENT_WANTED_S * INT64_C(1000);
}

/* There is something new in the feed, and nobody was there to be told of anything for long. Where somebody comes just now all
 * is told again. */
static enum job_step pass_over(struct job_run *run, struct scope *scope)
{
    struct relay *relay = run->state;
    const enum status status =
        event_store_pass(run->tools->pg, scope, &run->job->hold, text_of(relay->epoch), &relay->place);

    if (status == STATUS_NOT_FOUND) {
        relay->heard_ns = clock_monotonic_ns();
        return JOB_STEP_MORE;
    }
    if (status != STATUS_OK) {
        relay->epoch[0] = '\0'; /* where it was written all the same, that is found there */
        return job_step_of(run, status, "passing over changes");
    }
    relay->placed_ns = clock_monotonic_ns();
    return wait_for(run, PASS_MS);
}

static enum job_step relay_page(struct job_run *run, struct scope *scope, const struct feed_page *page)
{
    struct relay *relay = run->state;
    const int64_t began_ns = clock_monotonic_ns();
    struct event_batch batch = {.before = relay->place,
                                .last = page->changes[page->count - 1].cursor,
                                .placed = ms_since(relay->placed_ns) >= PLACE_MS};
    enum status status = ask_for_marks(relay, scope, relay->epoch);

    if (status == STATUS_NOT_FOUND) {
        return begin_epoch(run, scope, &relay->place);
    }
    if (status == STATUS_OK) {
        status = publish(relay, scope, page);
    }
    if (status != STATUS_OK) {
        return away(run, "the front server does not take messages");
    }
    batch.age_ms = ms_since(began_ns);
    if (batch.age_ms > LATE_MS) {
        return JOB_STEP_MORE;
    }
    status = event_store_move(run->tools->pg, scope, &run->job->hold, text_of(relay->epoch), &batch);
    if (status != STATUS_OK) {
        relay->epoch[0] = '\0'; /* where it was written all the same, that is found there */
        return job_step_of(run, status, "moving on in the feed");
    }
    relay->place = batch.last;
    relay->placed_ns = batch.placed ? began_ns : relay->placed_ns;
    return JOB_STEP_MORE;
}

/* At the end of the feed, for now. */
static enum job_step rest(struct job_run *run, struct scope *scope)
{
    struct relay *relay = run->state;

    if (ms_since(relay->began_ns) >= RUN_MS) {
        return JOB_STEP_DONE;
    }
    if (ms_since(relay->checked_ns) >= CHECK_MS) {
        const enum status status = ask_for_marks(relay, scope, relay->epoch);

        if (status == STATUS_NOT_FOUND) {
            return begin_epoch(run, scope, &relay->place);
        }
        if (status != STATUS_OK) {
            return away(run, "the front server does not answer");
        }
    }
    return wait_for(run, IDLE_MS);
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    struct relay *relay = run->state;
    struct feed_page page;
    enum status status;

    if (relay->epoch[0] == '\0') {
        return find_epoch(run, scope);
    }
    if (debt_ms(relay) > 0) {
        return wait_for(run, debt_ms(relay));
    }
    status = feed_store_read_placed(run->tools->pg, scope, &relay->place, BATCH, &page);
    if (status == STATUS_GONE) {
        /* Readers are told so too, each by the cursor that it comes with. */
        log_warning("live events: changes were removed from the feed before they were relayed");
        return begin_epoch(run, scope, &page.floor);
    }
    if (status != STATUS_OK) {
        return job_step_of(run, status, "reading the feed");
    }
    if (page.count == 0) {
        return rest(run, scope);
    }
    return may_pass(relay) ? pass_over(run, scope) : relay_page(run, scope, &page);
}

const struct job_kind job_event_relay = {
    .name = "event_relay",
    .attempts_max = ATTEMPTS_MAX,
    .every_s = every_s,
    .runs_here = runs_here,
    .forgotten = true,
    .resident = true,
    .state_size = sizeof(struct relay),
    .begin = begin,
    .step = step,
    .end = end,
};
