/* Statements held against the bound on the rows that they look at: by their generic plan, and by what they do when they are
 * run. */
#ifndef TESTS_PLAN_CHECK_H
#define TESTS_PLAN_CHECK_H

#include "../../../src/store/product_list_sql.h"
#include "../database.h"

/* Why a plan might look at more rows than it may, or NULL. bounded: the rows that are taken from the node are limited by
 * a node above it, and not because others are left out.
 *
 * Every scan of product must have a condition on its index, hold nothing against rows that the index did not find, and
 * be bounded, unless it looks up single rows. Only the indexes of attributes and of words are read into a
 * bitmap. */
static const char check_functions[] =
    "CREATE FUNCTION node_fault(node jsonb, bounded boolean) RETURNS text LANGUAGE plpgsql AS $f$\n"
    "DECLARE\n"
    "    kind text := node->>'Node Type';\n"
    "    of_index text := node->>'Index Name';\n"
    "    single boolean := of_index IN ('product_pkey', 'product_sku_taken');\n"
    "    child jsonb;\n"
    "    fault text;\n"
    "BEGIN\n"
    "    IF node->>'Relation Name' = 'product' THEN\n"
    "        IF kind NOT IN ('Index Scan', 'Index Only Scan', 'Bitmap Heap Scan') THEN\n"
    "            RETURN kind || ' on product';\n"
    "        END IF;\n"
    "        IF kind <> 'Bitmap Heap Scan' AND node->>'Index Cond' IS NULL THEN\n"
    "            RETURN 'the whole of ' || of_index;\n"
    "        END IF;\n"
    "        IF NOT coalesce(single, false) AND NOT bounded THEN\n"
    "            RETURN kind || ' without a bound';\n"
    "        END IF;\n"
    "        IF NOT coalesce(single, false) AND node ? 'Filter' THEN\n"
    "            RETURN kind || ' with a filter: ' || (node->>'Filter');\n"
    "        END IF;\n"
    "    ELSIF kind = 'Bitmap Index Scan' THEN\n"
    "        IF of_index NOT IN ('product_by_attribute', 'product_by_word', 'product_pkey', 'product_sku_taken')\n"
    "            OR node->>'Index Cond' IS NULL THEN\n"
    "            RETURN 'a bitmap of ' || of_index;\n"
    "        END IF;\n"
    "    END IF;\n"
    "    bounded := CASE WHEN kind = 'Limit' THEN true\n"
    "        WHEN node ? 'Filter' OR kind IN ('Sort', 'Incremental Sort', 'Aggregate', 'Hash', 'Unique') THEN false\n"
    "        ELSE bounded END;\n"
    "    FOR child IN SELECT jsonb_array_elements(node->'Plans') LOOP\n"
    "        fault := node_fault(child, bounded AND child->>'Parent Relationship' NOT IN ('InitPlan', 'SubPlan'));\n"
    "        IF fault IS NOT NULL THEN\n"
    "            RETURN fault;\n"
    "        END IF;\n"
    "    END LOOP;\n"
    "    RETURN NULL;\n"
    "END $f$;\n"
    /* What the generic plan of a statement is, whatever its parameters are. */
    "CREATE FUNCTION plan_fault(statement text, parameters text) RETURNS text LANGUAGE plpgsql AS $f$\n"
    "DECLARE\n"
    "    plan json;\n"
    "    fault text;\n"
    "BEGIN\n"
    "    EXECUTE 'PREPARE checked AS ' || statement;\n"
    "    EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE checked' || parameters INTO plan;\n"
    "    DEALLOCATE checked;\n"
    "    fault := node_fault((plan->0->'Plan')::jsonb, false);\n"
    "    RETURN fault || E'\\n' || statement || E'\\n' || plan::text;\n"
    "END $f$;\n"
    /* The most rows that one node took from product or sorted, when the statement was run. */
    "CREATE FUNCTION rows_of(statement text, parameters text) RETURNS bigint LANGUAGE plpgsql AS $f$\n"
    "DECLARE\n"
    "    plan json;\n"
    "    most bigint;\n"
    "BEGIN\n"
    "    EXECUTE 'PREPARE checked AS ' || statement;\n"
    "    EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE checked' || parameters INTO plan;\n"
    "    DEALLOCATE checked;\n"
    "    SELECT max(((node->>'Actual Rows')::numeric + coalesce((node->>'Rows Removed by Filter')::numeric, 0)\n"
    "                + coalesce((node->>'Rows Removed by Index Recheck')::numeric, 0))\n"
    "               * (node->>'Actual Loops')::numeric) INTO most\n"
    "    FROM jsonb_path_query(plan::jsonb, 'strict $.**{0 to last} ? (exists(@.\"Node Type\"))') node\n"
    "    WHERE node->>'Relation Name' IN ('product', 'category') OR node->>'Node Type' = 'Sort';\n"
    "    RETURN most;\n"
    "END $f$;\n";

/* The values of a statement as arguments of EXECUTE, in brackets where there are any. */
static inline struct text arguments_of(struct arena *arena, const struct list_statement *statement)
{
    struct text arguments = TEXT("");
    for (size_t i = 0; i < statement->count; i++) {
        arguments = arena_printf(arena, "%.*s%s'%.*s'%s", TEXT_PRINT(arguments), i > 0 ? ", " : "(",
                                 TEXT_PRINT(statement->values[i]), i + 1 == statement->count ? ")" : "");
    }
    return arguments;
}

static inline bool ask_about(struct database *database, const char *name, const char *question,
                             const struct list_statement *statement, struct text *answer)
{
    const struct text values[] = {text_of(statement->sql), arguments_of(database->scope.arena, statement)};
    struct pg_result *result = NULL;
    if (pg_exec(database->pg, &database->scope, name, question, true, values, 2, &result) != STATUS_OK) {
        return false;
    }
    *answer = pg_value(result, 0, 0);
    return true;
}

/* Fails where the plan of a statement might look at more rows than it may. */
static inline void check_plan(struct database *database, const struct list_statement *statement)
{
    struct text fault = TEXT_ABSENT;
    if (!ask_about(database, "plan_fault", "SELECT plan_fault($1, $2)", statement, &fault)) {
        fail_msg("cannot be planned: %s", statement->sql);
    }
    if (fault.data != NULL) {
        fail_msg("%.*s", TEXT_PRINT(fault));
    }
}

/* Fails where it did so when it was run. */
static inline void check_run(struct database *database, const struct list_statement *statement)
{
    uint64_t rows = 0;
    struct text answer = TEXT_ABSENT;
    if (!ask_about(database, "rows_of", "SELECT rows_of($1, $2)", statement, &answer) || !text_to_u64(answer, &rows) ||
        rows > LIST_SCAN_MAX + 1) {
        fail_msg("%.*s rows: %s", TEXT_PRINT(answer), statement->sql);
    }
}

#endif
