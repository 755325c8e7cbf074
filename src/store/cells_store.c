/* Where the shared cells are. */
#include "store/cells_store.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* STATUS_NOT_FOUND where none are noted. */
static enum status read_noted(struct pg *pg, struct scope *scope, struct cells_place *noted)
{
    static const char sql[] = "SELECT boot, host, folder, path FROM cells_home";
    struct pg_result *result = NULL;
    const enum status status = pg_exec(pg, scope, "cells_home", sql, true, NULL, 0, &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    *noted = (struct cells_place){.boot = pg_value(result, 0, 0),
                                  .host = pg_value(result, 0, 1),
                                  .folder = pg_value(result, 0, 2),
                                  .path = pg_value(result, 0, 3)};
    return STATUS_OK;
}

static bool is_same(const struct cells_place *one, const struct cells_place *other)
{
    return text_equal(one->boot, other->boot) && text_equal(one->folder, other->folder);
}

enum status cells_store_announce(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                 struct cells_place *before)
{
    static const char sql[] =
        "INSERT INTO cells_home (boot, host, folder, path) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (one) DO UPDATE SET boot = $1, host = $2, folder = $3, path = $4, at = now()";
    const struct text values[] = {place->boot, place->host, place->folder, place->path};
    struct pg_result *result = NULL;
    struct cells_place noted;
    const enum status status = read_noted(pg, scope, &noted);

    *before = (struct cells_place){0};
    if (status == STATUS_OK) {
        if (is_same(&noted, place)) {
            return STATUS_OK;
        }
        *before = noted;
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    return pg_exec(pg, scope, "cells_note", sql, false, values, LENGTH(values), &result);
}

enum status cells_store_compare(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                struct cells_place *elsewhere)
{
    const enum status status = read_noted(pg, scope, elsewhere);

    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (is_same(elsewhere, place)) {
        return STATUS_OK;
    }
    return text_equal(elsewhere->boot, place->boot) || !text_equal(elsewhere->host, place->host) ? STATUS_CONFLICT
                                                                                                 : STATUS_OK;
}

enum status cells_store_noted(struct pg *pg, struct scope *scope)
{
    struct cells_place noted;

    return read_noted(pg, scope, &noted);
}
