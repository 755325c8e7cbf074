/* Channels of live events. */
#include "domain/event.h"

#include <stdio.h>

static const char letters[] = {[EVENT_CATEGORY] = 'c', [EVENT_PRODUCT] = 'p'};

void event_channel(const struct event_filter *filter, char out[EVENT_CHANNEL_SIZE])
{
    if (filter->scope == EVENT_ALL) {
        (void)snprintf(out, EVENT_CHANNEL_SIZE, "all");
    } else {
        (void)snprintf(out, EVENT_CHANNEL_SIZE, "%c-%.*s", letters[filter->scope], TEXT_PRINT(filter->id));
    }
}

size_t event_filters_of(const struct change *change, struct event_filter filters[EVENT_CHANNELS_MAX])
{
    size_t count = 0;

    filters[count++] = (struct event_filter){.scope = EVENT_ALL};
    if (!text_starts_with(change->type, TEXT("product."))) {
        filters[count++] = (struct event_filter){EVENT_CATEGORY, change->id};
        return count;
    }
    filters[count++] = (struct event_filter){EVENT_PRODUCT, change->id};
    if (change->category_id.data != NULL) {
        filters[count++] = (struct event_filter){EVENT_CATEGORY, change->category_id};
    }
    if (change->category_left.data != NULL && !text_equal(change->category_left, change->category_id)) {
        filters[count++] = (struct event_filter){EVENT_CATEGORY, change->category_left};
    }
    return count;
}

bool event_filter_takes(const struct event_filter *filter, const struct change *change)
{
    struct event_filter filters[EVENT_CHANNELS_MAX];
    const size_t count = event_filters_of(change, filters);

    for (size_t i = 0; i < count; i++) {
        if (filters[i].scope == filter->scope && text_equal(filters[i].id, filter->id)) {
            return true;
        }
    }
    return false;
}
