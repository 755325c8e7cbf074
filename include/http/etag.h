/* Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13.1). */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include "base/hash.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define ETAG_TEXT_SIZE 64

/* The strong tag of a version: "\"3\"" with its quotes, terminated. */
void etag_from_version(int64_t version, char out[ETAG_TEXT_SIZE]);

/* The strong tag of another representation of that version, as "\"3-f1a-c2\"": the fields that it shows, a bit each, and,
 * where another thing is a part of it, that thing's version. No two representations share one. */
void etag_of_part(int64_t version, uint32_t fields, bool with_other, int64_t other_version, char out[ETAG_TEXT_SIZE]);

/* The strong tag of a representation that has no version, by a hash of its bytes. */
void etag_of_content(const struct hash_wide *hash, char out[ETAG_TEXT_SIZE]);

/* True where the list of If-None-Match or If-Match ("*" or tags with commas) names the tag. Front servers alter tags
 * when they compress, so W/ before it, and -gzip, -br, -deflate or -zstd at its end inside the quotes, are ignored. A
 * list that cannot be parsed names nothing. */
bool etag_list_names(struct text list, struct text etag);

enum etag_list { ETAG_LIST_ANY, ETAG_LIST_TAGS, ETAG_LIST_MALFORMED };

/* The versions that the tags of an If-Match list stand for, whatever a front server or a selection of fields added to
 * them; tags that are not ours stand for none. At most max are set, of which *count tells. */
enum etag_list etag_list_versions(struct text list, int64_t *versions, size_t max, size_t *count);

#endif
