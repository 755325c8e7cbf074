/* Who serves a connection, and what time it is there. */
#include "pg_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t boot_clock_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / CLOCK_NS_PER_US;
}

/* The answer came within the time since asked_us. What two clocks differ by less than that cannot be told, and counts as
 * nothing: the workers of a host that is in step with the database then go by one clock, and what one after the other
 * writes through them is in that order. */
static void set_clock(struct pg *pg, int64_t asked_us, struct text database_us)
{
    const int64_t now_us = boot_clock_us();
    const int64_t uncertain_us = now_us - asked_us;
    const int64_t ahead_us = strtoll(database_us.data, NULL, 10) - (clock_unix_us() - uncertain_us / 2);

    pg->clock_read_us = now_us;
    pg->clock_ahead_us = ahead_us > uncertain_us || ahead_us < -uncertain_us ? ahead_us : 0;
}

bool pg_identify(struct pg *pg, const struct scope *scope)
{
    static const char sql[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
                              "(extract(epoch FROM backend_start) * 1000000)::bigint, pid "
                              "FROM pg_stat_get_activity(pg_backend_pid())";
    const int64_t asked_us = boot_clock_us();
    bool told = false;

    if (PQsendQuery(pg->connection, sql)) {
        struct pg_answer answer = pg_exchange(pg->connection, scope, 0);
        told = answer.end == PG_END_ANSWERED && PQntuples(answer.result) == 1;
        if (told) {
            set_clock(pg, asked_us, text_of(PQgetvalue(answer.result, 0, 0)));
            pg->backend.start_us = strtoll(PQgetvalue(answer.result, 0, 1), NULL, 10);
            pg->backend.pid = (int)strtol(PQgetvalue(answer.result, 0, 2), NULL, 10); /* a pooler's own is another */
        } else {
            pg_error_message(answer.result, pg->error);
        }
        pg_answer_release(&answer);
    }
    return told;
}

struct pg_backend pg_backend(const struct pg *pg)
{
    return pg->backend;
}

int64_t pg_reckoned_now(const struct pg *pg)
{
    return clock_unix_us() + pg->clock_ahead_us;
}

enum status pg_now(struct pg *pg, struct scope *scope, int64_t *unix_us)
{
    const int64_t asked_us = boot_clock_us();
    enum status status = STATUS_OK;

    if (pg->clock_read_us == 0 || asked_us - pg->clock_read_us > PG_CLOCK_AGE_MAX_US) {
        struct pg_result *result = NULL;
        status = pg_exec(pg, scope, "clock", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", true,
                         NULL, 0, &result);
        if (status == STATUS_OK) {
            set_clock(pg, asked_us, pg_value(result, 0, 0));
        }
    }
    if (status == STATUS_OK) {
        *unix_us = pg_reckoned_now(pg);
    }
    return status;
}
