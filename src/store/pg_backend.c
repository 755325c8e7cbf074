/* Which database a connection leads to, and whether another backend of it is still there. */
#include "store/pg.h"

#include <inttypes.h>

/* Whose backend_start we may not see counts as there: its pid is. A backend leaves the view after its transaction has
 * ended, one way or the other. */
bool pg_backend_is_gone(struct pg *pg, struct scope *scope, struct pg_backend backend)
{
    const struct text values[] = {arena_printf(scope->arena, "%d", backend.pid),
                                  arena_printf(scope->arena, "%" PRId64, backend.start_us)};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "backend_is_gone",
                                 "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1::int AND coalesce("
                                 "(extract(epoch FROM backend_start) * 1000000)::bigint, $2::bigint) = $2::bigint)",
                                 true, values, sizeof values / sizeof values[0], &result);

    return status == STATUS_OK && pg_rows(result) == 1 && pg_is_true(result, 0, 0);
}

enum status pg_database_identity(struct pg *pg, struct scope *scope, struct text *identity)
{
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "identity",
                "SELECT concat_ws('/', system_identifier, (SELECT oid FROM pg_database WHERE datname = "
                "current_database()), current_schema()) FROM pg_control_system()",
                true, NULL, 0, &result);

    if (status == STATUS_OK) {
        *identity = pg_value(result, 0, 0);
    }
    return status;
}
