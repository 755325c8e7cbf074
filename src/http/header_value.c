/* Tokens, quoted strings, lists and parameters of header values. Pure. */
#include "header_value.h"

#include <string.h>

static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct text take(struct text *rest, size_t length)
{
    struct text taken = {.data = rest->data, .length = length};
    *rest = (struct text){.data = rest->data + length, .length = rest->length - length};
    return taken;
}

void header_skip_ows(struct text *rest)
{
    size_t length = 0;
    while (length < rest->length && (rest->data[length] == ' ' || rest->data[length] == '\t')) {
        length++;
    }
    if (length > 0) {
        (void)take(rest, length);
    }
}

bool header_take_char(struct text *rest, char c)
{
    if (rest->length == 0 || rest->data[0] != c) {
        return false;
    }
    (void)take(rest, 1);
    return true;
}

struct text header_take_token(struct text *rest)
{
    size_t length = 0;
    while (length < rest->length && is_token_character(rest->data[length])) {
        length++;
    }
    return length > 0 ? take(rest, length) : TEXT("");
}

/* Length of the quoted string at the start with both quotes, or 0 where it does not end. */
static size_t quoted_length(struct text text)
{
    for (size_t i = 1; i < text.length; i++) {
        if (text.data[i] == '"') {
            return i + 1;
        }
        if (text.data[i] == '\\') {
            i++;
        }
    }
    return 0;
}

bool header_take_quoted(struct text *rest, struct text *inside)
{
    size_t length = rest->length > 0 && rest->data[0] == '"' ? quoted_length(*rest) : 0;
    if (length == 0) {
        return false;
    }
    struct text quoted = take(rest, length);
    *inside = (struct text){.data = quoted.data + 1, .length = length - 2};
    return true;
}

struct text header_take_element(struct text *rest)
{
    size_t end = 0;
    while (end < rest->length && rest->data[end] != ',') {
        size_t quoted = 0;
        if (rest->data[end] == '"') {
            quoted = quoted_length((struct text){.data = rest->data + end, .length = rest->length - end});
        }
        end += quoted > 0 ? quoted : 1;
    }
    bool last = end == rest->length;
    struct text element = rest->length > 0 ? take(rest, end) : TEXT("");
    if (last) {
        *rest = TEXT_ABSENT;
    } else {
        (void)header_take_char(rest, ',');
    }
    return text_trim_ows(element);
}

enum header_parameter header_take_parameter(struct text *rest, struct text *name, struct text *value)
{
    struct text at = *rest;
    header_skip_ows(&at);
    if (at.length == 0) {
        *rest = at;
        return HEADER_PARAMETER_NONE;
    }
    if (!header_take_char(&at, ';')) {
        return HEADER_PARAMETER_MALFORMED;
    }
    header_skip_ows(&at);
    struct text taken_name = header_take_token(&at);
    struct text taken_value = TEXT("");
    if (taken_name.length > 0) {
        if (!header_take_char(&at, '=')) {
            return HEADER_PARAMETER_MALFORMED;
        }
        if (!header_take_quoted(&at, &taken_value)) {
            taken_value = header_take_token(&at);
            if (taken_value.length == 0) {
                return HEADER_PARAMETER_MALFORMED;
            }
        }
    }
    *rest = at;
    *name = taken_name;
    *value = taken_value;
    return HEADER_PARAMETER_TAKEN;
}
