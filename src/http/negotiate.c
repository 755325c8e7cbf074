/* Accept and Content-Type. Pure. */
#include "http/negotiate.h"

#include "header_value.h"

/* Weights in thousandths. */
#define WEIGHT_MAX 1000

/* How closely a range of Accept names a type: the closest that matches decides. */
enum closeness { MATCHES_NOT, MATCHES_ANY, MATCHES_GROUP, MATCHES_TYPE };

struct media_range {
    struct text type;
    struct text subtype;
    int weight;
};

/* qvalue of section 12.4.2: 0 or 1, with at most three digits behind the point, and none above 1. */
static bool read_weight(struct text text, int *weight)
{
    if (text.length == 0 || text.length > 5 || (text.data[0] != '0' && text.data[0] != '1')) {
        return false;
    }
    if (text.length > 1 && text.data[1] != '.') {
        return false;
    }
    int value = (text.data[0] - '0') * WEIGHT_MAX;
    int unit = WEIGHT_MAX / 10;
    for (size_t i = 2; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value += (text.data[i] - '0') * unit;
        unit /= 10;
    }
    if (value > WEIGHT_MAX) {
        return false;
    }
    *weight = value;
    return true;
}

static bool take_type(struct text *rest, struct text *type, struct text *subtype)
{
    *type = header_take_token(rest);
    if (type->length == 0 || !header_take_char(rest, '/')) {
        return false;
    }
    *subtype = header_take_token(rest);
    return subtype->length > 0;
}

/* Parameters other than the weight are read and set aside: no type of ours has any. */
static bool read_range(struct text element, struct media_range *range)
{
    struct text name = TEXT_ABSENT;
    struct text value = TEXT_ABSENT;
    range->weight = WEIGHT_MAX;
    if (!take_type(&element, &range->type, &range->subtype)) {
        return false;
    }
    if (text_equal(range->type, TEXT("*")) && !text_equal(range->subtype, TEXT("*"))) {
        return false;
    }
    for (;;) {
        switch (header_take_parameter(&element, &name, &value)) {
        case HEADER_PARAMETER_NONE:
            return true;
        case HEADER_PARAMETER_MALFORMED:
            return false;
        case HEADER_PARAMETER_TAKEN:
            if (text_equal_ignoring_case(name, TEXT("q")) && !read_weight(value, &range->weight)) {
                return false;
            }
            break;
        }
    }
}

static enum closeness match(const struct media_range *range, struct text type, struct text subtype)
{
    if (text_equal(range->type, TEXT("*"))) {
        return MATCHES_ANY;
    }
    if (!text_equal_ignoring_case(range->type, type)) {
        return MATCHES_NOT;
    }
    if (text_equal(range->subtype, TEXT("*"))) {
        return MATCHES_GROUP;
    }
    return text_equal_ignoring_case(range->subtype, subtype) ? MATCHES_TYPE : MATCHES_NOT;
}

int accept_weight(struct text accept, const char *media_type)
{
    struct text subtype = TEXT_ABSENT;
    struct text type = text_split(text_of(media_type), '/', &subtype);
    enum closeness closest = MATCHES_NOT;
    int weight = 0;
    bool any_range = false;
    while (accept.data != NULL) {
        struct media_range range;
        if (!read_range(header_take_element(&accept), &range)) {
            continue;
        }
        any_range = true;
        enum closeness closeness = match(&range, type, subtype);
        if (closeness > closest || (closeness == closest && range.weight > weight)) {
            closest = closeness;
            weight = range.weight;
        }
    }
    if (!any_range) {
        return WEIGHT_MAX;
    }
    return closest != MATCHES_NOT ? weight : 0;
}

bool accept_takes(struct text accept, const char *media_type)
{
    return accept_weight(accept, media_type) > 0;
}

const char *accept_choose(struct text accept, const char *const *media_types, size_t count)
{
    const char *chosen = NULL;
    int best = 0;

    for (size_t i = 0; i < count; i++) {
        const int weight = accept_weight(accept, media_types[i]);

        if (weight > best) {
            best = weight;
            chosen = media_types[i];
        }
    }
    return chosen;
}

bool content_type_is(struct text content_type, const char *media_type)
{
    struct text rest = text_trim_ows(content_type);
    struct text subtype = TEXT_ABSENT;
    struct text type = text_split(text_of(media_type), '/', &subtype);
    struct text given_type = TEXT_ABSENT;
    struct text given_subtype = TEXT_ABSENT;
    struct text name = TEXT_ABSENT;
    struct text value = TEXT_ABSENT;
    if (!take_type(&rest, &given_type, &given_subtype) || !text_equal_ignoring_case(given_type, type) ||
        !text_equal_ignoring_case(given_subtype, subtype)) {
        return false;
    }
    for (;;) {
        switch (header_take_parameter(&rest, &name, &value)) {
        case HEADER_PARAMETER_NONE:
            return true;
        case HEADER_PARAMETER_MALFORMED:
            return false;
        case HEADER_PARAMETER_TAKEN:
            if (text_equal_ignoring_case(name, TEXT("charset")) && !text_equal_ignoring_case(value, TEXT("utf-8"))) {
                return false;
            }
            break;
        }
    }
}
