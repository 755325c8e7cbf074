/* Reading the feed. */
#include "store/feed_store.h"

#include "base/log.h"
#include "domain/timestamp.h"

/* $1 xid and $2 seq of the place, $3 limit; a place that is NULL is the floor. The floor is read in the snapshot of the
 * rows: what a purge removed is either still seen, or known to be gone.
 *
 * The xmin is of that snapshot too: every transaction below it has ended, and the rows of those that committed are all
 * seen. One that is still running has an xid from xmin on, as has every one that begins later; so whatever is committed
 * later comes behind all that was read here, and nobody passes it. */
#define READ(categories, moves)                                                                                        \
    "SELECT f.xid, f.seq, (coalesce($1::xid8, f.xid), coalesce($2::bigint, f.seq)) < (f.xid, f.seq), "                 \
    "c.xid, c.seq, c.type, c.id, c.version, c.at, c.data" categories " "                                               \
    "FROM change_floor f LEFT JOIN LATERAL ("                                                                          \
    "  SELECT * FROM change "                                                                                          \
    "  WHERE (xid, seq) > (coalesce($1::xid8, f.xid), coalesce($2::bigint, f.seq)) "                                   \
    "  AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, seq LIMIT $3"                                   \
    ") c ON true" moves

static const char read_sql[] = READ("", "");
static const char read_placed_sql[] =
    READ(", CASE WHEN c.type LIKE 'product.%' THEN c.data::json ->> 'category_id' END, m.category_id",
         " LEFT JOIN product_move m ON m.id = c.id AND m.version = c.version ORDER BY c.xid, c.seq");

enum { FLOOR_XID, FLOOR_SEQ, GONE, XID, SEQ, TYPE, ID, VERSION, AT, DATA, CATEGORY_ID, CATEGORY_LEFT };

static bool read_place(const struct pg_result *result, size_t row, size_t column, struct feed_cursor *place)
{
    return text_to_u64(pg_value(result, row, column), &place->xid) &&
           text_to_u64(pg_value(result, row, column + 1), &place->seq);
}

static bool read_change(struct arena *arena, const struct pg_result *result, size_t row, bool placed,
                        struct change *change)
{
    char *at = arena_alloc(arena, TIMESTAMP_LENGTH + 1);

    *change = (struct change){
        .type = pg_value(result, row, TYPE),
        .id = pg_value(result, row, ID),
        .version = pg_value(result, row, VERSION),
        .data = pg_value(result, row, DATA),
    };
    if (placed) {
        change->category_id = pg_value(result, row, CATEGORY_ID);
        change->category_left = pg_value(result, row, CATEGORY_LEFT);
    }
    if (!read_place(result, row, XID, &change->cursor) || !timestamp_from_postgres(pg_value(result, row, AT), at)) {
        return false;
    }
    change->at = text_of(at);
    return true;
}

static enum status read_page(struct pg *pg, struct scope *scope, const struct feed_cursor *after, uint32_t limit,
                             bool placed, struct feed_page *page)
{
    struct text values[3] = {[2] = pg_decimal(scope, limit)};
    struct pg_result *result = NULL;
    bool full = false;

    if (after != NULL) {
        values[0] = pg_decimal(scope, after->xid);
        values[1] = pg_decimal(scope, after->seq);
    }
    enum status status =
        pg_read_bounded(pg, scope, placed ? "feed_read_placed" : "feed_read", placed ? read_placed_sql : read_sql,
                        FEED_PAGE_BYTES, values, 3, 0, &result, &full);
    if (status != STATUS_OK) {
        return status;
    }
    *page = (struct feed_page){0};
    if (pg_rows(result) == 0 || !read_place(result, 0, FLOOR_XID, &page->floor)) {
        log_error("postgres: change_floor is not of one row");
        return STATUS_INTERNAL;
    }
    if (pg_is_true(result, 0, GONE)) {
        return STATUS_GONE;
    }
    if (pg_value(result, 0, XID).data == NULL) {
        return STATUS_OK;
    }
    page->changes = arena_alloc(scope->arena, pg_rows(result) * sizeof(*page->changes));
    for (; page->count < pg_rows(result); page->count++) {
        if (!read_change(scope->arena, result, page->count, placed, &page->changes[page->count])) {
            log_error("postgres: a change has a key or a timestamp of no known form");
            return STATUS_INTERNAL;
        }
    }
    return STATUS_OK;
}

enum status feed_store_read(struct pg *pg, struct scope *scope, const struct feed_cursor *after, uint32_t limit,
                            struct feed_page *page)
{
    return read_page(pg, scope, after, limit, false, page);
}

enum status feed_store_read_placed(struct pg *pg, struct scope *scope, const struct feed_cursor *after, uint32_t limit,
                                   struct feed_page *page)
{
    return read_page(pg, scope, after, limit, true, page);
}

/* --- followers --- */

enum status feed_store_follower(struct pg *pg, struct scope *scope, const char *name, struct feed_cursor *place)
{
    const struct text value = text_of(name);
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "feed_follower", "SELECT xid, seq FROM change_follower WHERE name = $1",
                                 true, &value, 1, &result);

    if (status == STATUS_OK && pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK && !read_place(result, 0, 0, place)) {
        return STATUS_INTERNAL;
    }
    return status;
}

enum status feed_store_move_follower(struct pg *pg, struct scope *scope, const struct job_hold *hold, const char *name,
                                     const struct feed_cursor *place)
{
    static const char sql[] = JOB_HELD " INSERT INTO change_follower (name, xid, seq) "
                                       "SELECT $3, $4::text::xid8, $5::bigint FROM held "
                                       "ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, seq = excluded.seq";
    const struct text values[] = {
        hold->id, hold->fence, text_of(name), pg_decimal(scope, place->xid), pg_decimal(scope, place->seq),
    };
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "feed_move_follower", sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    return status == STATUS_OK && pg_affected(result) == 0 ? STATUS_STALE : status;
}
