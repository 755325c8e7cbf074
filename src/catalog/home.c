/* The cells as the cache has them, and as the database has them noted. */
#include "catalog/home.h"

#include "base/log.h"
#include "store/cells_store.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define HOST_SIZE (HOST_NAME_MAX + 1)

static struct cells_place place_of(struct scope *scope, const struct product_cache *cache)
{
    struct cells_home home;
    char host[HOST_SIZE] = "";

    product_cache_home(cache, &home);
    if (gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    return (struct cells_place){.boot = arena_copy(scope->arena, text_of(home.boot)),
                                .host = arena_copy(scope->arena, text_of(host)),
                                .folder = arena_copy(scope->arena, text_of(home.folder)),
                                .path = text_of(home.path)};
}

void catalog_home_announce(struct pg *pg, struct scope *scope, const struct product_cache *cache)
{
    const struct cells_place place = place_of(scope, cache);
    struct cells_place before;

    /* Without cells nothing is cached, and anybody may write. */
    if (place.folder.length > 0 && cells_store_announce(pg, scope, &place, &before) == STATUS_OK &&
        before.path.data != NULL) {
        log_info("cells: the pool's are %.*s on %.*s from now on; they were %.*s on %.*s", TEXT_PRINT(place.path),
                 TEXT_PRINT(place.host), TEXT_PRINT(before.path), TEXT_PRINT(before.host));
    }
}

enum status catalog_home_compare(struct pg *pg, struct scope *scope, const struct product_cache *cache, char *sentence,
                                 size_t size)
{
    const struct cells_place place = place_of(scope, cache);
    struct cells_place elsewhere;
    const enum status status = cells_store_compare(pg, scope, &place, &elsewhere);

    if (status == STATUS_CONFLICT && text_equal(place.boot, elsewhere.boot)) {
        (void)snprintf(sentence, size,
                       "the pool would not see what is changed: its shared cells are %.*s, and those here %.*s; set "
                       "WARES_RUNTIME_DIR as the pool has it",
                       TEXT_PRINT(elsewhere.path), TEXT_PRINT(place.path));
    } else if (status == STATUS_CONFLICT) {
        (void)snprintf(sentence, size,
                       "the pool would not see what is changed: it is on the host %.*s, and this is %.*s; run this "
                       "there, or set WARES_HOSTS=many for all",
                       TEXT_PRINT(elsewhere.host), TEXT_PRINT(place.host));
    }
    return status;
}
