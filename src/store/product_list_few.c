/* Few: the rows are those of one filter that has few of them; they are sorted. */
#include "product_list_builder.h"

/* In which order the range of a source is a stretch. */
static const enum product_sort of[LIST_SOURCE_COUNT] = {
    [LIST_FEW_PRICES] = SORT_PRICE,
    [LIST_FEW_CREATED] = SORT_CREATED_AT,
    [LIST_FEW_UPDATED] = SORT_UPDATED_AT,
    [LIST_FEW_CATEGORY] = SORT_CREATED_AT,
};

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
        [LIST_FEW_CURRENCY] = {P_CURRENCY, " AND currency >= ", " AND currency <= ", " ORDER BY currency"},
    };

    if (b->source >= LIST_FEW_PRICES) {
        struct list_builder few = *b;

        few.sort = of[b->source];
        few.ascending = true;
        few.placed = false;
        list_add_streams(&few, "*");
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
            list_add_indexed_attributes(b);
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

/* The values are seen by the planner, which knows how common they are. */
void list_add_guess(struct list_builder *b)
{
    list_add(b, " FROM product WHERE deleted_at IS NULL");
    switch (b->source) {
    case LIST_FEW_GROUP:
        list_add(b, " AND group_key = ");
        list_add_parameter(b, P_GROUP);
        break;
    case LIST_FEW_SEARCH:
        list_add(b, " AND search @@ ");
        list_add_parameter(b, P_SEARCH_SOURCE);
        list_add(b, "::tsquery");
        break;
    case LIST_FEW_ATTRIBUTES:
        list_add_indexed_attributes(b);
        break;
    case LIST_FEW_CURRENCY:
        list_add(b, " AND currency = ");
        list_add_parameter(b, P_CURRENCY);
        break;
    case LIST_FEW_CATEGORY:
        list_add_status_condition(b);
        list_add_category(b);
        break;
    case LIST_FEW_PRICES:
    case LIST_FEW_CREATED:
    case LIST_FEW_UPDATED:
        list_add_status_condition(b);
        list_add_ordered_comparisons(b, of[b->source]);
        break;
    case LIST_SCAN:
    case LIST_MERGE:
    case LIST_FEW_IDS:
    case LIST_FEW_SKU:
    case LIST_FEW_BRANCH:
    case LIST_SOURCE_COUNT:
    default:
        break;
    }
}

/* Only the keys are sorted, as they may be many, and the rows of the page are read anew. */
void list_add_sorted_page(struct list_builder *b)
{
    b->statement->has_stop = true;
    list_add(b, "WITH taken AS (SELECT * FROM ");
    list_add_few(b, TEXT_OF(LIST_SCAN_MAX) " + 1");
    list_add(b, "), few AS MATERIALIZED (SELECT ");
    list_add(b, list_order_column(b->sort));
    list_add(b, " AS key, id, (true");
    list_add_all_filters(b);
    list_add_place(b);
    list_add(b, ") IS TRUE AS matches FROM taken product), beyond AS MATERIALIZED (SELECT id FROM few OFFSET " TEXT_OF(
                    LIST_SCAN_MAX) ") (SELECT ");
    list_add_columns(b);
    list_add(b,
             ", false FROM (SELECT id AS page_id FROM few WHERE matches AND NOT EXISTS (SELECT FROM beyond) ORDER BY ");
    list_add(b, b->ascending ? "key, id" : "key DESC, id DESC");
    list_add_limit(b);
    list_add(b, ") page");
    list_add_page_rows(b);
    list_add_order(b);
    list_add(b, ") UNION ALL (SELECT ");
    list_add_columns(b);
    list_add(b, ", true FROM product WHERE id = (SELECT id FROM beyond))");
}
