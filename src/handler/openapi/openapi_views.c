/* Schemas of what lists show beside whole products: parts of them, and facets. */
#include "openapi.h"

#include "domain/category.h"
#include "domain/product.h"
#include "domain/product_facets.h"

static void write_part(struct document *document)
{
    document_object(document, "ProductPart");
    document_text(document, "type", "object");
    document_text(document, "description",
                  "The fields of a product that were asked for, and its category with expand.");
    document_object(document, "properties");
    for (size_t i = 0; i < product_schema.count; i++) {
        document_object(document, product_schema.fields[i].name);
        document_field_members(document, &product_schema, i, FIELD_IN_ANSWER);
        document_end_object(document);
    }
    document_object(document, "category");
    document_array(document, "oneOf");
    document_ref(document, NULL, "schemas", "Category");
    document_object(document, NULL);
    document_text(document, "type", "null");
    document_end_object(document);
    document_end_array(document);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);

    document_object(document, "ProductView");
    document_text(document, "description", "A product, or with fields or expand the part of it that was asked for.");
    document_array(document, "anyOf");
    document_ref(document, NULL, "schemas", "Product");
    document_ref(document, NULL, "schemas", "ProductPart");
    document_end_array(document);
    document_end_object(document);
}

/* --- facets --- */

/* An array of at most `most` objects, whose members the caller writes before it closes it. */
static void open_list(struct document *document, const char *name, const char *const *required, size_t count,
                      int64_t most)
{
    document_object(document, name);
    document_text(document, "type", "array");
    document_integer(document, "maxItems", most);
    document_object(document, "items");
    document_text(document, "type", "object");
    document_names(document, "required", required, count);
    document_object(document, "properties");
}

static void close_list(struct document *document)
{
    document_member(document, "count", "integer", NULL);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
}

static void write_field(struct document *document, const char *name, const struct schema *schema, size_t field)
{
    document_object(document, name);
    document_field_members(document, schema, field, FIELD_IN_PARAMETER);
    document_end_object(document);
}

static void write_attributes(struct document *document)
{
    static const char *const required[] = {"key", "count", "values"};
    static const char *const value[] = {"value", "count"};

    open_list(document, "attributes", required, 3, FACET_KEYS_MAX);
    document_member(document, "key", "string", NULL);
    open_list(document, "values", value, 2, FACET_VALUES_MAX);
    document_object(document, "value");
    document_array(document, "type");
    document_text(document, NULL, "string");
    document_text(document, NULL, "number");
    document_text(document, NULL, "boolean");
    document_end_array(document);
    document_end_object(document);
    close_list(document);
    close_list(document);
}

static void write_facets(struct document *document)
{
    static const char *const required[] = {"complete", "count", "categories", "statuses", "prices", "attributes"};
    static const char *const category[] = {"id", "name", "count"};
    static const char *const status[] = {"status", "count"};
    static const char *const price[] = {"currency", "min", "max", "count"};

    document_object(document, "Facets");
    document_text(document, "type", "object");
    document_names(document, "required", required, 6);
    document_object(document, "properties");
    document_member(document, "complete", "boolean", "false: not all products that match were looked at");
    document_member(document, "count", "integer", "products that match, of those looked at");
    open_list(document, "categories", category, 3, FACET_CATEGORIES_MAX);
    write_field(document, "id", &category_schema, CATEGORY_ID);
    document_object(document, "name");
    document_array(document, "type");
    document_text(document, NULL, "string");
    document_text(document, NULL, "null");
    document_end_array(document);
    document_end_object(document);
    close_list(document);
    open_list(document, "statuses", status, 2, (int64_t)product_status_count);
    write_field(document, "status", &product_schema, PRODUCT_STATUS);
    close_list(document);
    open_list(document, "prices", price, 4, FACET_PRICES_MAX);
    write_field(document, "currency", &product_schema, PRODUCT_CURRENCY);
    write_field(document, "min", &product_schema, PRODUCT_PRICE);
    write_field(document, "max", &product_schema, PRODUCT_PRICE);
    close_list(document);
    write_attributes(document);
    document_end_object(document);
    document_end_object(document);
}

void document_views(struct document *document)
{
    write_part(document);
    write_facets(document);
}
