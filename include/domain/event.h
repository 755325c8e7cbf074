/* Live events: who gets which change, and how long the front server holds what it was handed.
 *
 * A reader is in one channel, as the front server keeps no order between two; so a change is published in each channel that
 * somebody may read it in, and what a reader asks for is one of these. */
#ifndef DOMAIN_EVENT_H
#define DOMAIN_EVENT_H

#include "domain/change.h"

#include <stdbool.h>

/* The front server forgets a message after so long: nchan_message_timeout in deploy/nginx/events_http.conf. */
#define EVENT_HELD_S 15

/* For so long it is relied on to hold one: what is between the two is for the time from the look at the database to the
 * beginning of the stream. */
#define EVENT_RELIED_S 8

/* Nothing is handed to the front server where nobody has come to listen, and nobody was there to be told, for so long. A
 * stream that is told nothing is ended after half of that (nchan_subscriber_timeout in deploy/nginx/events.conf). */
#define EVENT_WANTED_S 90

/* Who comes notes it where the last note is as old as this. */
#define EVENT_NOTED_S 20

enum event_scope {
    EVENT_ALL,
    EVENT_CATEGORY, /* the category itself, and products that are in it or have just left it */
    EVENT_PRODUCT,
};

struct event_filter {
    enum event_scope scope;
    struct text id; /* UUID in lower case; absent for all */
};

/* "all", or a letter, "-" and a UUID; with NUL. */
#define EVENT_CHANNEL_SIZE 40

/* Fit for a URI as it is. */
void event_channel(const struct event_filter *filter, char out[EVENT_CHANNEL_SIZE]);

/* The most channels that a change belongs to. */
#define EVENT_CHANNELS_MAX 4

/* The filters that take the change, each once; returns how many. */
size_t event_filters_of(const struct change *change, struct event_filter filters[EVENT_CHANNELS_MAX]);

bool event_filter_takes(const struct event_filter *filter, const struct change *change);

#endif
