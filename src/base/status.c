/* The names of the results. */
#include "base/status.h"

#include <stddef.h>

static const char *const names[] = {
    [STATUS_OK] = "ok",
    [STATUS_NOT_FOUND] = "not_found",
    [STATUS_GONE] = "gone",
    [STATUS_INVALID] = "invalid",
    [STATUS_CONFLICT] = "conflict",
    [STATUS_STALE] = "stale",
    [STATUS_KEY_REUSED] = "key_reused",
    [STATUS_IN_PROGRESS] = "in_progress",
    [STATUS_TOO_LARGE] = "too_large",
    [STATUS_READ_ONLY] = "read_only",
    [STATUS_UNAVAILABLE] = "unavailable",
    [STATUS_DEADLINE] = "deadline",
    [STATUS_UNCERTAIN] = "uncertain",
    [STATUS_INTERNAL] = "internal",
};

const char *status_name(enum status status)
{
    size_t index = (size_t)status;
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}
