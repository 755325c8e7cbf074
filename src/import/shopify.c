/* Products as Shopify exports them: a record for each variant, and for each further image, of a product. Those of one Handle
 * follow each other, and only the first has what they share. Each variant becomes a product of its own, with the handle as
 * its group_key, the title and the values of its options as its name, and all images of the product, its own first.
 *
 *   Handle                     group_key; one that is too long for it is cut, and a hash put behind
 *   Title, Option<n> Value     name: "Oolong - 100 g / Tin"
 *   Option<n> Name and Value   attributes, under the option's name
 *   Body (HTML)                description, as it is
 *   Vendor, Type, Tags         attributes vendor, product_type and tags; Type is also the category where the import names none
 *   Variant SKU, Variant Price sku, price
 *   Variant Compare At Price, Variant Barcode, Variant Grams   attributes compare_at_price, barcode and weight_g
 *   Image Src, Variant Image   images
 *   Status, or else Published  status
 *
 * The rest is left out: this is no shop. */
#include "file_internal.h"

#include "base/hash.h"
#include "base/memory.h"
#include "domain/attribute.h"
#include "json/writer.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS 3
#define VARIANTS_MAX 2048 /* as many as Shopify lets a product have */
#define GROUP_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define GROUP_BLOCK ((size_t)16 * 1024)
#define GROUP_KEY_MAX 64
#define GROUP_KEY_CUT 47 /* and a hyphen, and a hash of 16 digits */
#define TAGS_MAX ATTRIBUTE_STRINGS_MAX

enum column {
    HANDLE,
    TITLE,
    BODY,
    VENDOR,
    TYPE,
    TAGS,
    PUBLISHED,
    OPTION1_NAME,
    OPTION2_NAME,
    OPTION3_NAME,
    OPTION1_VALUE,
    OPTION2_VALUE,
    OPTION3_VALUE,
    SKU,
    GRAMS,
    PRICE,
    COMPARE_AT,
    BARCODE,
    IMAGE,
    VARIANT_IMAGE,
    STATUS,
    COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {
    [HANDLE] = "Handle",
    [TITLE] = "Title",
    [BODY] = "Body (HTML)",
    [VENDOR] = "Vendor",
    [TYPE] = "Type",
    [TAGS] = "Tags",
    [PUBLISHED] = "Published",
    [OPTION1_NAME] = "Option1 Name",
    [OPTION2_NAME] = "Option2 Name",
    [OPTION3_NAME] = "Option3 Name",
    [OPTION1_VALUE] = "Option1 Value",
    [OPTION2_VALUE] = "Option2 Value",
    [OPTION3_VALUE] = "Option3 Value",
    [SKU] = "Variant SKU",
    [GRAMS] = "Variant Grams",
    [PRICE] = "Variant Price",
    [COMPARE_AT] = "Variant Compare At Price",
    [BARCODE] = "Variant Barcode",
    [IMAGE] = "Image Src",
    [VARIANT_IMAGE] = "Variant Image",
    [STATUS] = "Status",
};

struct variant {
    uint64_t line;
    struct text value[COLUMN_COUNT]; /* its own; those that are shared stand in the group */
    struct text flaw;
};

struct shopify {
    size_t place[COLUMN_COUNT]; /* of the column; count of columns where it is missing */
    size_t columns;
    struct arena *arena; /* of the product whose records come */
    bool open;
    struct text shared[COLUMN_COUNT];
    struct text images[IMAGES_MAX];
    size_t image_count;
    struct variant *variants;
    size_t variant_count;
    size_t variant_capacity;
};

/* --- columns --- */

static bool has(const struct shopify *shopify, enum column column)
{
    return shopify->place[column] < shopify->columns;
}

struct shopify *shopify_recognise(struct import_file *file, const struct csv_record *record)
{
    struct shopify *shopify = memory_new(1, sizeof *shopify);

    (void)file;
    shopify->columns = record->count;
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        size_t at = 0;
        while (at < record->count &&
               !text_equal_ignoring_case(text_trim_ows(record->values[at].text), text_of(names[column]))) {
            at++;
        }
        shopify->place[column] = at;
    }
    if (!has(shopify, HANDLE) || !has(shopify, TITLE) || !has(shopify, PRICE)) {
        free(shopify);
        return NULL;
    }
    shopify->arena = arena_new(GROUP_BLOCK);
    return shopify;
}

void shopify_free(struct shopify *shopify)
{
    if (shopify != NULL) {
        arena_free(shopify->arena);
        free(shopify);
    }
}

/* Trimmed; absent where there is nothing. */
static struct text value_of(const struct shopify *shopify, const struct csv_record *record, enum column column)
{
    const size_t at = shopify->place[column];
    const struct text value = at < record->count ? text_trim_ows(record->values[at].text) : TEXT("");

    return value.length > 0 ? value : TEXT_ABSENT;
}

/* --- writing a variant --- */

/* a-z, 0-9 and _, as keys of attributes are; false where nothing is left. */
static bool key_of(struct text name, char key[ATTRIBUTE_KEY_MAX + 1])
{
    size_t length = 0;

    for (size_t i = 0; i < name.length && length < ATTRIBUTE_KEY_MAX; i++) {
        const char c = name.data[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';

        if (letter || (digit && length > 0)) {
            key[length++] = (char)(letter ? (unsigned char)c | 0x20U : (unsigned char)c);
        } else if (length > 0 && key[length - 1] != '_') {
            key[length++] = '_';
        }
    }
    while (length > 0 && key[length - 1] == '_') {
        length--;
    }
    key[length] = '\0';
    return length > 0;
}

/* A product without options has one variant, and an option that says so. */
static bool is_option(const struct shopify *shopify, const struct variant *variant, size_t option)
{
    const struct text value = variant->value[OPTION1_VALUE + option];

    return value.data != NULL && !(text_equal(shopify->shared[OPTION1_NAME + option], TEXT("Title")) &&
                                   text_equal(value, TEXT("Default Title")));
}

static void write_name(const struct shopify *shopify, const struct variant *variant, struct strbuf *out, bool *first)
{
    struct text name = shopify->shared[TITLE];
    const char *between = " - ";

    for (size_t i = 0; i < OPTIONS; i++) {
        if (is_option(shopify, variant, i)) {
            name = arena_printf(shopify->arena, "%.*s%s%.*s", TEXT_PRINT(name), between,
                                TEXT_PRINT(variant->value[OPTION1_VALUE + i]));
            between = " / ";
        }
    }
    import_write_member(out, first, "name", name);
}

static void write_group_key(const struct shopify *shopify, struct strbuf *out, bool *first)
{
    const struct text handle = shopify->shared[HANDLE];

    if (handle.length <= GROUP_KEY_MAX) {
        import_write_member(out, first, "group_key", handle);
    } else {
        import_write_member(out, first, "group_key",
                            arena_printf(shopify->arena, "%.*s-%016llx", GROUP_KEY_CUT, handle.data,
                                         (unsigned long long)hash_add(HASH_START, handle)));
    }
}

static void write_text_attribute(struct strbuf *out, bool *first, const char *key, struct text value)
{
    if (value.data != NULL) {
        import_write_member(out, first, key, value);
    }
}

static void write_tags(struct strbuf *out, bool *first, struct text tags)
{
    size_t count = 0;

    json_write_key(out, first, "tags");
    strbuf_append_char(out, '[');
    while (tags.data != NULL && count < TAGS_MAX) {
        const struct text tag = text_trim_ows(text_split(tags, ',', &tags));

        if (tag.length > 0) {
            strbuf_append_text(out, count++ > 0 ? TEXT(",") : TEXT(""));
            json_write_string(out, tag);
        }
    }
    strbuf_append_char(out, ']');
}

/* Options come first: one that is called like something else keeps its name. */
static void write_attributes(const struct shopify *shopify, const struct variant *variant, struct strbuf *out,
                             bool *first)
{
    char keys[OPTIONS][ATTRIBUTE_KEY_MAX + 1] = {"", "", ""};
    static const struct {
        const char *key;
        enum column column;
        bool shared;
    } others[] = {{"vendor", VENDOR, true},    {"product_type", TYPE, true},
                  {"barcode", BARCODE, false}, {"compare_at_price", COMPARE_AT, false},
                  {"weight_g", GRAMS, false},  {"tags", TAGS, true}};
    bool first_attribute = true;

    json_write_key(out, first, "attributes");
    strbuf_append_char(out, '{');
    for (size_t i = 0; i < OPTIONS; i++) {
        if (is_option(shopify, variant, i) && key_of(shopify->shared[OPTION1_NAME + i], keys[i]) &&
            (i == 0 || strcmp(keys[i], keys[i - 1]) != 0) && (i < 2 || strcmp(keys[2], keys[0]) != 0)) {
            import_write_member(out, &first_attribute, keys[i], variant->value[OPTION1_VALUE + i]);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct text value =
            others[i].shared ? shopify->shared[others[i].column] : variant->value[others[i].column];

        if (value.data == NULL || strcmp(others[i].key, keys[0]) == 0 || strcmp(others[i].key, keys[1]) == 0 ||
            strcmp(others[i].key, keys[2]) == 0) {
            continue;
        }
        if (others[i].column == TAGS) {
            write_tags(out, &first_attribute, value);
        } else if (others[i].column == GRAMS) {
            import_write_attribute(out, &first_attribute, others[i].key, value);
        } else {
            write_text_attribute(out, &first_attribute, others[i].key, value);
        }
    }
    strbuf_append_char(out, '}');
}

static void write_images(const struct shopify *shopify, const struct variant *variant, struct strbuf *out, bool *first)
{
    const struct text own = variant->value[VARIANT_IMAGE];
    size_t count = 0;

    json_write_key(out, first, "images");
    strbuf_append_char(out, '[');
    if (own.data != NULL) {
        json_write_string(out, own);
        count++;
    }
    for (size_t i = 0; i < shopify->image_count && count < IMAGES_MAX; i++) {
        if (!text_equal(shopify->images[i], own)) {
            strbuf_append_text(out, count++ > 0 ? TEXT(",") : TEXT(""));
            json_write_string(out, shopify->images[i]);
        }
    }
    strbuf_append_char(out, ']');
}

/* Lines of HTML end as Windows has it, and control characters are few in a description. */
static void write_description(const struct shopify *shopify, struct strbuf *out, bool *first)
{
    const struct text body = shopify->shared[BODY];
    char *kept = arena_string(shopify->arena, body);
    size_t length = 0;

    for (size_t i = 0; i < body.length; i++) {
        if (body.data[i] != '\r') {
            kept[length++] = body.data[i];
        }
    }
    import_write_member(out, first, "description",
                        length > 0 ? (struct text){.data = kept, .length = length} : TEXT_ABSENT);
}

static struct text status_of(const struct shopify *shopify)
{
    if (shopify->shared[STATUS].data != NULL) {
        return shopify->shared[STATUS];
    }
    return text_equal_ignoring_case(shopify->shared[PUBLISHED], TEXT("false")) ? TEXT("draft") : TEXT("active");
}

static bool emit(struct import_file *file, const struct variant *variant)
{
    const struct shopify *shopify = file->shopify;
    struct strbuf *out = &file->object;
    bool first = true;

    strbuf_clear(out, IMPORT_LINE_MAX);
    strbuf_append_char(out, '{');
    if (variant->value[SKU].data != NULL) {
        import_write_member(out, &first, "sku", variant->value[SKU]);
    }
    write_name(shopify, variant, out, &first);
    write_description(shopify, out, &first);
    if (variant->value[PRICE].data != NULL) {
        import_write_member(out, &first, "price", variant->value[PRICE]);
    }
    if (shopify->shared[TYPE].data != NULL && !file->options.has_category) {
        import_write_member(out, &first, "category", shopify->shared[TYPE]);
    }
    import_write_member(out, &first, "status", status_of(shopify));
    write_attributes(shopify, variant, out, &first);
    write_images(shopify, variant, out, &first);
    write_group_key(shopify, out, &first);
    strbuf_append_char(out, '}');
    return import_emit(file, variant->line, strbuf_text(out), variant->flaw);
}

/* --- gathering --- */

bool shopify_end(struct import_file *file)
{
    struct shopify *shopify = file->shopify;

    for (size_t i = 0; i < shopify->variant_count && !file->stopped; i++) {
        (void)emit(file, &shopify->variants[i]);
    }
    arena_reset(shopify->arena);
    memset(shopify->shared, 0, sizeof shopify->shared);
    shopify->open = false;
    shopify->image_count = 0;
    shopify->variants = NULL;
    shopify->variant_count = 0;
    shopify->variant_capacity = 0;
    return !file->stopped;
}

static bool goes_on(const struct shopify *shopify, struct text handle)
{
    return shopify->open && (handle.data == NULL || text_equal(handle, shopify->shared[HANDLE]));
}

static void keep_shared(struct shopify *shopify, const struct csv_record *record)
{
    static const enum column columns[] = {HANDLE,    TITLE,        BODY,         VENDOR,       TYPE,  TAGS,
                                          PUBLISHED, OPTION1_NAME, OPTION2_NAME, OPTION3_NAME, STATUS};

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const struct text value = value_of(shopify, record, columns[i]);

        if (shopify->shared[columns[i]].data == NULL && value.data != NULL) {
            shopify->shared[columns[i]] = arena_copy(shopify->arena, value);
        }
    }
}

static void keep_image(struct shopify *shopify, struct text image)
{
    if (image.data == NULL || shopify->image_count == IMAGES_MAX) {
        return;
    }
    for (size_t i = 0; i < shopify->image_count; i++) {
        if (text_equal(shopify->images[i], image)) {
            return;
        }
    }
    shopify->images[shopify->image_count++] = arena_copy(shopify->arena, image);
}

static struct variant *add_variant(struct shopify *shopify)
{
    if (shopify->variant_count == shopify->variant_capacity) {
        const size_t capacity = shopify->variant_capacity == 0 ? 16 : 2 * shopify->variant_capacity;
        struct variant *grown = arena_alloc(shopify->arena, capacity * sizeof *grown);

        if (shopify->variant_count > 0) {
            memcpy(grown, shopify->variants, shopify->variant_count * sizeof *grown);
        }
        shopify->variants = grown;
        shopify->variant_capacity = capacity;
    }
    return &shopify->variants[shopify->variant_count++];
}

static void keep_variant(struct shopify *shopify, const struct csv_record *record, struct text flaw)
{
    static const enum column columns[] = {OPTION1_VALUE, OPTION2_VALUE, OPTION3_VALUE, SKU,          GRAMS,
                                          PRICE,         COMPARE_AT,    BARCODE,       VARIANT_IMAGE};
    struct variant *variant = add_variant(shopify);

    *variant = (struct variant){.line = record->line, .flaw = flaw};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        variant->value[columns[i]] = arena_copy(shopify->arena, value_of(shopify, record, columns[i]));
    }
    /* Excel is kept from reading a number by a quote before it, which exports leave there. */
    if (variant->value[SKU].data != NULL && variant->value[SKU].data[0] == '\'') {
        variant->value[SKU].data++;
        variant->value[SKU].length--;
    }
}

/* A record without any of these only has another image. */
static bool is_variant(const struct shopify *shopify, const struct csv_record *record)
{
    return value_of(shopify, record, PRICE).data != NULL || value_of(shopify, record, SKU).data != NULL ||
           value_of(shopify, record, OPTION1_VALUE).data != NULL;
}

bool shopify_take_record(struct import_file *file, const struct csv_record *record)
{
    struct shopify *shopify = file->shopify;
    const struct text handle = value_of(shopify, record, HANDLE);
    struct text flaw = record->flaw != NULL ? text_of(record->flaw) : TEXT_ABSENT;

    if (!goes_on(shopify, handle)) {
        if (!shopify_end(file)) {
            return false;
        }
        shopify->open = true;
    }
    if (flaw.data == NULL && record->count != shopify->columns) {
        flaw = TEXT("does not have as many values as there are columns");
    }
    if (shopify->variant_count == VARIANTS_MAX || arena_footprint(shopify->arena) > GROUP_BYTES_MAX) {
        return import_emit(file, record->line, TEXT("{}"),
                           TEXT("is of a product with more variants than are taken, " TEXT_OF(VARIANTS_MAX)));
    }
    keep_shared(shopify, record);
    keep_image(shopify, value_of(shopify, record, IMAGE));
    if (flaw.data != NULL || is_variant(shopify, record)) {
        keep_variant(shopify, record, flaw);
    }
    return true;
}
