/* Reading webhooks and deliveries. */
#include "catalog/webhook_change.h"

#include "catalog_internal.h"

#include "store/webhook_store.h"

#include <string.h>

enum status catalog_webhook_get(struct catalog *catalog, struct scope *scope, struct text id, struct record *webhook)
{
    struct stored_record stored;
    const enum status status = webhook_store_get(catalog->options.pg, scope, id, &stored);

    if (status == STATUS_OK) {
        *webhook = stored.record;
    }
    return status;
}

enum status catalog_webhook_list(struct catalog *catalog, struct scope *scope, struct record **webhooks, size_t *count)
{
    return webhook_store_list(catalog->options.pg, scope, webhooks, count);
}

bool delivery_cursor_place(const struct cursor *cursor, struct feed_cursor *place)
{
    return feed_cursor_decode(cursor_key(cursor), place);
}

static void make_cursor(const struct delivery_query *query, const struct delivery *last, struct cursor *cursor)
{
    char key[FEED_CURSOR_TEXT_SIZE];

    feed_cursor_encode(&last->place, key);
    *cursor = (struct cursor){.fingerprint = delivery_query_fingerprint(query), .key_length = strlen(key)};
    memcpy(cursor->key, key, cursor->key_length);
    memcpy(cursor->id, query->webhook.data, UUID_TEXT_LENGTH);
    cursor->id[UUID_TEXT_LENGTH] = '\0';
}

enum status catalog_delivery_list(struct catalog *catalog, struct scope *scope, const struct delivery_query *query,
                                  struct delivery_page *page)
{
    const enum status status =
        webhook_store_deliveries(catalog->options.pg, scope, query, &page->deliveries, &page->count, &page->more);

    if (status == STATUS_OK && page->more) {
        make_cursor(query, &page->deliveries[page->count - 1], &page->next);
    }
    return status;
}
