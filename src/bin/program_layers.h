/* The layers that whatever serves or works stands on: Postgres behind the gate of the schema, Redis, the cache, the
 * catalog. */
#ifndef BIN_PROGRAM_LAYERS_H
#define BIN_PROGRAM_LAYERS_H

#include "program.h"

#include "base/config.h"
#include "cache/product_cache.h"
#include "cache/redis.h"
#include "catalog/catalog.h"
#include "store/pg.h"

struct program_layers_options {
    const struct config *config;
    const char *name;               /* of the connections to Postgres */
    int64_t statement_ms;           /* as in pg_options */
    const char *closed;             /* what is so as long as the schema is another: "requests are refused" */
    bool migrates;                  /* a schema that is behind is brought up on the connection that finds it so */
    bool announces;                 /* the shared cells are those of a pool: Postgres is told where they are */
    size_t memory_max;              /* of what is cached in this process; 0: nothing is */
    struct catalog_options catalog; /* without the layers below, the currency, and how products and categories look */
};

struct program_layers {
    struct program_layers_options options;
    char told[PROGRAM_SENTENCE_MAX]; /* the fault that was logged last, so that one fault is one line */
    struct redis *redis;
    struct pg *pg; /* the connection that writes; others, as one that streams an export, pass the gate too */
    struct product_cache *cache;
    struct catalog *catalog;
};

/* Builds them in place: they must not move. Nothing is connected to as yet. False, with a sentence, where Redis's address is
 * none. */
MUST_CHECK bool program_layers_begin(struct program_layers *layers, const struct program_layers_options *options,
                                     char *error, size_t error_size);
void program_layers_end(struct program_layers *layers);

/* Brings the schema up on this connection, by then, and logs what was done. As migrate_run. */
MUST_CHECK enum status program_migrate(struct pg *pg, int64_t deadline_ns, char *error, size_t error_size);

#endif
