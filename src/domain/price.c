/* Exact decimals. */
#include "domain/price.h"

#include <stdbool.h>
#include <string.h>

/* The digits on either side of the point. */
struct decimal {
    struct text before;
    struct text after;
    bool has_point;
};

static struct decimal decimal_of(struct text text)
{
    struct text rest;
    struct text before = text_split(text, '.', &rest);
    bool has_point = rest.data != NULL;
    return (struct decimal){.before = before, .after = has_point ? rest : TEXT(""), .has_point = has_point};
}

static bool only_digits(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.length > 0;
}

static bool only_zeros(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '0') {
            return false;
        }
    }
    return true;
}

enum price_fault price_check(struct text text)
{
    struct decimal decimal = decimal_of(text);
    if (!only_digits(decimal.before) || (decimal.has_point && !only_digits(decimal.after))) {
        return PRICE_MALFORMED;
    }
    if (decimal.before.length > 1 && decimal.before.data[0] == '0') {
        return PRICE_LEADING_ZERO;
    }
    if (decimal.before.length > PRICE_DIGITS_BEFORE) {
        return PRICE_TOO_LARGE;
    }
    if (decimal.after.length > PRICE_DIGITS_AFTER) {
        return PRICE_TOO_PRECISE;
    }
    return only_zeros(decimal.before) && only_zeros(decimal.after) ? PRICE_NOT_POSITIVE : PRICE_OK;
}

#define LITERAL_OF(number) #number
#define LITERAL(number) LITERAL_OF(number)

static const struct {
    const char *code;
    const char *detail;
} faults[PRICE_FAULT_COUNT] = {
    [PRICE_OK] = {"ok", "is a price"},
    [PRICE_MALFORMED] = {"malformed", "must be a plain decimal such as 19.99, without sign, exponent or spaces"},
    [PRICE_LEADING_ZERO] = {"leading_zero", "must not begin with a zero that another digit follows"},
    [PRICE_TOO_LARGE] = {"too_large", "must have at most " LITERAL(PRICE_DIGITS_BEFORE) " digits before the point"},
    [PRICE_TOO_PRECISE] = {"too_precise", "must have at most " LITERAL(PRICE_DIGITS_AFTER) " digits after the point"},
    [PRICE_NOT_POSITIVE] = {"not_positive", "must be greater than zero"},
};

const char *price_fault_code(enum price_fault fault)
{
    return faults[fault].code;
}

const char *price_fault_detail(enum price_fault fault)
{
    return faults[fault].detail;
}

/* The digit after the point at that place; zeros go on for ever. */
static char digit_after(struct decimal decimal, size_t index)
{
    if (index < decimal.after.length) {
        return decimal.after.data[index];
    }
    return '0';
}

int price_compare(struct text a, struct text b)
{
    struct decimal left = decimal_of(a);
    struct decimal right = decimal_of(b);
    /* Without leading zeros the longer number is the greater. */
    if (left.before.length != right.before.length) {
        return left.before.length < right.before.length ? -1 : 1;
    }
    int order = memcmp(left.before.data, right.before.data, left.before.length);
    for (size_t i = 0; order == 0 && i < PRICE_DIGITS_AFTER; i++) {
        order = digit_after(left, i) - digit_after(right, i);
    }
    return order;
}
