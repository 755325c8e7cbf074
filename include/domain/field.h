/* Fields, schemas and records. The fields of a product and of a category stand once each, in a table (product.c,
 * category.c), from which the JSON reader and writer, the validator and the store take names, order and rules. */
#ifndef DOMAIN_FIELD_H
#define DOMAIN_FIELD_H

#include "base/text.h"
#include "domain/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_MAX 24

enum field_kind {
    FIELD_UUID,       /* string: a UUID, kept in lower case */
    FIELD_LINE,       /* string: one line, trimmed, not blank, no control characters */
    FIELD_PROSE,      /* string: LF and TAB are the only control characters */
    FIELD_SKU,        /* string: [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
    FIELD_SLUG,       /* string: [a-z0-9]+(-[a-z0-9]+)*, at most max_length */
    FIELD_PRICE,      /* string or number in, string out: see domain/price.h */
    FIELD_CURRENCY,   /* string: three upper-case letters of ISO 4217 */
    FIELD_STATUS,     /* string: one of product_statuses */
    FIELD_ATTRIBUTES, /* object, carried as JSON text: see domain/attribute.h */
    FIELD_IMAGES,     /* array of strings, carried as JSON text: see domain/attribute.h */
    FIELD_ENDPOINT,   /* string: the URL of a webhook, see domain/webhook_target.h */
    FIELD_CHOICE,     /* string: one of choices */
    FIELD_CHOICES,    /* array of at least one and at most max_length of choices, carried as JSON text */
    FIELD_INTEGER,    /* number without fraction, carried as decimal digits, 0 to INT32_MAX */
    FIELD_TIMESTAMP,  /* string: RFC 3339 with microseconds, UTC */
};

enum field_flag {
    FIELD_REQUIRED = 1 << 0, /* must be given on creation */
    FIELD_NULLABLE = 1 << 1, /* null is a value */
    FIELD_SERVER = 1 << 2,   /* made by the server: refused in a request's body */
};

struct field {
    const char *name; /* in JSON and in SQL */
    enum field_kind kind;
    unsigned flags;            /* of enum field_flag */
    size_t max_length;         /* code points; 0 where the kind rules */
    const char *default_value; /* carried text where the field is absent on creation; NULL: null, or no default */
    const char *prose;         /* one line for the documentation */
    const char *example;       /* a value as it is carried, for the documentation */
    const char *const *choices;
    size_t choice_count;
};

struct schema {
    const char *name; /* "product" */
    const struct field *fields;
    size_t count; /* at most FIELDS_MAX */
};

/* The values of one thing, by the index of the field in its schema. Every value is carried as text: the characters of a
 * string, the digits of a number, the JSON of an object or array. An absent slice is null. */
struct record {
    struct text value[FIELDS_MAX];
    uint32_t given; /* bit per field: it was in the body, be it as null */
};

static inline bool record_has(const struct record *record, size_t field)
{
    return (record->given & (UINT32_C(1) << field)) != 0;
}

/* Sets a value and marks it as given. */
void record_set(struct record *record, size_t field, struct text value);

/* The version that the field tells; 0 where it tells none. */
int64_t record_version(const struct record *record, size_t field);

/* Index of the field with that name in the schema, or -1. */
int schema_find(const struct schema *schema, struct text name);

/* True where the value is one of the field's choices; else a fault that names the nearest one, or all of them. */
bool field_check_choice(const struct field *field, struct text value, const char *pointer, struct faults *faults);

/* Checks one value that is not null against its field's rule and normalises it in place (trimmed, lower-cased; the new
 * bytes live in faults->arena). FIELD_ATTRIBUTES, FIELD_IMAGES and FIELD_CHOICES are checked where they are read, by json. Adds a
 * fault for pointer and returns false where the rule is broken. The value must be valid UTF-8. */
bool field_check(const struct field *field, struct text *value, const char *pointer, struct faults *faults);

/* For a creation: faults for what is required and was not given, then defaults for what was not given. Fields in
 * FIELD_SERVER are left alone. currency_default replaces the default of FIELD_CURRENCY. */
void record_complete(const struct schema *schema, struct record *record, const char *currency_default,
                     struct faults *faults);

#endif
