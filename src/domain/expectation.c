/* Expectations. */
#include "domain/expectation.h"

bool expectation_names(const struct expectation *expectation, int64_t version)
{
    for (size_t i = 0; i < expectation->version_count; i++) {
        if (expectation->versions[i] == version) {
            return true;
        }
    }
    return expectation->any;
}

int64_t expectation_newest(const struct expectation *expectation)
{
    int64_t newest = 0;

    for (size_t i = 0; i < expectation->version_count; i++) {
        newest = expectation->versions[i] > newest ? expectation->versions[i] : newest;
    }
    return newest;
}

bool expectation_merges(const struct expectation *expectation, int64_t version)
{
    const int64_t base = expectation_newest(expectation);

    return expectation->disjoint && base > 0 && base < version;
}
