/* The digits of numbers: kept beside json-c's own idea of them, which saturates and rounds, and compared by themselves. */
#include "number.h"

#include "json/parse.h"

#include <json-c/json.h>
#include <string.h>

bool json_is_number(struct json_object *value)
{
    return json_object_is_type(value, json_type_int);
}

void json_number_attach(struct json_object *number, char *digits)
{
    json_object_set_serializer(number, json_object_userdata_to_json_string, digits, NULL);
}

struct text json_number_digits(struct json_object *number)
{
    return json_is_number(number) ? text_of(json_object_get_userdata(number)) : TEXT_ABSENT;
}

/* --- equality --- */

/* A difference of exponents beyond this is not bridged by the digits of any text, and no further digit of the exponents
 * brings it back. */
#define DIFFERENCE_MAX (INT64_C(1) << 48)

/* 0.d1d2d3... times ten to the power of point + exponent, where d1 and the last digit are not 0. */
struct decimal {
    bool negative;
    struct text digits; /* from d1 to the last one, perhaps with the point between */
    int64_t point;      /* digits from d1 to the point; negative where zeros stand between the point and d1 */
    bool exponent_negative;
    struct text exponent; /* digits without sign */
};

static struct text without_first(struct text text, size_t count)
{
    return (struct text){.data = text.data + count, .length = text.length - count};
}

static bool starts_with_one_of(struct text text, char a, char b)
{
    return text.length > 0 && (text.data[0] == a || text.data[0] == b);
}

static struct text read_exponent(struct text exponent, bool *negative)
{
    *negative = starts_with_one_of(exponent, '-', '-');
    return starts_with_one_of(exponent, '+', '-') ? without_first(exponent, 1) : exponent;
}

/* text is a number of JSON's grammar. */
static struct decimal decimal_of(struct text text)
{
    struct decimal decimal = {.negative = starts_with_one_of(text, '-', '-'), .exponent = TEXT("")};
    text = decimal.negative ? without_first(text, 1) : text;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == 'e' || text.data[i] == 'E') {
            decimal.exponent = read_exponent(without_first(text, i + 1), &decimal.exponent_negative);
            text.length = i;
        }
    }
    const char *found = memchr(text.data, '.', text.length);
    size_t point = found != NULL ? (size_t)(found - text.data) : text.length;
    size_t first = 0;
    while (first < text.length && starts_with_one_of(without_first(text, first), '0', '.')) {
        first++;
    }
    size_t end = text.length;
    while (end > first && (text.data[end - 1] == '0' || text.data[end - 1] == '.')) {
        end--;
    }
    decimal.digits = (struct text){.data = text.data + first, .length = end - first};
    /* Behind the point, the point itself does not count. */
    decimal.point = (int64_t)point - (int64_t)first + (first > point ? 1 : 0);
    return decimal;
}

static bool same_digits(struct text a, struct text b)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a.length || j < b.length) {
        if (i < a.length && a.data[i] == '.') {
            i++;
        } else if (j < b.length && b.data[j] == '.') {
            j++;
        } else if (i == a.length || j == b.length || a.data[i++] != b.data[j++]) {
            return false;
        }
    }
    return true;
}

/* The digit at that place of an exponent that is filled up with zeros to width. */
static int64_t exponent_digit(const struct decimal *decimal, size_t place, size_t width)
{
    size_t zeros = width - decimal->exponent.length;
    int64_t digit = place < zeros ? 0 : decimal->exponent.data[place - zeros] - '0';
    return decimal->exponent_negative ? -digit : digit;
}

/* Exponents may have any number of digits: a's less b's digit by digit, or what is too far from 0 to matter. */
static int64_t exponent_difference(const struct decimal *a, const struct decimal *b)
{
    size_t width = a->exponent.length > b->exponent.length ? a->exponent.length : b->exponent.length;
    int64_t difference = 0;
    for (size_t i = 0; i < width && difference < DIFFERENCE_MAX && difference > -DIFFERENCE_MAX; i++) {
        difference = difference * 10 + exponent_digit(a, i, width) - exponent_digit(b, i, width);
    }
    return difference;
}

bool json_digits_equal(struct text a, struct text b)
{
    struct decimal left = decimal_of(a);
    struct decimal right = decimal_of(b);
    if (left.digits.length == 0 || right.digits.length == 0) {
        return left.digits.length == right.digits.length;
    }
    return left.negative == right.negative && same_digits(left.digits, right.digits) &&
           exponent_difference(&left, &right) == right.point - left.point;
}
