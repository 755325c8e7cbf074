/* What the tests of both kinds of patch share: texts in, the patched document's text out, and nothing else changed. */
#ifndef TESTS_JSON_PATCH_FIXTURE_H
#define TESTS_JSON_PATCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "domain/fault.h"
#include "json/parse.h"
#include "json/patch.h"

#include <json-c/json.h>

typedef enum status patch_function(struct json_object *target, struct json_object *patch, const char *pointer,
                                   struct json_object **patched, struct faults *faults);

struct fixture {
    struct arena *arena;
    struct faults faults;
    struct json_object *patched;
};

static inline int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_new(4096);
    *state = &fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    return 0;
}

static inline struct json_object *parse(struct fixture *fixture, struct text text)
{
    struct json_object *document = NULL;
    struct faults faults;
    faults_init(&faults, fixture->arena);
    if (json_parse(text, &faults, &document) != STATUS_OK) {
        fail_msg("%.*s: %s", TEXT_PRINT(text), faults.item[0].detail);
    }
    return document;
}

/* A tree's text with the digits of its numbers, in the arena. */
static inline const char *written(struct fixture *fixture, struct json_object *document)
{
    const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    return arena_string(fixture->arena, text_of(json_object_to_json_string_ext(document, flags)));
}

/* Applies a patch; where it fails there is no result, and document and patch are as they were in any case. */
static inline enum status apply(struct fixture *fixture, patch_function *function, struct text target,
                                struct text patch)
{
    static const char untouched;
    struct json_object *before = (struct json_object *)(void *)(uintptr_t)&untouched;
    struct json_object *document = parse(fixture, target);
    struct json_object *change = parse(fixture, patch);
    const char *document_text = written(fixture, document);
    const char *change_text = written(fixture, change);
    faults_init(&fixture->faults, fixture->arena);
    fixture->patched = before;
    enum status status = function(document, change, "", &fixture->patched, &fixture->faults);
    assert_int_equal(status == STATUS_OK, fixture->faults.count == 0);
    assert_int_equal(status == STATUS_OK, fixture->patched != before);
    assert_string_equal(written(fixture, document), document_text);
    assert_string_equal(written(fixture, change), change_text);
    return status;
}

/* The patch makes this text of the document. */
static inline void assert_patched(struct fixture *fixture, patch_function *function, const char *target,
                                  const char *patch, const char *expected)
{
    if (apply(fixture, function, text_of(target), text_of(patch)) != STATUS_OK) {
        fail_msg("%s %s: %s: %s", target, patch, fixture->faults.item[0].where, fixture->faults.item[0].detail);
    }
    const char *result = written(fixture, fixture->patched);
    if (strcmp(result, expected) != 0) {
        fail_msg("%s %s: %s", target, patch, result);
    }
}

struct row {
    const char *target;
    const char *patch;
    const char *expected;
};

static inline void assert_rows(struct fixture *fixture, patch_function *function, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_patched(fixture, function, rows[i].target, rows[i].patch, rows[i].expected);
    }
}

/* prefix, then count times the part with "," between, then suffix. */
static inline struct text repeated(struct fixture *fixture, const char *prefix, const char *part, size_t count,
                                   const char *suffix)
{
    size_t before = strlen(prefix);
    size_t length = strlen(part);
    char *text = arena_alloc(fixture->arena, before + count * (length + 1) + strlen(suffix) + 1);
    char *at = memcpy(text, prefix, before);
    at += before;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        memcpy(at, part, length);
        at += length;
    }
    memcpy(at, suffix, strlen(suffix));
    return text_of(text);
}

#endif
