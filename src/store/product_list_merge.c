/* Merge: the rows come from the stretches of several categories, each of which an index has in the order of the list. */
#include "product_list_builder.h"

/* Rows taken from each category of a subtree, in pages, where filters are held against them. */
#define MERGE_PAGES 20

void list_add_merged_page(struct list_builder *b)
{
    const char *key = list_order_column(b->sort);
    const char *order = b->ascending ? "key, id" : "key DESC, id DESC";

    b->statement->has_stop = true;
    list_add(b, "WITH stream AS MATERIALIZED (SELECT c.category, s.status FROM unnest(");
    list_add_parameter(b, P_BRANCH);
    list_add(b, "::uuid[]) c (category), ");
    list_add_status_rows(b);
    list_add(b, "), quota AS MATERIALIZED (SELECT greatest(1, least(");
    list_add_parameter(b, P_LIMIT);
    list_add(b, list_has_residue(b) ? "::bigint * " TEXT_OF(MERGE_PAGES) : "::bigint");
    list_add(b, ", ");
    list_add(b, b->scan_max);
    list_add(b, " / greatest(1, count(*)))) AS size FROM stream), "
                "scanned AS MATERIALIZED (SELECT taken.* FROM stream CROSS JOIN LATERAL (SELECT ");
    list_add(b, key);
    list_add(b, " AS key, id, row_number() OVER () AS place, (");
    list_add_residue(b);
    list_add(b,
             ") AS matches FROM (SELECT * FROM product WHERE category_id = stream.category AND status = stream.status "
             "AND deleted_at IS NULL");
    list_add_range(b);
    list_add_order(b);
    list_add(b, " LIMIT (SELECT size FROM quota)) product) taken), "
                "stop AS MATERIALIZED (SELECT key, id FROM scanned WHERE place = (SELECT size FROM quota) ORDER BY ");
    list_add(b, order);
    list_add(b, " LIMIT 1) (SELECT ");
    list_add_columns(b);
    list_add(b,
             ", false FROM (SELECT key, id AS page_id FROM scanned WHERE matches IS TRUE AND (NOT EXISTS (SELECT FROM "
             "stop) OR (key, id) ");
    list_add(b, b->ascending ? "<=" : ">=");
    list_add(b, " (SELECT key, id FROM stop)) ORDER BY ");
    list_add(b, order);
    list_add_limit(b);
    list_add(b, ") page");
    list_add_page_rows(b);
    list_add_order(b);
    list_add(b, ") UNION ALL (SELECT ");
    list_add_columns(b);
    list_add(b, ", true FROM product WHERE id = (SELECT id FROM stop))");
    list_add_limit(b);
}
