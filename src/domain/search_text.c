/* What people type into a field of search. */
#include "domain/search_text.h"

#include "base/utf8.h"

#include <stdint.h>

/* What is left to be read. */
struct reading {
    struct text rest;
};

enum mark { MARK_NONE, MARK_SPACE, MARK_QUOTE };

/* What kind of character comes next, and its bytes. */
static enum mark next_mark(struct text rest, size_t *length)
{
    uint32_t code_point = 0;

    *length = utf8_decode(rest, &code_point);
    if (*length == 0) {
        *length = 1; /* not UTF-8: passed over as a character that nothing is known of */
        return MARK_NONE;
    }
    if (utf8_is_white_space(code_point) || utf8_is_control(code_point)) {
        return MARK_SPACE;
    }
    return code_point == '"' || (code_point >= 0x201CU && code_point <= 0x201FU) ? MARK_QUOTE : MARK_NONE;
}

static void skip(struct reading *reading, size_t length)
{
    reading->rest.data += length;
    reading->rest.length -= length;
}

/* Takes what comes before the first space or quotation mark, or, in a phrase, before the first quotation mark. */
static struct text take_until_mark(struct reading *reading, bool phrase)
{
    struct text taken = {.data = reading->rest.data, .length = 0};

    while (reading->rest.length > 0) {
        size_t length = 0;
        enum mark mark = next_mark(reading->rest, &length);

        if (mark == MARK_QUOTE || (mark == MARK_SPACE && !phrase)) {
            break;
        }
        taken.length += length;
        skip(reading, length);
    }
    return taken;
}

/* Whether there may be a letter or a digit. */
static bool has_word(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        const unsigned char lower = byte | 0x20U;

        if (byte >= 0x80U || (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z')) {
            return true;
        }
    }
    return false;
}

/* The next term, at whose first character the reading stands. */
static struct search_term take_term(struct reading *reading)
{
    struct search_term term = {.excluded = reading->rest.data[0] == '-'};
    size_t length = 0;

    if (term.excluded) {
        skip(reading, 1);
    }
    if (reading->rest.length > 0 && next_mark(reading->rest, &length) == MARK_QUOTE) {
        term.phrase = true;
        skip(reading, length);
    }
    term.text = take_until_mark(reading, term.phrase);
    if (term.phrase && reading->rest.length > 0) {
        (void)next_mark(reading->rest, &length);
        skip(reading, length);
    }
    return term;
}

enum search_fault search_text_read(struct text text, struct search_text *search)
{
    struct reading reading = {.rest = text};
    struct search_term *last = NULL;

    search->count = 0;
    if (utf8_count(text) > SEARCH_LENGTH_MAX) {
        return SEARCH_TOO_LONG;
    }
    while (reading.rest.length > 0) {
        size_t length = 0;

        if (next_mark(reading.rest, &length) == MARK_SPACE) {
            skip(&reading, length);
            continue;
        }
        struct search_term term = take_term(&reading);
        if (!has_word(term.text)) {
            continue;
        }
        if (search->count == SEARCH_TERMS_MAX) {
            return SEARCH_TOO_MANY;
        }
        last = &search->term[search->count++];
        *last = term;
    }
    if (last == NULL) {
        return SEARCH_WITHOUT_WORD;
    }
    last->prefix = !last->phrase && !last->excluded;
    return SEARCH_OK;
}

static const struct {
    const char *code;
    const char *detail;
} faults[SEARCH_FAULT_COUNT] = {
    [SEARCH_OK] = {"ok", "is well"},
    [SEARCH_WITHOUT_WORD] = {"without_word", "must have a letter or a digit in it"},
    [SEARCH_TOO_LONG] = {"too_long", "must have at most 200 characters"},
    [SEARCH_TOO_MANY] = {"too_many", "must have at most 16 words and phrases"},
};

const char *search_fault_code(enum search_fault fault)
{
    return faults[fault].code;
}

const char *search_fault_detail(enum search_fault fault)
{
    return faults[fault].detail;
}
