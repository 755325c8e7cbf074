/* Limits of the process. */
#include "limits.h"

#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#ifndef ADDRESS_SANITIZER
#define ADDRESS_SANITIZER 0
#endif

static bool limit_memory(int64_t mib)
{
    struct rlimit limit;
    const rlim_t wanted = (rlim_t)mib * 1024 * 1024;

    if (mib == 0 || ADDRESS_SANITIZER) {
        return true;
    }
    if (getrlimit(RLIMIT_AS, &limit) != 0) {
        return false;
    }
    if (limit.rlim_max < wanted) {
        return true; /* who started us set a smaller one */
    }
    limit.rlim_cur = wanted;
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

static bool raise_descriptors(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return false;
    }
    if (limit.rlim_cur >= count) {
        return true;
    }
    limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool limits_apply(int64_t memory_mib, size_t descriptors)
{
    return limit_memory(memory_mib) && raise_descriptors(descriptors);
}
