/* Preferences. Pure. */
#include "http/prefer.h"

#include "header_value.h"

struct text prefer_value(struct text prefer, const char *name)
{
    struct text rest = prefer;

    while (rest.data != NULL) {
        struct text element = header_take_element(&rest);
        struct text token = header_take_token(&element);
        struct text value = TEXT("");

        if (token.length == 0 || !text_equal_ignoring_case(token, text_of(name))) {
            continue;
        }
        header_skip_ows(&element);
        if (header_take_char(&element, '=')) {
            header_skip_ows(&element);
            if (!header_take_quoted(&element, &value)) {
                value = header_take_token(&element);
            }
        }
        return value;
    }
    return TEXT_ABSENT;
}
