/* JSON in, bounded. A strict pass of our own checks what json-c lets through (RFC 8259's grammar to the letter, depth,
 * members of an object, values, duplicate keys, NUL, UTF-8, lone surrogates), then a tree of json-c's is built. Owns json-c. */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include "base/status.h"
#include "base/text.h"
#include "domain/fault.h"

#include <stddef.h>

#define JSON_DEPTH_MAX 16
#define JSON_MEMBERS_MAX 1024 /* of one object */
#define JSON_VALUES_MAX 65536 /* of a document: json-c takes up to 760 bytes for one */

struct json_object; /* json-c's */

/* Checks text as above without building anything. STATUS_INVALID with one fault whose detail names the byte offset (from
 * 0), line and column (from 1, in characters); codes: "syntax", "too_deep", "too_many_members", "too_many_values",
 * "duplicate_key", "nul", "utf8", "surrogate". A duplicate key's fault has the pointer of that member, the others "". */
MUST_CHECK enum status json_check(struct text text, struct faults *faults);

/* json_check, then the tree, owned by faults->arena (released at its reset); NULL is the document "null". Numbers keep
 * their own digits: json_number_digits. STATUS_TOO_LARGE, without a fault, beyond INT_MAX bytes. */
MUST_CHECK enum status json_parse(struct text text, struct faults *faults, struct json_object **document);

/* The digits of a number of such a document exactly as they were given, terminated, for as long as the document lives.
 * Never read a number another way: to json-c each is 0. Absent for what is not a number. */
struct text json_number_digits(struct json_object *number);

#endif
