/* Changes of a document: merge patch (RFC 7396) and JSON patch (RFC 6902). Both take trees of json_parse, leave them as
 * they are and make a new one, so that the same patch can be applied again where a write has to be repeated. Numbers keep
 * the digits that they were given. */
#ifndef JSON_PATCH_H
#define JSON_PATCH_H

#include "base/status.h"
#include "domain/fault.h"
#include "domain/field.h"

#define JSON_PATCH_OPERATIONS_MAX 1000

/* What one patch may do, besides the bounds of json/parse.h, which the result keeps too. Its values are those of the
 * document and all that the patch adds, copies and moves, even what it takes away again: at most JSON_VALUES_MAX, so that
 * copying a document into itself over and over ends early. Its bytes are those of their names, strings and digits, and
 * of the numbers that a test compares. */
#define JSON_PATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct json_object;

/* Applies a merge patch. pointer is the patch's own place in the body ("" for a whole body). *patched is the result,
 * owned by faults->arena; NULL is the document "null". STATUS_INVALID where a bound is hit, with one fault at pointer:
 * "too_deep", "too_many_members", "too_many_values" or "too_many_bytes"; *patched is untouched then. */
MUST_CHECK enum status json_merge_patch(struct json_object *target, struct json_object *patch, const char *pointer,
                                        struct json_object **patched, struct faults *faults);

/* Applies a JSON patch, all of it or nothing: *patched as above, untouched unless STATUS_OK.
 *
 * STATUS_INVALID: the patch cannot be applied to any document. Every malformed operation is reported, at its member
 * (/2/path): "type", "required", "unknown_operation", "json_pointer", "own_child" (move into what is moved),
 * "whole_document" (remove of ""), "too_many_operations". Or a bound was hit, with one fault as for a merge patch.
 * STATUS_CONFLICT: it cannot be applied to this document (RFC 5789, section 2.2), with one fault: "test_failed" at the
 * operation (/2), or at /2/path or /2/from "not_found" or "index" (no place of the array that is there). */
MUST_CHECK enum status json_patch(struct json_object *target, struct json_object *patch, const char *pointer,
                                  struct json_object **patched, struct faults *faults);

/* Refuses members that the server makes, also where they repeat what stands there: each that a merge patch names
 * (/version), and the path (/2/path) or the source of a move (/2/from) of each operation of a JSON patch that is not a test;
 * fault "read_only". They are taken out of a merge patch, so that what else is wrong with it can be told too by who goes on
 * with it; what else is wrong with a JSON patch is told once these are mended. */
void json_strip_merge_patch(const struct schema *schema, struct json_object *patch, const char *pointer,
                            struct faults *faults);
void json_check_patch(const struct schema *schema, struct json_object *patch, const char *pointer,
                      struct faults *faults);

#endif
