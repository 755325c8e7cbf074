/* Facets to JSON. */
#include "json/facets.h"

#include "json/writer.h"

static void write_count(struct strbuf *out, bool *first, uint64_t count)
{
    json_write_key(out, first, "count");
    strbuf_append_u64(out, count);
}

static void write_category(struct strbuf *out, const struct facet *facet)
{
    bool first = true;

    json_write_member(out, &first, "id", facet->key);
    json_write_member(out, &first, "name", facet->value);
    write_count(out, &first, facet->count);
}

static void write_status(struct strbuf *out, const struct facet *facet)
{
    bool first = true;

    json_write_member(out, &first, "status", facet->key);
    write_count(out, &first, facet->count);
}

static void write_price(struct strbuf *out, const struct facet *facet)
{
    bool first = true;

    json_write_member(out, &first, "currency", facet->key);
    json_write_member(out, &first, "min", facet->low);
    json_write_member(out, &first, "max", facet->high);
    write_count(out, &first, facet->count);
}

/* One value of an attribute; the database has written it as JSON. */
static void write_value(struct strbuf *out, const struct facet *facet)
{
    bool first = true;

    json_write_key(out, &first, "value");
    strbuf_append_text(out, facet->value);
    write_count(out, &first, facet->count);
}

/* The facets of a kind from at on, as an array of objects; returns where those of the next kind begin. */
static size_t write_list(struct strbuf *out, const struct product_facets *facets, size_t at, enum facet_kind kind,
                         void (*write)(struct strbuf *, const struct facet *))
{
    const char *before = "[{";

    for (; at < facets->facet_count && facets->facet[at].kind == kind; at++) {
        strbuf_append_text(out, text_of(before));
        write(out, &facets->facet[at]);
        strbuf_append_char(out, '}');
        before = ",{";
    }
    strbuf_append_text(out, before[0] == '[' ? TEXT("[]") : TEXT("]"));
    return at;
}

/* The values of the attribute at at. */
static size_t write_attribute(struct strbuf *out, const struct product_facets *facets, size_t at)
{
    const struct facet *attribute = &facets->facet[at];
    bool first = true;

    json_write_member(out, &first, "key", attribute->key);
    write_count(out, &first, attribute->key_count);
    json_write_key(out, &first, "values");
    for (const char *before = "[{"; at < facets->facet_count && text_equal(facets->facet[at].key, attribute->key);
         before = ",{", at++) {
        strbuf_append_text(out, text_of(before));
        write_value(out, &facets->facet[at]);
        strbuf_append_char(out, '}');
    }
    strbuf_append_char(out, ']');
    return at;
}

static void write_attributes(struct strbuf *out, const struct product_facets *facets, size_t at)
{
    const char *before = "[{";

    while (at < facets->facet_count) {
        strbuf_append_text(out, text_of(before));
        at = write_attribute(out, facets, at);
        strbuf_append_char(out, '}');
        before = ",{";
    }
    strbuf_append_text(out, before[0] == '[' ? TEXT("[]") : TEXT("]"));
}

void json_write_facets(struct strbuf *out, const struct product_facets *facets)
{
    bool first = true;
    size_t at = 0;

    strbuf_append_char(out, '{');
    json_write_key(out, &first, "complete");
    strbuf_append_text(out, facets->complete ? TEXT("true") : TEXT("false"));
    write_count(out, &first, facets->count);
    json_write_key(out, &first, "categories");
    at = write_list(out, facets, at, FACET_CATEGORY, write_category);
    json_write_key(out, &first, "statuses");
    at = write_list(out, facets, at, FACET_STATUS, write_status);
    json_write_key(out, &first, "prices");
    at = write_list(out, facets, at, FACET_PRICE, write_price);
    json_write_key(out, &first, "attributes");
    write_attributes(out, facets, at);
    strbuf_append_char(out, '}');
}
