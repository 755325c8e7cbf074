/* Few: the rows are those of one filter that has few of them; they are sorted. */
#include "product_list_builder.h"

/* The index that has a filter's rows together. The order is read from it, so that a bound on the rows is one on the
 * entries that are looked at; of attributes alone there is no order. Equality is written as a range of one value: that has
 * an order, which no other index has, so that even of a table without statistics the right one is read. */
void list_add_few(struct list_builder *b, const char *limit)
{
    static const struct {
        enum list_parameter parameter;
        const char *from;
        const char *to;
        const char *order; /* NULL where the parameter comes once */
    } single[LIST_SOURCE_COUNT] = {
        [LIST_FEW_IDS] = {P_IDS, " AND id = ANY (", "::uuid[]) ORDER BY id", NULL},
        [LIST_FEW_SKU] = {P_SKU, " AND sku IS NOT NULL AND lower(sku) >= lower(", ") AND lower(sku) <= lower(",
                          ") ORDER BY lower(sku)"},
        [LIST_FEW_SEARCH] = {P_SEARCH_SOURCE, " AND search @@ (SELECT ", "::tsquery)", NULL},
        [LIST_FEW_GROUP] = {P_GROUP, " AND group_key IS NOT NULL AND group_key >= ", " AND group_key <= ",
                            " ORDER BY group_key, id"},
    };
    static const enum product_sort of[LIST_SOURCE_COUNT] = {
        [LIST_FEW_PRICES] = SORT_PRICE,
        [LIST_FEW_CREATED] = SORT_CREATED_AT,
        [LIST_FEW_UPDATED] = SORT_UPDATED_AT,
        [LIST_FEW_CATEGORY] = SORT_CREATED_AT,
    };

    if (b->source >= LIST_FEW_PRICES) {
        struct list_builder few = *b;

        few.sort = of[b->source];
        few.ascending = true;
        few.placed = false;
        list_add_streams(&few);
        list_add_order(&few);
        few.sort = b->sort;
        few.ascending = b->ascending;
        few.placed = b->placed;
        *b = few;
    } else if (b->source == LIST_FEW_BRANCH) {
        list_add(b, "(SELECT product.* FROM unnest(");
        list_add_parameter(b, P_BRANCH);
        list_add(b, "::uuid[]) c (category) CROSS JOIN ");
        list_add_status_rows(b);
        list_add(b,
                 " CROSS JOIN LATERAL (SELECT * FROM product WHERE category_id = c.category AND status = s.status AND "
                 "deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ");
        list_add(b, limit);
        list_add(b, ") product) product");
    } else {
        list_add(b, "product WHERE deleted_at IS NULL");
        if (single[b->source].from == NULL) {
            list_add_attributes(b);
        } else {
            list_add(b, single[b->source].from);
            list_add_parameter(b, single[b->source].parameter);
            list_add(b, single[b->source].to);
            if (single[b->source].order != NULL) {
                list_add_parameter(b, single[b->source].parameter);
                list_add(b, single[b->source].order);
            }
        }
    }
    list_add(b, " LIMIT ");
    list_add(b, limit);
}

void list_add_few_page(struct list_builder *b)
{
    list_add(b, "SELECT ");
    list_add_columns(b);
    list_add(b, " FROM (SELECT * FROM ");
    list_add_few(b, TEXT_OF(LIST_SCAN_MAX));
    list_add(b, ") product WHERE true");
    list_add_all_filters(b);
    list_add_place(b);
    list_add_order(b);
    list_add_limit(b);
}
