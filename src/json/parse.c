/* JSON text to a tree: the strict check, and then the building, which need not look for faults any more. json-c's own
 * tokener is not used: it would check everything once more, and take numbers for what fits into its own. */
#include "json/parse.h"

#include "number.h"
#include "string_scan.h"
#include "tree.h"

#include <limits.h>
#include <string.h>

/* Room of an array at first; json-c's default is for 32. */
#define ARRAY_FIRST 4

struct builder {
    const char *at;
    const char *end;
    struct arena *arena;
    struct json_object *open[JSON_DEPTH_MAX]; /* containers, the innermost last */
    size_t depth;
    struct json_object *root;
};

/* The end of a string without escapes is the next double quote; NULL where there is an escape before it. */
static const char *end_of_plain(const char *start, const char *end)
{
    const char *quote = memchr(start, '"', (size_t)(end - start));

    return quote != NULL && memchr(start, '\\', (size_t)(quote - start)) == NULL ? quote : NULL;
}

/* at is a double quote; moves behind the string. */
static struct text take_string(struct builder *builder)
{
    const char *start = builder->at + 1;
    const char *plain_end = end_of_plain(start, builder->end);
    const char *stop = plain_end != NULL ? plain_end : json_scan_string(start, builder->end).stop;
    const struct text inside = {.data = start, .length = (size_t)(stop - start)};

    builder->at = stop + 1;
    return plain_end != NULL ? inside : json_decode_string(inside, builder->arena);
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* What a number is stands in its digits alone. */
static struct json_object *take_number(struct builder *builder)
{
    struct json_object *number = tree_made(json_object_new_int64(0));
    const char *start = builder->at;

    while (builder->at < builder->end && is_of_number(*builder->at)) {
        builder->at++;
    }
    json_number_attach(
        number, arena_string(builder->arena, (struct text){.data = start, .length = (size_t)(builder->at - start)}));
    return number;
}

/* Puts a value into its place; a container's own values come next. */
static void put(struct builder *builder, struct text name, struct json_object *value)
{
    struct json_object *into = builder->depth > 0 ? builder->open[builder->depth - 1] : NULL;

    if (into == NULL) {
        builder->root = value;
        tree_keep(value, builder->arena);
    } else if (name.data != NULL) {
        /* The check has seen that no other member has it; and the name lives as long as the tree. */
        tree_must_succeed(json_object_object_add_ex(into, arena_string(builder->arena, name), value,
                                                    JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT));
    } else {
        tree_must_succeed(json_object_array_add(into, value));
    }
    if (tree_is_container(value)) {
        builder->open[builder->depth++] = value;
    }
}

static void take_value(struct builder *builder, struct text name)
{
    struct text string;

    switch (*builder->at) {
    case '{':
        builder->at++;
        put(builder, name, tree_new_object());
        break;
    case '[':
        builder->at++;
        put(builder, name, tree_made(json_object_new_array_ext(ARRAY_FIRST)));
        break;
    case '"':
        string = take_string(builder);
        put(builder, name, tree_made(json_object_new_string_len(string.data, (int)string.length)));
        break;
    case 't':
        builder->at += strlen("true");
        put(builder, name, tree_made(json_object_new_boolean(1)));
        break;
    case 'f':
        builder->at += strlen("false");
        put(builder, name, tree_made(json_object_new_boolean(0)));
        break;
    case 'n':
        builder->at += strlen("null");
        put(builder, name, NULL);
        break;
    default:
        put(builder, name, take_number(builder));
        break;
    }
}

/* What stands between values and says nothing once all is checked: white space, commas and colons. */
static void skip(struct builder *builder)
{
    while (builder->at < builder->end && (*builder->at == ' ' || *builder->at == ',' || *builder->at == ':' ||
                                          *builder->at == '\n' || *builder->at == '\r' || *builder->at == '\t')) {
        builder->at++;
    }
}

static void build(struct builder *builder)
{
    for (skip(builder); builder->at < builder->end; skip(builder)) {
        struct text name = TEXT_ABSENT;

        if (*builder->at == '}' || *builder->at == ']') {
            builder->at++;
            builder->depth--;
            continue;
        }
        if (builder->depth > 0 && json_object_is_type(builder->open[builder->depth - 1], json_type_object)) {
            name = take_string(builder);
            skip(builder);
        }
        take_value(builder, name);
    }
}

enum status json_parse(struct text text, struct faults *faults, struct json_object **document)
{
    const enum status status = text.length > INT_MAX ? STATUS_TOO_LARGE : json_check(text, faults);

    if (status == STATUS_OK) {
        struct builder builder = {.at = text.data, .end = text.data + text.length, .arena = faults->arena};
        build(&builder);
        *document = builder.root;
    }
    return status;
}
