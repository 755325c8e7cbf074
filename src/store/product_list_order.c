/* The orders of a list: the column behind each, the place in it where a page begins, and what a page shows. */
#include "product_list_builder.h"

#include "domain/product.h"

static const struct {
    const char *column;
    size_t at; /* of the columns of a row */
    bool by_category;
} orders[SORT_COUNT] = {
    [SORT_CREATED_AT] = {"created_at", PRODUCT_CREATED_AT, true},
    [SORT_UPDATED_AT] = {"updated_at", PRODUCT_UPDATED_AT, false},
    [SORT_PRICE] = {"price", PRODUCT_PRICE, true},
    [SORT_NAME] = {"name_order", PRODUCT_FIELD_COUNT, true},
    [SORT_RELEVANCE] = {"rank", PRODUCT_FIELD_COUNT, false},
};

size_t list_key_column(enum product_sort sort)
{
    return orders[sort].at;
}

bool list_order_by_category(enum product_sort sort)
{
    return orders[sort].by_category;
}

bool list_backward(const struct product_query *query)
{
    return query->has_cursor && query->cursor.backward;
}

const char *list_order_column(enum product_sort sort)
{
    return orders[sort].column;
}

void list_add_columns(struct list_builder *b)
{
    for (size_t i = 0; i < product_schema.count; i++) {
        list_add(b, i == 0 ? "" : ", ");
        list_add(b, product_schema.fields[i].name);
    }
    if (orders[b->sort].at >= product_schema.count) {
        list_add(b, ", ");
        list_add(b, orders[b->sort].column);
    }
}

void list_add_place(struct list_builder *b)
{
    if (!b->placed) {
        return;
    }
    list_add(b, " AND (");
    list_add(b, orders[b->sort].column);
    list_add(b, b->ascending ? ", id) >" : ", id) <");
    list_add(b, b->request->query->cursor.inclusive ? "= (" : " (");
    list_add_parameter(b, P_KEY);
    list_add(b, ", ");
    list_add_parameter(b, P_ID);
    list_add(b, ")");
}

/* Each is looked up: of a join the planner may think, as long as the table is small, that to read all of it costs less. */
void list_add_page_rows(struct list_builder *b)
{
    list_add(b, " CROSS JOIN LATERAL (SELECT * FROM product WHERE id = page_id OFFSET 0) product");
}

void list_add_order(struct list_builder *b)
{
    list_add(b, " ORDER BY ");
    list_add(b, orders[b->sort].column);
    list_add(b, b->ascending ? ", id" : " DESC, id DESC");
}

void list_add_limit(struct list_builder *b)
{
    list_add(b, " LIMIT ");
    list_add_parameter(b, P_LIMIT);
}
