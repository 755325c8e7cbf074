/* JSON text to a tree: the strict check, then json-c, then each number gets its own digits back. */
#include "json/parse.h"

#include "number.h"
#include "scan.h"
#include "string_scan.h"
#include "tree.h"

#include "base/log.h"

#include <json-c/json.h>
#include <json-c/json_visit.h>
#include <limits.h>

/* json-c counts the level of the document itself, and one more for the values of the innermost container. */
#define TOKENER_DEPTH (JSON_DEPTH_MAX + 2)

/* Hands the next digits to a number. */
static int attach_digits(struct json_object *value, int flags, struct json_object *parent, const char *key,
                         size_t *index, void *context) /* NOLINT(readability-non-const-parameter): json-c's type */
{
    (void)flags;
    (void)parent;
    (void)key;
    (void)index;
    struct json_numbers *left = context;
    if (json_is_number(value)) {
        if (left->count == 0) {
            return JSON_C_VISIT_RETURN_ERROR;
        }
        json_number_attach(value, *left->digits);
        left->digits++;
        left->count--;
    }
    return JSON_C_VISIT_RETURN_CONTINUE;
}

/* True where the whole text was read; *document is the caller's then. */
static bool build_tree(struct text text, struct json_object **document)
{
    struct json_tokener *tokener = json_tokener_new_ex(TOKENER_DEPTH);
    if (tokener == NULL) {
        return false;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *tree = json_tokener_parse_ex(tokener, text.data, (int)text.length);
    if (json_tokener_get_error(tokener) == json_tokener_continue) {
        /* A bare number could go on; a NUL ends it. */
        tree = json_tokener_parse_ex(tokener, "", 1);
    }
    bool whole = json_tokener_get_error(tokener) == json_tokener_success;
    json_tokener_free(tokener);
    if (whole) {
        *document = tree;
    }
    return whole;
}

enum status json_parse(struct text text, struct faults *faults, struct json_object **document)
{
    struct json_numbers numbers = {0};
    struct json_object *tree = NULL;
    enum status status = text.length > INT_MAX ? STATUS_TOO_LARGE : json_scan(text, faults, &numbers);
    if (status != STATUS_OK) {
        goto done;
    }
    status = STATUS_INTERNAL;
    if (!build_tree(json_join_surrogates(text, faults->arena), &tree)) {
        log_error("json-c does not read a document of %zu bytes that the check took", text.length);
        goto done;
    }
    tree_keep(tree, faults->arena);
    struct json_numbers left = numbers;
    if (numbers.count > 0 && (json_c_visit(tree, 0, attach_digits, &left) < 0 || left.count > 0)) {
        log_error("json-c finds other numbers than the check in a document of %zu bytes", text.length);
        goto done;
    }
    *document = tree;
    status = STATUS_OK;
done:
    json_numbers_free(&numbers);
    return status;
}
