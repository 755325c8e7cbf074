/* Products as the JSON that is answered, each under its version: in the worker's memory (L1), and in Redis (L2).
 *
 * A read that starts after a write was acknowledged never gets anything older. What it rests on:
 *
 * One host. Every level is guarded by the shared cells (cache/cells.h). A read notes the word of its cell before it reads
 * the database, and what it finds is held, in L1 and in Redis, together with that word and the incarnation of the cells.
 * A hit at either level is a product whose word is the cell's word now, with no writer in flight. A write marks the cell
 * before COMMIT and gives it a new word before its client is answered; between a mark and an end lies every commit. So
 * where the words are equal nothing was committed since that product was read, whatever became of Redis meanwhile: it may
 * be slow, away, emptied, or come back with an older state, and a fill may come as late as it likes. No write waits for
 * Redis, and no script is needed.
 *
 * Several hosts (many_hosts): cells are not seen from one host on another, so that Redis holds the guard too, and a hit in
 * L1 is held against it before it is served. The state of a key is one of
 *     L epoch stamp           somebody was given the lease to fill it
 *     V epoch stamp product   filled by the holder of that lease
 *     T token...              writers in flight, one token each: nothing is filled
 * A miss makes a lease with a random stamp, before the database is read, and a fill is taken only where that very lease is
 * still there. A write puts T in its place before COMMIT (awaited), and before its client is answered takes its token off;
 * after the last the key is gone, and with it every lease that was given before. Stamps are never used twice, so it does
 * not matter for how long a reader was paused, and an emptied Redis knows no lease. The epoch begins with the run_id of
 * the server: one that was started again, perhaps with an older state, begins another, and nothing of the old one counts.
 * Where a write cannot tell Redis it incurs a debt in the cells before it commits or is answered; the debt is paid with a
 * new epoch before anybody on this host reads from Redis or L1 again. Until it is paid other hosts may be behind: that is
 * the one case, Redis answering them and not us.
 *
 * Nothing is kept of what does not exist. A product that is created needs no mark by its id: what was read of it before is
 * "not there". tests/model checks both protocols, step by step, with the names of the functions here. */
#ifndef CACHE_PRODUCT_CACHE_H
#define CACHE_PRODUCT_CACHE_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"
#include "cache/cells.h"
#include "cache/redis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of every key: moves on when the form of what is kept changes, so that old and new workers never share. */
#define PRODUCT_CACHE_FORMAT "2"

struct product_cache;

/* True where that backend of the database is gone for certain (pg_stat_activity); asked in the course of a read. */
typedef bool (*product_cache_is_gone)(void *context, struct scope *scope, const struct cells_backend *backend);

struct product_cache_options {
    struct redis *redis; /* stays the caller's */
    int64_t ttl_s;       /* entries live for so long, in Redis less up to a tenth at random */
    size_t memory_max;   /* bytes of L1, a quarter of it for lists; 0: every read asks Redis */
    const char *folder;  /* of the cells; "" for their default */
    bool many_hosts;
    int64_t l1_ttl_ms;             /* with many hosts: a hit in L1 is served for so long without asking Redis */
    product_cache_is_gone is_gone; /* NULL: never */
    void *context;
};

/* Never NULL. Until product_cache_attach nothing is kept, and nothing may be written. */
struct product_cache *product_cache_new(const struct product_cache_options *options);
void product_cache_free(struct product_cache *cache);

/* For each new connection to the database, before anything is sent over it that changes a product: which database it is
 * (a text that tells it from any other), and who serves the connection. Cells that cannot be used are logged; what that
 * means for writes product_cache_begin_write tells. */
void product_cache_attach(struct product_cache *cache, struct text database, struct cells_backend backend);

/* Whether that was called. */
bool product_cache_is_attached(const struct product_cache *cache);

/* Where the cells are, as far as is known. */
void product_cache_home(const struct product_cache *cache, struct cells_home *home);

struct cached_product {
    int64_t version;
    struct text json; /* lives until the scope's arena is reset, or the next product is put */
};

/* What a reader noted before it read the database. */
struct cache_ticket {
    bool usable; /* false: what is read now must not be kept */
    bool leased;
    uint32_t cell;
    uint64_t word;
    uint64_t incarnation;
    char guard[32];
};

/* STATUS_OK, STATUS_NOT_FOUND (not cached), or STATUS_UNAVAILABLE: where it is not STATUS_OK read the database, and then
 * call product_cache_put or product_cache_forgo with the ticket, which is set in any case. May wait 2 ms for another who
 * reads the same product. */
MUST_CHECK enum status product_cache_get(struct product_cache *cache, struct scope *scope, struct text id,
                                         struct cached_product *product, struct cache_ticket *ticket);

/* For while the database cannot be asked: what this process holds of the product where it cannot be proven to be current,
 * and is not known to be out of date either. It may be held for longer than the TTL; a write may be in flight of which
 * nobody can tell how it ends; with many hosts, Redis may be away. What was held before a write that has ended is never
 * given. *age_ms is the time since it was known to be current, and at most age_ms_max. */
MUST_CHECK bool product_cache_get_unproven(struct product_cache *cache, struct text id, int64_t age_ms_max,
                                           struct cached_product *product, int64_t *age_ms);

/* Keeps a product in this process alone, where nothing was written since the ticket was given. */
void product_cache_put_here(struct product_cache *cache, struct text id, const struct cached_product *product,
                            const struct cache_ticket *ticket);

/* Keeps a product at both levels, where nothing was written since the ticket was given. Redis is not waited for. */
void product_cache_put(struct product_cache *cache, struct scope *scope, struct text id,
                       const struct cached_product *product, const struct cache_ticket *ticket);

/* There was nothing to keep. */
void product_cache_forgo(struct product_cache *cache, struct scope *scope, struct text id,
                         const struct cache_ticket *ticket);

/* A ticket for the product with an id that is about to be inserted, to be put once it is. */
struct cache_ticket product_cache_note(struct product_cache *cache, struct text id);

/* --- writing --- */

/* What became of a write. */
enum cache_outcome {
    CACHE_COMMITTED,
    CACHE_ROLLED_BACK, /* certainly */
    CACHE_UNKNOWN,     /* the connection was lost, or the deadline passed, after COMMIT was sent: it may land yet */
};

/* What a write changes: the ids of products that are changed, deleted or restored (not of those it creates), and the
 * categories in whose lists anything changes by it, creations included. A product's old category is one, and its new. A
 * change of a category itself is one of all categories: its name and its place are in lists of products too. */
struct cache_marks {
    const struct text *products;
    size_t product_count;
    const struct text *categories;
    size_t category_count;
    bool all_categories; /* in place of a list of them */
};

#define CACHE_PRODUCTS_MAX 1000 /* of one write */

/* Called before anything is sent that may commit. No reader fills or serves these products, or lists of these
 * categories, from a cache until product_cache_end_write, which is called before the client is answered. Where it is not
 * STATUS_OK nothing may be written and there is nothing to end: STATUS_UNAVAILABLE, with the reason in the log, or
 * STATUS_TOO_LARGE for more than CACHE_PRODUCTS_MAX products. */
MUST_CHECK enum status product_cache_begin_write(struct product_cache *cache, struct scope *scope,
                                                 const struct cache_marks *marks);
void product_cache_end_write(struct product_cache *cache, struct scope *scope, enum cache_outcome outcome);

/* After the end of a write of one product: the ticket to put it as it is now. Not usable where others wrote meanwhile. */
struct cache_ticket product_cache_written(const struct product_cache *cache);

/* For an answer that is replayed, and so owes the cache what the first answer may not have done for want of life. As a
 * write of these marks that committed. */
MUST_CHECK enum status product_cache_replay(struct product_cache *cache, struct scope *scope,
                                            const struct cache_marks *marks);

/* For who goes through the rows of changes that committed: sees to it that no host has this product cached in an older
 * version. Writers in flight are left alone. STATUS_UNAVAILABLE where Redis does not answer: again later. */
MUST_CHECK enum status product_cache_repair(struct product_cache *cache, struct scope *scope, struct text id,
                                            int64_t version);

/* --- answers made of many: lists, facets, counts, trees --- */

/* What such an answer is made of. A write of products moves the generations of their categories on, and that of the
 * catalogue; one of a category, and one of products of very many, all of them. */
enum cache_extent {
    CACHE_CATALOGUE,  /* any products, and names and places of categories */
    CACHE_CATEGORY,   /* the same, but only products of one category */
    CACHE_CATEGORIES, /* categories alone */
};

#define CACHE_GENERATION_CELLS 2

/* What was noted before the database was read for an answer. */
struct cache_generation {
    bool usable; /* false: what is read now must not be kept */
    uint64_t incarnation;
    uint64_t word[CACHE_GENERATION_CELLS];
    uint32_t cell[CACHE_GENERATION_CELLS];
};

struct cached_answer {
    struct text tag;  /* its entity tag */
    struct text head; /* its own header fields */
    struct text body;
};

/* Notes a generation, before the answer is read from the database. category: for CACHE_CATEGORY, its id. Never usable with
 * many hosts, whose writes are not seen here: their lists are not kept. */
struct cache_generation product_cache_generation(struct product_cache *cache, struct scope *scope,
                                                 enum cache_extent extent, struct text category);

/* True where an answer is held under that key, and nothing that it is made of was written since its generation was noted.
 * It lives until the next answer is asked for or put. The key must name all that the answer depends on besides. */
bool product_cache_get_answer(struct product_cache *cache, struct text key, struct cached_answer *answer);

/* Keeps an answer in L1, where nothing was written since the generation was noted. One that needs more than a sixteenth of
 * L1 is not kept. */
void product_cache_put_answer(struct product_cache *cache, struct text key, const struct cached_answer *answer,
                              const struct cache_generation *generation);

/* Between the two what is told to Redis without waiting may be kept back, as redis_hold. */
void product_cache_hold(struct product_cache *cache);
void product_cache_release(struct product_cache *cache);

/* Whether Redis answers. */
bool product_cache_answers(struct product_cache *cache, struct scope *scope);

#endif
