/* The part of a statement that moves an import on: "moved" has a row where it stood at its beginning and its job is held.
 * Begins with JOB_HELD_AS; ten parameters from the first one on. */
#ifndef IMPORT_MOVE_H
#define IMPORT_MOVE_H

#include "pg_array.h"
#include "store/import_store.h"

enum { IMPORT_MOVE_VALUES = 10 };

/* Which of the parameters are arrays, where the first one has that index. */
#define IMPORT_MOVE_ARRAYS(first) PG_ARRAYS((first) + 7, 2)

#define IMPORT_MOVE(id, fence, from, to, created, updated, unchanged, numbers, contents, differences)                  \
    JOB_HELD_AS(id, fence)                                                                                             \
    ", moved AS (UPDATE import SET place = " to "::bigint, created = created + " created "::bigint, "                  \
    "updated = updated + " updated "::bigint, unchanged = unchanged + " unchanged "::bigint, "                         \
    "failed = failed + cardinality(" numbers "::text[]), "                                                             \
    "differences = concat_ws(',', nullif(differences, ''), " differences "::text), touched_at = now() "                \
    "WHERE id = " id " AND place = " from "::bigint AND EXISTS (SELECT FROM held) RETURNING id), "                     \
    "noted AS (INSERT INTO import_error (import, number, content) "                                                    \
    "SELECT m.id, e.number, e.content FROM moved m, unnest(" numbers "::text[]::bigint[], " contents                   \
    "::text[]) e (number, content) ON CONFLICT DO NOTHING)"

/* The values of these parameters; the arrays are the caller's, to be freed in any case. False where one grew too large. */
MUST_CHECK bool import_move_values(struct scope *scope, const struct import_move *move, struct pg_array arrays[2],
                                   struct text values[IMPORT_MOVE_VALUES]);

#endif
