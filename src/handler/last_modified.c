/* When a date is a validator. */
#include "last_modified.h"

#include "domain/timestamp.h"
#include "http/date.h"

#define US_PER_S INT64_C(1000000)

/* The last member of a product's JSON, and found from its end, as the first ones are as long as they are. */
static bool read_updated_at(struct text json, int64_t *unix_us)
{
    const struct text before = TEXT("\"updated_at\":\"");
    const struct text behind = TEXT("\"}");
    const size_t length = before.length + TIMESTAMP_LENGTH + behind.length;

    if (json.length < length) {
        return false;
    }
    const struct text end = {.data = json.data + json.length - length, .length = length};
    const struct text at = {.data = end.data + before.length, .length = TIMESTAMP_LENGTH};
    return text_starts_with(end, before) && timestamp_to_micros(at, unix_us);
}

bool last_modified_of(const struct product_view *view, int64_t deadline_ms, int64_t *unix_s)
{
    int64_t updated_us = 0;

    if (!view->settled || !read_updated_at(view->json, &updated_us) || updated_us < 0 ||
        view->read_us - updated_us < deadline_ms * 1000 + LAST_MODIFIED_MARGIN_S * US_PER_S) {
        return false;
    }
    *unix_s = updated_us / US_PER_S;
    return true;
}

bool last_modified_matches(const struct request *request, int64_t unix_s)
{
    int64_t given_s = 0;

    return request->if_none_match.data == NULL && request->if_modified_since.data != NULL &&
           http_date_parse(text_trim_ows(request->if_modified_since), unix_s, &given_s) && given_s == unix_s;
}
