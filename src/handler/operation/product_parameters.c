/* The parameters of products: filters, order and view. */
#include "domain/product.h"
#include "domain/product_query.h"
#include "domain/search_text.h"
#include "operation_parts.h"

#define CHOICES(names) .choices = (names), .choice_count = sizeof(names) / sizeof((names)[0])
#define OF_FIELD(index) .schema = &product_schema, .field = (index)

static const char *const scopes[] = {"exact", "subtree"};
static const char *const expansions[] = {"category"};
static const char *const sorts[] = {"created_at", "-created_at", "updated_at", "-updated_at", "price",
                                    "-price",     "name",        "-name",      "relevance"};

/* --- filters --- */

static const struct parameter category_id = {.name = "category_id",
                                             .kind = PARAMETER_FIELD,
                                             OF_FIELD(PRODUCT_CATEGORY_ID),
                                             .prose = "only products of this category"};

static const struct parameter category_scope = {
    .name = "category_scope",
    .kind = PARAMETER_CHOICE,
    CHOICES(scopes),
    .default_value = "exact",
    .prose = "whether the categories below category_id count too; goes with it alone",
};

static const struct parameter min_price = {
    .name = "min_price", .kind = PARAMETER_DECIMAL, .example = "9.99", .prose = "only what costs this or more"};

static const struct parameter max_price = {
    .name = "max_price",
    .kind = PARAMETER_DECIMAL,
    .example = "50",
    .prose = "only what costs this or less; not below min_price",
};

static const struct parameter currency = {
    .name = "currency", .kind = PARAMETER_FIELD, OF_FIELD(PRODUCT_CURRENCY), .prose = "only prices in this currency"};

static const struct parameter status = {
    .name = "status",
    .kind = PARAMETER_FIELD_LIST,
    OF_FIELD(PRODUCT_STATUS),
    .default_value = "active",
    .prose = "only products of these statuses",
};

static const struct parameter sku = {.name = "sku",
                                     .kind = PARAMETER_FIELD,
                                     OF_FIELD(PRODUCT_SKU),
                                     .prose = "only the product with this sku, in any letter case"};

static const struct parameter group_key = {.name = "group_key",
                                           .kind = PARAMETER_FIELD,
                                           OF_FIELD(PRODUCT_GROUP_KEY),
                                           .prose = "only the variants with this group_key"};

static const struct parameter ids = {.name = "ids",
                                     .kind = PARAMETER_FIELD_LIST,
                                     OF_FIELD(PRODUCT_ID),
                                     .most = LIST_IDS_MAX,
                                     .prose = "only the products with these ids"};

static const struct parameter created_after = {
    .name = "created_after", .kind = PARAMETER_INSTANT, .prose = "only what was made later; a + is written %2B"};

static const struct parameter created_before = {
    .name = "created_before",
    .kind = PARAMETER_INSTANT,
    .prose = "only what was made earlier; later than created_after",
};

static const struct parameter updated_after = {
    .name = "updated_after", .kind = PARAMETER_INSTANT, .prose = "only what was changed later"};

static const struct parameter search = {
    .name = "q",
    .kind = PARAMETER_TEXT,
    .most = SEARCH_LENGTH_MAX,
    .example = "green tea -bag",
    .prose = "words, \"phrases\" and -exclusions to find in name, sku and description; the last word may be "
             "unfinished; a letter or digit must be in it",
};

static const struct parameter attribute = {
    .name = "attr.",
    .kind = PARAMETER_FAMILY,
    .most = LIST_ATTRIBUTES_MAX,
    .prose =
        "attr.<key>=<value>: only products whose attribute is that string, number or boolean, or has it in its array",
};

/* --- order and view --- */

static const struct parameter sort = {
    .name = "sort",
    .kind = PARAMETER_CHOICE,
    CHOICES(sorts),
    .default_value = "-created_at",
    .prose = "the order, - for descending; relevance goes with q",
};

static const struct parameter fields = {
    .name = "fields", .kind = PARAMETER_FIELDS, .schema = &product_schema, .prose = "only these fields"};

static const struct parameter expand = {
    .name = "expand", .kind = PARAMETER_CHOICE, CHOICES(expansions), .prose = "each product with its category in it"};

const struct parameter parameter_atomic = {
    .name = "atomic",
    .kind = PARAMETER_SWITCH,
    .default_value = "false",
    .prose = "all operations or none: one that cannot be done is a 400 that names it, and nothing is changed",
};

/* --- together --- */

#define FILTERS                                                                                                        \
    &category_id, &category_scope, &min_price, &max_price, &currency, &status, &sku, &group_key, &ids, &created_after, \
        &created_before, &updated_after, &search, &attribute

const struct parameter *const product_filter_parameters[] = {FILTERS, NULL};
const struct parameter *const product_list_parameters[] = {FILTERS, &sort, &parameter_limit, &parameter_cursor, &fields,
                                                           &expand, NULL};
const struct parameter *const product_export_parameters[] = {FILTERS, &fields, NULL};
const struct parameter *const product_view_parameters[] = {&fields, &expand, NULL};
