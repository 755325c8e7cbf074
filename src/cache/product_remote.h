/* Products in Redis (L2). The protocol stands in cache/product_cache.h. */
#ifndef CACHE_PRODUCT_REMOTE_H
#define CACHE_PRODUCT_REMOTE_H

#include "cache/product_cache.h"
#include "cache/product_memory.h"

/* A guard is two numbers of 16 hex digits. One host: incarnation and word of the cells. Several: epoch and stamp. */
#define GUARD_LENGTH PRODUCT_GUARD_LENGTH
#define NUMBER_LENGTH 16

#define RUN_ID_LENGTH 40

struct remote {
    struct redis *redis;
    struct cells *cells;
    int64_t ttl_s;
    bool many_hosts;
    bool owing;          /* a debt while there were no cells to put it down in */
    uint64_t connection; /* on which run_id was asked */
    char run_id[RUN_ID_LENGTH + 1];
    char token[NUMBER_LENGTH + 1]; /* of the write in flight */
    const struct text *written;    /* its products */
    size_t written_count;
};

enum remote_state {
    REMOTE_FOUND,
    REMOTE_SAME,   /* still what is held in L1 */
    REMOTE_ABSENT, /* to be filled under the ticket's guard */
    REMOTE_BUSY,   /* not to be filled: somebody writes, or fills, it just now */
    REMOTE_AWAY,
};

void number_write(char out[NUMBER_LENGTH], uint64_t number);

/* ticket: word and incarnation are read, guard is set. held is what L1 has, or NULL. */
enum remote_state remote_get(struct remote *remote, struct scope *scope, struct text id,
                             const struct held_product *held, struct held_product *found, struct cache_ticket *ticket);

/* Not waited for. */
void remote_put(struct remote *remote, struct scope *scope, struct text id, const struct cached_product *product,
                const struct cache_ticket *ticket);

/* With many hosts: gives back the lease that the ticket has. Not waited for. */
void remote_forgo(struct remote *remote, struct scope *scope, struct text id, const struct cache_ticket *ticket);

/* With many hosts: tombstones before, and off again after. The ids must live until then. A failure is a debt. */
void remote_begin(struct remote *remote, struct scope *scope, const struct text *ids, size_t count);
void remote_end(struct remote *remote, struct scope *scope);

/* With many hosts: drops what is older than that version. False where Redis does not answer. */
bool remote_repair(struct remote *remote, struct scope *scope, struct text id, int64_t version);

/* product_remote_scripts.c: what the above are made of, where there are many hosts. */
enum remote_state hosts_get(struct remote *remote, struct scope *scope, struct text id, const struct held_product *held,
                            struct text *value, struct cache_ticket *ticket);
void hosts_put(struct remote *remote, struct scope *scope, struct text id, struct text value,
               const struct cache_ticket *ticket, struct text ttl_ms);

struct text remote_key(struct scope *scope, struct text id);

#endif
