/* The parts of attributes and images. */
#include "domain/attribute.h"

#include <stdint.h>
#include <string.h>

/* Beyond this an exponent is out of bounds whatever digits stand before it. */
#define EXPONENT_DIGITS_MAX 4

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool attribute_key_valid(struct text key)
{
    if (key.length == 0 || key.length > ATTRIBUTE_KEY_MAX || !is_lower(key.data[0])) {
        return false;
    }
    for (size_t i = 1; i < key.length; i++) {
        char c = key.data[i];
        if (!is_lower(c) && !is_digit(c) && c != '_') {
            return false;
        }
    }
    return true;
}

/* --- numbers --- */

/* Takes the digits at the start of the text off it. */
static struct text take_digits(struct text *text)
{
    size_t length = 0;
    while (length < text->length && is_digit(text->data[length])) {
        length++;
    }
    struct text digits = {.data = text->data, .length = length};
    text->data += length;
    text->length -= length;
    return digits;
}

/* Takes one character off the start where it is one of those. */
static bool take_one_of(struct text *text, const char *characters)
{
    if (text->length == 0 || text->data[0] == '\0' || strchr(characters, text->data[0]) == NULL) {
        return false;
    }
    text->data++;
    text->length--;
    return true;
}

/* Reads an exponent to the end of the text. */
static bool read_exponent(struct text rest, int64_t *exponent)
{
    bool negative = rest.length > 0 && rest.data[0] == '-';
    (void)take_one_of(&rest, "+-");
    struct text digits = take_digits(&rest);
    uint64_t value;
    if (rest.length > 0 || digits.length > EXPONENT_DIGITS_MAX || !text_to_u64(digits, &value)) {
        return false;
    }
    *exponent = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Zeros before the first other digit; none where there is no other, so that 0e999 is measured by its exponent. */
static size_t leading_zeros(struct text before, struct text after)
{
    for (size_t i = 0; i < before.length; i++) {
        if (before.data[i] != '0') {
            return i;
        }
    }
    for (size_t i = 0; i < after.length; i++) {
        if (after.data[i] != '0') {
            return before.length + i;
        }
    }
    return 0;
}

bool attribute_number_valid(struct text digits)
{
    if (digits.length == 0) {
        return false;
    }
    (void)take_one_of(&digits, "-");
    struct text before = take_digits(&digits);
    struct text after = {.data = "", .length = 0};
    if (take_one_of(&digits, ".")) {
        after = take_digits(&digits);
        if (after.length == 0) {
            return false;
        }
    }
    int64_t exponent = 0;
    if (take_one_of(&digits, "eE")) {
        if (!read_exponent(digits, &exponent)) {
            return false;
        }
    } else if (digits.length > 0) {
        return false;
    }
    if (before.length == 0 || (before.length > 1 && before.data[0] == '0')) {
        return false;
    }
    /* The point moves by the exponent. Zeros at the start, as in 0.001e3, are then no digits before it any more. */
    int64_t whole = (int64_t)before.length + exponent - (int64_t)leading_zeros(before, after);
    int64_t fraction = (int64_t)after.length - exponent;
    return whole <= ATTRIBUTE_NUMBER_DIGITS && fraction <= ATTRIBUTE_NUMBER_DIGITS;
}

/* --- URLs --- */

/* unreserved and sub-delims (RFC 3986, section 2). */
static bool is_plain(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-._~!$&'()*+,;=", c) != NULL);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* True where every character is plain, in the set, or the start of a percent-encoding. */
static bool consists_of(struct text text, const char *others)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.length - i < 3 || !is_hex(text.data[i + 1]) || !is_hex(text.data[i + 2])) {
                return false;
            }
        } else if (!is_plain(c) && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* [ IPv6 ], by its characters: whether it is an address that answers is not ours to say. */
static bool ip_literal_valid(struct text host)
{
    for (size_t i = 0; i < host.length; i++) {
        char c = host.data[i];
        if (!is_hex(c) && c != ':' && c != '.') {
            return false;
        }
    }
    return host.length >= 2;
}

static bool port_valid(struct text port)
{
    uint64_t number;
    return port.length == 0 || (text_to_u64(port, &number) && number <= UINT16_MAX);
}

/* host [ ":" port ]. No user and password: RFC 9110, section 4.2.4, has recipients take them for an error. */
static bool authority_valid(struct text authority)
{
    struct text rest;
    if (authority.length > 0 && authority.data[0] == '[') {
        struct text host = text_split((struct text){authority.data + 1, authority.length - 1}, ']', &rest);
        if (rest.data == NULL || !ip_literal_valid(host)) {
            return false;
        }
        return rest.length == 0 || (rest.data[0] == ':' && port_valid((struct text){rest.data + 1, rest.length - 1}));
    }
    struct text host = text_split(authority, ':', &rest);
    return host.length > 0 && consists_of(host, "") && port_valid(rest);
}

bool image_url_valid(struct text url)
{
    const struct text scheme = TEXT("https://");
    if (url.length > IMAGE_URL_MAX || url.length < scheme.length ||
        !text_equal_ignoring_case((struct text){url.data, scheme.length}, scheme)) {
        return false;
    }
    struct text rest = {.data = url.data + scheme.length, .length = url.length - scheme.length};
    size_t end = 0;
    while (end < rest.length && strchr("/?#", rest.data[end]) == NULL) {
        end++;
    }
    struct text authority = {.data = rest.data, .length = end};
    struct text fragment;
    struct text path = text_split((struct text){rest.data + end, rest.length - end}, '#', &fragment);
    return authority_valid(authority) && consists_of(path, ":@/?") && consists_of(fragment, ":@/?");
}
