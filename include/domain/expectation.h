/* What a client expects of a thing that it changes or reads, held against what is there. Pure. */
#ifndef DOMAIN_EXPECTATION_H
#define DOMAIN_EXPECTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPECTED_VERSIONS_MAX 16

/* RFC 9110, section 13.1. */
struct expectation {
    bool match; /* there is such a thing, and it is of one of these versions: If-Match */
    bool any;   /* of whatever version: If-Match: * */
    int64_t versions[EXPECTED_VERSIONS_MAX];
    size_t version_count;
    bool absent; /* there is no such thing: If-None-Match: * */
    /* One of another version is changed all the same where none of the fields changed since is touched. */
    bool disjoint;
};

/* True where the expectation is of this version, or of any. */
bool expectation_names(const struct expectation *expectation, int64_t version);

/* The newest version that the expectation names; 0 where it names none. */
int64_t expectation_newest(const struct expectation *expectation);

/* True where the change may be merged with what came after the version that the client knows: what was set since is known
 * only since a version that there was. */
bool expectation_merges(const struct expectation *expectation, int64_t version);

#endif
