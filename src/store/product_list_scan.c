/* Scan: the rows come from an index that has them in the order of the list. */
#include "product_list_builder.h"

#include "domain/product.h"

#include <stdio.h>

/* Each of several stretches has its order and its bound, so that the planner merges them instead of sorting them
 * together. */
void list_add_streams(struct list_builder *b, const char *columns)
{
    const uint32_t statuses = product_filter_statuses(b->filter);
    const bool several = (statuses & (statuses - 1)) != 0;
    bool first = true;

    for (size_t i = 0; i < product_status_count; i++) {
        if ((statuses & UINT32_C(1) << i) != 0) {
            if (several) {
                list_add(b, first ? "((SELECT " : " UNION ALL (SELECT ");
                list_add(b, columns);
                list_add(b, " FROM ");
            }
            list_add(b, "product WHERE ");
            list_add_stretch(b, product_statuses[i]);
            if (several) {
                list_add_order(b);
                list_add(b, " LIMIT ");
                list_add(b, b->scan_max);
                list_add(b, ")");
            }
            first = false;
        }
    }
    if (several) {
        list_add(b, ") product");
    }
}

void list_add_scanned(struct list_builder *b)
{
    list_add(b, "(SELECT * FROM ");
    list_add_streams(b, "*");
    list_add_order(b);
    list_add(b, " LIMIT ");
    list_add(b, b->scan_max);
    list_add(b, ") product");
}

/* The id of the last row that is looked at, which the index has by itself. */
static void add_stop(struct list_builder *b)
{
    char columns[32];

    (void)snprintf(columns, sizeof columns, "%s, id", list_order_column(b->sort));
    list_add(b, "(SELECT id FROM ");
    list_add_streams(b, columns);
    list_add_order(b);
    list_add(b, " OFFSET ");
    list_add(b, b->scan_max);
    list_add(b, " - 1 LIMIT 1)");
}

void list_add_scan_page(struct list_builder *b)
{
    if (!list_has_residue(b)) {
        list_add(b, "SELECT ");
        list_add_columns(b);
        list_add(b, " FROM ");
        list_add_streams(b, "*");
        list_add_order(b);
        list_add_limit(b);
        return;
    }
    b->statement->has_stop = true;
    list_add(b, "(SELECT ");
    list_add_columns(b);
    list_add(b, ", false FROM ");
    list_add_scanned(b);
    list_add(b, " WHERE ");
    list_add_residue(b);
    list_add_order(b);
    list_add_limit(b);
    list_add(b, ") UNION ALL (SELECT ");
    list_add_columns(b);
    list_add(b, ", true FROM product WHERE id = ");
    add_stop(b);
    list_add(b, ")");
    list_add_limit(b);
}
