/* Where the shared cells are. */
#include "store/cells_store.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* *there: a row with another place; its path absent where there is none. */
static enum status find_other(struct pg *pg, struct scope *scope, const struct cells_place *place,
                              struct cells_place *there)
{
    const struct text values[] = {place->boot, place->folder};
    struct pg_result *result = NULL;
    const enum status status = pg_exec(
        pg, scope, "cells_home", "SELECT boot, host, folder, path FROM cells_home WHERE boot <> $1 OR folder <> $2",
        true, values, LENGTH(values), &result);

    *there = (struct cells_place){0};
    if (status == STATUS_OK && pg_rows(result) > 0) {
        *there = (struct cells_place){.boot = pg_value(result, 0, 0),
                                      .host = pg_value(result, 0, 1),
                                      .folder = pg_value(result, 0, 2),
                                      .path = pg_value(result, 0, 3)};
    }
    return status;
}

enum status cells_store_announce(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                 struct cells_place *before)
{
    static const char known_sql[] = "SELECT FROM cells_home WHERE boot = $1 AND folder = $2";
    static const char note_sql[] =
        "INSERT INTO cells_home (boot, host, folder, path) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (one) DO UPDATE SET boot = $1, host = $2, folder = $3, path = $4, at = now()";
    const struct text known[] = {place->boot, place->folder};
    const struct text values[] = {place->boot, place->host, place->folder, place->path};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "cells_known", known_sql, true, known, LENGTH(known), &result);

    *before = (struct cells_place){0};
    if (status != STATUS_OK || pg_rows(result) > 0) {
        return status;
    }
    status = find_other(pg, scope, place, before);
    if (status == STATUS_OK) {
        status = pg_exec(pg, scope, "cells_note", note_sql, false, values, LENGTH(values), &result);
    }
    return status;
}

enum status cells_store_compare(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                struct cells_place *elsewhere)
{
    const enum status status = find_other(pg, scope, place, elsewhere);

    if (status != STATUS_OK || elsewhere->path.data == NULL) {
        return status;
    }
    return text_equal(elsewhere->boot, place->boot) || !text_equal(elsewhere->host, place->host) ? STATUS_CONFLICT
                                                                                                 : STATUS_OK;
}

enum status cells_store_noted(struct pg *pg, struct scope *scope)
{
    struct pg_result *result = NULL;
    const enum status status = pg_exec(pg, scope, "cells_noted", "SELECT FROM cells_home", true, NULL, 0, &result);

    return status == STATUS_OK && pg_rows(result) == 0 ? STATUS_NOT_FOUND : status;
}
