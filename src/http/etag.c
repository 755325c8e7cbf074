/* Entity tags and the lists of them in If-Match and If-None-Match. Pure. */
#include "http/etag.h"

#include "header_value.h"

#include <inttypes.h>
#include <stdio.h>

void etag_from_version(int64_t version, char out[ETAG_TEXT_SIZE])
{
    uint64_t left = version < 0 ? 0 - (uint64_t)version : (uint64_t)version;
    char digits[ETAG_TEXT_SIZE];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    *out++ = '"';
    if (version < 0) {
        *out++ = '-';
    }
    while (count > 0) {
        *out++ = digits[--count];
    }
    *out++ = '"';
    *out = '\0';
}

void etag_of_part(int64_t version, uint32_t fields, bool with_other, int64_t other_version, char out[ETAG_TEXT_SIZE])
{
    if (with_other) {
        (void)snprintf(out, ETAG_TEXT_SIZE, "\"%" PRId64 "-f%" PRIx32 "-c%" PRId64 "\"", version, fields,
                       other_version);
    } else {
        (void)snprintf(out, ETAG_TEXT_SIZE, "\"%" PRId64 "-f%" PRIx32 "\"", version, fields);
    }
}

void etag_of_content(const struct hash_wide *hash, char out[ETAG_TEXT_SIZE])
{
    /* Not a digit first: it must not pass for a version. */
    (void)snprintf(out, ETAG_TEXT_SIZE, "\"h%016" PRIx64 "%016" PRIx64 "\"", hash->part[0], hash->part[1]);
}

/* entity-tag of section 8.8.3; *opaque is what stands between the quotes. */
static bool take_tag(struct text *rest, struct text *opaque)
{
    struct text at = *rest;
    if (text_starts_with(at, TEXT("W/"))) {
        at = (struct text){.data = at.data + 2, .length = at.length - 2};
    }
    if (!header_take_char(&at, '"')) {
        return false;
    }
    size_t length = 0;
    while (length < at.length && at.data[length] != '"') {
        unsigned char c = (unsigned char)at.data[length];
        if (c <= 0x20 || c == 0x7f) {
            return false;
        }
        length++;
    }
    if (length == at.length) {
        return false;
    }
    *opaque = (struct text){.data = at.data, .length = length};
    *rest = (struct text){.data = at.data + length + 1, .length = at.length - length - 1};
    return true;
}

/* True where listed is the tag itself, or what a front server made of it when it compressed. */
static bool names(struct text listed, struct text opaque)
{
    static const struct text suffixes[] = {
        {.data = "", .length = 0},         {.data = "-gzip", .length = 5}, {.data = "-br", .length = 3},
        {.data = "-deflate", .length = 8}, {.data = "-zstd", .length = 5},
    };
    if (!text_starts_with(listed, opaque)) {
        return false;
    }
    struct text rest = {.data = listed.data + opaque.length, .length = listed.length - opaque.length};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (text_equal(rest, suffixes[i])) {
            return true;
        }
    }
    return false;
}

bool etag_list_names(struct text list, struct text etag)
{
    struct text opaque = TEXT_ABSENT;
    struct text rest = text_trim_ows(list);
    if (text_equal(rest, TEXT("*"))) {
        return true;
    }
    if (!take_tag(&etag, &opaque)) {
        return false;
    }
    bool named = false;
    for (;;) {
        struct text listed = TEXT_ABSENT;
        header_skip_ows(&rest);
        if (take_tag(&rest, &listed)) {
            named = named || names(listed, opaque);
            header_skip_ows(&rest);
        }
        if (rest.length == 0) {
            return named;
        }
        if (!header_take_char(&rest, ',')) {
            return false;
        }
    }
}

/* The digits that a tag of ours begins with; 0, which no version is, for another's. */
static int64_t version_of(struct text opaque)
{
    uint64_t version = 0;
    size_t digits = 0;
    while (digits < opaque.length && opaque.data[digits] >= '0' && opaque.data[digits] <= '9') {
        digits++;
    }
    const bool ends = digits == opaque.length || opaque.data[digits] == '-';
    const bool fits = text_to_u64((struct text){.data = opaque.data, .length = digits}, &version);
    return ends && fits && version <= INT64_MAX ? (int64_t)version : 0;
}

enum etag_list etag_list_versions(struct text list, int64_t *versions, size_t max, size_t *count)
{
    struct text rest = text_trim_ows(list);
    *count = 0;
    if (text_equal(rest, TEXT("*"))) {
        return ETAG_LIST_ANY;
    }
    bool tags = false;
    for (;;) {
        struct text opaque = TEXT_ABSENT;
        header_skip_ows(&rest);
        if (take_tag(&rest, &opaque)) {
            tags = true;
            if (version_of(opaque) > 0 && *count < max) {
                versions[(*count)++] = version_of(opaque);
            }
            header_skip_ows(&rest);
        }
        if (rest.length == 0) {
            return tags ? ETAG_LIST_TAGS : ETAG_LIST_MALFORMED;
        }
        if (!header_take_char(&rest, ',')) {
            return ETAG_LIST_MALFORMED;
        }
    }
}
