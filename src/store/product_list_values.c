/* Text and parameters of a list's statement: each value is bound once, when it is first named. */
#include "product_list_builder.h"

#include "domain/attribute.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* {"key": value}, as JSON. The value is quoted unless raw. */
static char *put_pair(char *at, const struct attribute_filter *attribute, const char *before, const char *after)
{
    static const char hex[] = "0123456789abcdef";
    const bool raw = before[0] == '\0';

    *at++ = '{';
    *at++ = '"';
    at = mempcpy(at, attribute->key.data, attribute->key.length);
    at = stpcpy(stpcpy(at, "\":"), before);
    for (size_t i = 0; i < attribute->value.length; i++) {
        const char c = attribute->value.data[i];
        if (!raw && (c == '"' || c == '\\')) {
            *at++ = '\\';
            *at++ = c;
        } else if (!raw && (unsigned char)c < 0x20) {
            at = stpcpy(at, "\\u00");
            *at++ = hex[(unsigned char)c >> 4U];
            *at++ = hex[(unsigned char)c & 0xFU];
        } else {
            *at++ = c;
        }
    }
    at = stpcpy(at, after);
    *at++ = '}';
    return at;
}

/* What an attribute may be to match, as an array of JSON documents that it then contains: the string, an array with it,
 * and the number or boolean that is spelled so. */
static struct text attribute_value(struct arena *arena, const struct attribute_filter *attribute)
{
    const struct text value = attribute->value;
    char *made = arena_alloc(arena, 3 * (attribute->key.length + 6 * value.length + 16));
    char *at = made;

    *at++ = '[';
    at = put_pair(at, attribute, "\"", "\"");
    *at++ = ',';
    at = put_pair(at, attribute, "[\"", "\"]");
    if (text_equal(value, TEXT("true")) || text_equal(value, TEXT("false")) || attribute_number_valid(value)) {
        *at++ = ',';
        at = put_pair(at, attribute, "", "");
    }
    *at++ = ']';
    return (struct text){.data = made, .length = (size_t)(at - made)};
}

static struct text ids_value(struct arena *arena, const struct product_filter *filter)
{
    size_t length = 2;
    for (size_t i = 0; i < filter->id_count; i++) {
        length += filter->ids[i].length + 1;
    }
    char *made = arena_alloc(arena, length);
    char *at = made;
    for (size_t i = 0; i < filter->id_count; i++) {
        *at++ = i == 0 ? '{' : ',';
        at = mempcpy(at, filter->ids[i].data, filter->ids[i].length);
    }
    *at++ = '}';
    return (struct text){.data = made, .length = (size_t)(at - made)};
}

/* The value of a parameter; absent for a filter that was not given. */
static struct text value_of(const struct list_builder *b, size_t parameter)
{
    const struct product_filter *filter = b->filter;

    switch (parameter) {
    case P_CATEGORY:
        return filter->category_id;
    case P_BRANCH:
        return b->request->branch;
    case P_MIN_PRICE:
        return filter->min_price;
    case P_MAX_PRICE:
        return filter->max_price;
    case P_CURRENCY:
        return filter->currency;
    case P_SKU:
        return filter->sku;
    case P_GROUP:
        return filter->group_key;
    case P_IDS:
        return filter->id_count > 0 ? ids_value(b->arena, filter) : TEXT_ABSENT;
    case P_CREATED_AFTER:
        return filter->created_after;
    case P_CREATED_BEFORE:
        return filter->created_before;
    case P_UPDATED_AFTER:
        return filter->updated_after;
    case P_SEARCH:
        return b->request->search->match;
    case P_SEARCH_SOURCE:
        return b->request->search->source;
    case P_SEARCH_WANTED:
        return b->request->search->wanted;
    case P_SEARCH_EXACT:
        return b->request->search->exact;
    case P_KEY:
        return cursor_key(&b->request->query->cursor);
    case P_ID:
        return text_of(b->request->query->cursor.id);
    case P_LIMIT:
        /* One more than asked for tells whether another page follows. */
        return arena_printf(b->arena, "%u", b->request->query->limit + 1);
    default:
        return parameter - P_ATTRIBUTE < filter->attribute_count
                   ? attribute_value(b->arena, &filter->attributes[parameter - P_ATTRIBUTE])
                   : TEXT_ABSENT;
    }
}

void list_add(struct list_builder *b, const char *sql)
{
    const size_t length = strlen(sql);
    const size_t left = (size_t)(b->statement->sql + LIST_SQL_MAX - b->end);

    assert(length < left);
    memcpy(b->end, sql, length + 1);
    b->end += length;
}

void list_add_parameter(struct list_builder *b, size_t parameter)
{
    char text[16];

    if (b->number[parameter] == 0) {
        b->statement->values[b->statement->count++] = value_of(b, parameter);
        b->number[parameter] = (unsigned)b->statement->count;
    }
    (void)snprintf(text, sizeof text, "$%u", b->number[parameter]);
    list_add(b, text);
}
