/* The Prefer header. Pure. */
#include "http/prefer.h"

#include "header_value.h"

/* preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ); the parameters are of no use here. */
static struct text value_of(struct text element, const char *name)
{
    struct text value = TEXT("");
    struct text token = header_take_token(&element);

    if (!text_equal_ignoring_case(token, text_of(name))) {
        return TEXT_ABSENT;
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

struct text prefer_get(struct text header, const char *name)
{
    struct text value = TEXT_ABSENT;

    while (header.data != NULL && value.data == NULL) {
        value = value_of(header_take_element(&header), name);
    }
    return value;
}
