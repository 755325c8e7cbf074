/* What the files of the Redis connection share. */
#ifndef REDIS_INTERNAL_H
#define REDIS_INTERNAL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a url leads. All strings are on the heap and decoded; NULL where the url does not have them. */
struct redis_address {
    bool off;
    char *path; /* of a unix socket; NULL: by host and port */
    char *host;
    char *user;
    char *password;
    int port;
    int database;
};

/* redis_url.c: STATUS_INVALID, one sentence in error and nothing to release, where the url is not understood. The
 * sentence never repeats a part of it. */
MUST_CHECK enum status redis_address_parse(const char *url, struct redis_address *address, char *error,
                                           size_t error_size);
void redis_address_release(struct redis_address *address);

#endif
