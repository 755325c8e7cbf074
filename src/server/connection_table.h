/* The connections that a worker holds: as many as WARES_CONNECTIONS says, allocated once. */
#ifndef SERVER_CONNECTION_TABLE_H
#define SERVER_CONNECTION_TABLE_H

#include "connection.h"

#include <stddef.h>
#include <stdint.h>

struct connection_table {
    struct connection *connections;
    struct connection *unused; /* list */
    size_t capacity;
    size_t open;
    int64_t swept_ns;
};

void connection_table_init(struct connection_table *table, size_t capacity);

/* Closes all. */
void connection_table_free(struct connection_table *table);

/* A closed connection to be opened, or NULL where the table is full. */
struct connection *connection_table_take(struct connection_table *table);

/* Gives back one that is closed. */
void connection_table_give_back(struct connection_table *table, struct connection *connection);

/* Closes what waited too long: a new connection on which nothing was asked for silent_ms (a front server asks at once;
 * kept ones may wait for ever), an offer over which nothing came for as long, and one that lingers for its time. Looks at most once in CONNECTION_SWEEP_MS. */
void connection_table_sweep(struct connection_table *table, int64_t now_ns, int64_t silent_ms);

#define CONNECTION_SWEEP_MS 500

#endif
