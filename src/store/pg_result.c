/* Rows: kept until the arena is reset, and lent to callers without a copy. */
#include "pg_internal.h"

#include "base/arena.h"

#include <stdlib.h>

static void release(void *whole)
{
    PQclear(whole);
}

struct pg_result *pg_result_take(struct arena *arena, struct pg_answer *answer)
{
    struct pg_result *result = arena_alloc(arena, sizeof(*result));
    *result = (struct pg_result){.whole = answer->result, .row = answer->row, .row_count = answer->row_count};
    *answer = (struct pg_answer){0};
    arena_defer(arena, release, result->whole);
    return result;
}

size_t pg_rows(const struct pg_result *result)
{
    return result->row != NULL ? result->row_count : (size_t)PQntuples(result->whole);
}

uint64_t pg_affected(const struct pg_result *result)
{
    return strtoull(PQcmdTuples(result->whole), NULL, 10);
}

struct text pg_value(const struct pg_result *result, size_t row, size_t column)
{
    const int at = (int)row;
    const int field = (int)column;

    if (result->row != NULL) {
        return result->row[row][column];
    }
    /* A null has no length; most values have one, and need not be asked. */
    const int length = PQgetlength(result->whole, at, field);
    if (length == 0 && PQgetisnull(result->whole, at, field)) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = PQgetvalue(result->whole, at, field), .length = (size_t)length};
}

bool pg_is_true(const struct pg_result *result, size_t row, size_t column)
{
    return text_equal(pg_value(result, row, column), TEXT("t"));
}

uint64_t pg_number(const struct pg_result *result, size_t row, size_t column)
{
    uint64_t number = 0;

    (void)text_to_u64(pg_value(result, row, column), &number);
    return number;
}

struct text pg_decimal(struct scope *scope, uint64_t number)
{
    return arena_printf(scope->arena, "%llu", (unsigned long long)number);
}
