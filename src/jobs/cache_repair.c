/* The kind "cache_repair": goes through the feed behind the writers, and sees to it that no host has in its cache an older
 * version of a product than was committed. A writer that dies between its commit and its word to Redis leaves such a one,
 * where pools on several hosts share Redis; on one host there is nothing to repair (cache/product_cache.h).
 *
 * A job goes on to the end of the feed; another is made a second later. Where Redis is away it ends and moves nothing on. */
#include "kinds.h"

#include "base/log.h"
#include "cache/product_cache.h"
#include "store/feed_store.h"

#include <string.h>

#define FOLLOWER "cache_repair"
#define EVERY_S 1
#define ATTEMPTS_MAX 5
#define BATCH 100 /* an exchange with Redis for each */

static int64_t every_s(const struct config *config)
{
    return config->hosts == HOSTS_MANY && strcmp(config->redis_url, "off") != 0 ? EVERY_S : 0;
}

static bool begin(struct job_run *run)
{
    (void)run; /* there is nothing to say about a repair */
    return true;
}

/* How many of the changes were seen to: up to the first for which Redis did not answer. */
static size_t repair(struct product_cache *cache, struct scope *scope, const struct feed_page *page)
{
    size_t done = 0;

    for (; done < page->count; done++) {
        const struct change *change = &page->changes[done];
        uint64_t version = 0;

        if (!text_starts_with(change->type, TEXT("product.")) || !text_to_u64(change->version, &version)) {
            continue;
        }
        if (product_cache_repair(cache, scope, change->id, (int64_t)version) != STATUS_OK) {
            break;
        }
    }
    return done;
}

/* Reads on from where the last one stood. What was removed from the feed is older than anything in Redis can be: the
 * longest time that an entry may live is the shortest that the feed is kept. */
static enum status read_on(struct job_run *run, struct scope *scope, struct feed_page *page)
{
    struct feed_cursor place;
    enum status status = feed_store_follower(run->tools->pg, scope, FOLLOWER, &place);

    if (status == STATUS_OK) {
        status = feed_store_read(run->tools->pg, scope, &place, BATCH, page);
    }
    if (status == STATUS_NOT_FOUND || status == STATUS_GONE) {
        status = feed_store_read(run->tools->pg, scope, NULL, BATCH, page);
    }
    return status;
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    struct feed_page page;
    enum status status = read_on(run, scope, &page);

    if (status != STATUS_OK) {
        return job_step_of(run, status, "reading the feed");
    }
    const size_t done = repair(run->tools->cache, scope, &page);
    if (done > 0) {
        status =
            feed_store_move_follower(run->tools->pg, scope, &run->job->hold, FOLLOWER, &page.changes[done - 1].cursor);
        if (status != STATUS_OK) {
            return job_step_of(run, status, "moving on in the feed");
        }
    }
    if (done < page.count) {
        log_debug("cache repair: Redis does not answer");
    }
    return done == page.count && page.count > 0 ? JOB_STEP_MORE : JOB_STEP_DONE;
}

const struct job_kind job_cache_repair = {
    .name = "cache_repair",
    .attempts_max = ATTEMPTS_MAX,
    .every_s = every_s,
    .forgotten = true,
    .resident = true,
    .begin = begin,
    .step = step,
};
