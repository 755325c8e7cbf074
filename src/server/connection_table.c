/* The worker's connections. */
#include "connection_table.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>

/* How long a peer that was answered before it had sent everything may take to notice. */
#define LINGER_MS 1000

void connection_table_init(struct connection_table *table, size_t capacity)
{
    *table = (struct connection_table){
        .connections = memory_new(capacity, sizeof *table->connections),
        .capacity = capacity,
    };
    for (size_t i = capacity; i-- > 0;) {
        table->connections[i].next = table->unused;
        table->unused = &table->connections[i];
    }
}

void connection_table_free(struct connection_table *table)
{
    for (size_t i = 0; i < table->capacity; i++) {
        connection_close(&table->connections[i]);
    }
    free(table->connections);
}

struct connection *connection_table_take(struct connection_table *table)
{
    struct connection *connection = table->unused;

    if (connection != NULL) {
        table->unused = connection->next;
        table->open++;
    }
    return connection;
}

void connection_table_give_back(struct connection_table *table, struct connection *connection)
{
    connection->next = table->unused;
    table->unused = connection;
    table->open--;
}

void connection_table_sweep(struct connection_table *table, int64_t now_ns, int64_t silent_ms)
{
    if (table->open == 0 || now_ns - table->swept_ns < CONNECTION_SWEEP_MS * CLOCK_NS_PER_MS) {
        return;
    }
    table->swept_ns = now_ns;
    for (size_t i = 0; i < table->capacity; i++) {
        struct connection *connection = &table->connections[i];
        const int64_t waited_ns = now_ns - connection->since_ns;

        if (((connection->state == CONNECTION_NEW || connection->state == CONNECTION_OFFER) &&
             waited_ns >= silent_ms * CLOCK_NS_PER_MS) ||
            (connection->state == CONNECTION_LINGERING && waited_ns >= LINGER_MS * CLOCK_NS_PER_MS)) {
            connection_close(connection);
            connection_table_give_back(table, connection);
        }
    }
}
