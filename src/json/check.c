/* The strict check of JSON text: RFC 8259's grammar to the letter and the bounds of json/parse.h, in one pass, without
 * recursion and without building anything. */
#include "json/parse.h"

#include "keys.h"
#include "string_scan.h"

#include "base/utf8.h"

/* What the grammar allows next. */
enum expected {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* behind "[" */
    EXPECT_NAME,
    EXPECT_NAME_OR_END, /* behind "{" */
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING, /* behind the whole document */
};

/* An object or array that is open. */
struct container {
    bool is_object;
    size_t first_key; /* where the keys of an object begin in scanner.keys */
    size_t index;     /* of the current element of an array */
};

struct scanner {
    struct text text;
    const char *at;
    const char *end;
    enum expected expected;
    struct container open[JSON_DEPTH_MAX];
    size_t depth;
    size_t values; /* so far */
    struct json_keys keys;
    struct faults *faults;
};

/* The next byte, NUL at the end: a NUL in the text is nowhere allowed either. */
static char peek(const struct scanner *scanner)
{
    if (scanner->at == scanner->end) {
        return '\0';
    }
    return *scanner->at;
}

/* --- faults --- */

/* Adds the fault with the place where it is. Always false. */
static bool fault_at(struct scanner *scanner, const char *where, const char *pointer, const char *code,
                     const char *detail)
{
    const char *line_start = scanner->text.data;
    size_t line = 1;
    for (const char *at = scanner->text.data; at < where; at++) {
        if (*at == '\n') {
            line++;
            line_start = at + 1;
        }
    }
    struct text before = {.data = line_start, .length = (size_t)(where - line_start)};
    faults_add(scanner->faults, FAULT_IN_BODY, pointer, code, "%s (offset %zu, line %zu, column %zu)", detail,
               (size_t)(where - scanner->text.data), line, utf8_count(before) + 1);
    return false;
}

/* The fault of a byte that the grammar does not allow here. Always false. */
static bool fault_unexpected(struct scanner *scanner, const char *wanted)
{
    const char *at = scanner->at;
    struct text rest = {.data = at, .length = (size_t)(scanner->end - at)};
    struct arena *arena = scanner->faults->arena;
    struct text detail;
    uint32_t code_point = 0;
    if (rest.length == 0) {
        detail = arena_printf(arena, "expected %s, found the end", wanted);
    } else if (utf8_decode(rest, &code_point) == 0) {
        return fault_at(scanner, at, "", "utf8", "must be valid UTF-8");
    } else if (code_point == 0) {
        return fault_at(scanner, at, "", "nul", "a NUL character is not allowed");
    } else if (code_point == 0xfeff && at == scanner->text.data) {
        detail = TEXT("must not begin with a byte order mark");
    } else if (code_point > 0x20 && code_point < 0x7f) {
        detail = arena_printf(arena, "expected %s, found %c", wanted, (int)code_point);
    } else {
        detail = arena_printf(arena, "expected %s, found U+%04X", wanted, (unsigned)code_point);
    }
    return fault_at(scanner, at, "", "syntax", detail.data);
}

/* The pointer of the member with that name in the innermost object. */
static const char *member_pointer(const struct scanner *scanner, struct text name)
{
    struct arena *arena = scanner->faults->arena;
    const char *pointer = "";
    for (size_t i = 0; i + 1 < scanner->depth; i++) {
        if (scanner->open[i].is_object) {
            /* Its current member is its last, and the keys of the next container come right behind. */
            pointer = fault_pointer(arena, pointer, scanner->keys.item[scanner->open[i + 1].first_key - 1].name);
        } else {
            pointer = fault_pointer_index(arena, pointer, scanner->open[i].index);
        }
    }
    return fault_pointer(arena, pointer, name);
}

/* --- containers --- */

static void value_done(struct scanner *scanner)
{
    scanner->expected = scanner->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static bool open_container(struct scanner *scanner)
{
    if (scanner->depth == JSON_DEPTH_MAX) {
        const struct text detail =
            arena_printf(scanner->faults->arena, "must not be nested deeper than %d levels", JSON_DEPTH_MAX);
        return fault_at(scanner, scanner->at, "", "too_deep", detail.data);
    }
    bool is_object = peek(scanner) == '{';
    scanner->open[scanner->depth++] = (struct container){.is_object = is_object, .first_key = scanner->keys.count};
    scanner->expected = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
    scanner->at++;
    return true;
}

static bool close_container(struct scanner *scanner)
{
    const struct container *container = &scanner->open[scanner->depth - 1];
    if (container->is_object) {
        const struct json_key *repeated = json_keys_repeated(&scanner->keys, container->first_key);
        if (repeated != NULL) {
            return fault_at(scanner, scanner->text.data + repeated->offset, member_pointer(scanner, repeated->name),
                            "duplicate_key", "must stand only once in its object");
        }
        scanner->keys.count = container->first_key;
    }
    scanner->depth--;
    scanner->at++;
    value_done(scanner);
    return true;
}

/* --- tokens --- */

/* Moves behind a string; *inside is what stands between its quotes. */
static bool scan_string(struct scanner *scanner, struct text *inside, bool *escaped)
{
    const char *start = scanner->at + 1;
    struct string_scan scan = json_scan_string(start, scanner->end);
    if (scan.code != NULL) {
        return fault_at(scanner, scan.stop, "", scan.code, scan.detail);
    }
    *inside = (struct text){.data = start, .length = (size_t)(scan.stop - start)};
    *escaped = scan.escaped;
    scanner->at = scan.stop + 1;
    return true;
}

static bool scan_name(struct scanner *scanner)
{
    size_t offset = (size_t)(scanner->at - scanner->text.data);
    struct text name = TEXT_ABSENT;
    bool escaped = false;
    if (scanner->keys.count - scanner->open[scanner->depth - 1].first_key == JSON_MEMBERS_MAX) {
        const struct text detail =
            arena_printf(scanner->faults->arena, "an object must not have over %d members", JSON_MEMBERS_MAX);
        return fault_at(scanner, scanner->at, "", "too_many_members", detail.data);
    }
    if (!scan_string(scanner, &name, &escaped)) {
        return false;
    }
    json_keys_add(&scanner->keys, escaped ? json_decode_string(name, scanner->faults->arena) : name, offset);
    scanner->expected = EXPECT_COLON;
    return true;
}

/* Moves behind the digits, of which there must be one at least. */
static bool scan_digits(struct scanner *scanner)
{
    const char *start = scanner->at;
    while (peek(scanner) >= '0' && peek(scanner) <= '9') {
        scanner->at++;
    }
    return scanner->at > start || fault_unexpected(scanner, "a digit");
}

static bool scan_number(struct scanner *scanner)
{
    if (peek(scanner) == '-') {
        scanner->at++;
    }
    const char *integer = scanner->at;
    if (!scan_digits(scanner)) {
        return false;
    }
    if (*integer == '0' && scanner->at - integer > 1) {
        return fault_at(scanner, integer, "", "syntax", "a number must not have leading zeros");
    }
    if (peek(scanner) == '.') {
        scanner->at++;
        if (!scan_digits(scanner)) {
            return false;
        }
    }
    if (peek(scanner) == 'e' || peek(scanner) == 'E') {
        scanner->at++;
        if (peek(scanner) == '+' || peek(scanner) == '-') {
            scanner->at++;
        }
        if (!scan_digits(scanner)) {
            return false;
        }
    }
    return true;
}

static bool scan_literal(struct scanner *scanner, struct text literal)
{
    struct text rest = {.data = scanner->at, .length = (size_t)(scanner->end - scanner->at)};
    if (!text_starts_with(rest, literal)) {
        return fault_unexpected(scanner, "a value");
    }
    scanner->at += literal.length;
    return true;
}

static bool scan_value(struct scanner *scanner)
{
    char c = peek(scanner);
    if (++scanner->values > JSON_VALUES_MAX) {
        const struct text detail =
            arena_printf(scanner->faults->arena, "must not have over %d values", JSON_VALUES_MAX);
        return fault_at(scanner, scanner->at, "", "too_many_values", detail.data);
    }
    if (c == '{' || c == '[') {
        return open_container(scanner);
    }
    value_done(scanner);
    switch (c) {
    case '"':
        return scan_string(scanner, &(struct text){0}, &(bool){false});
    case 't':
        return scan_literal(scanner, TEXT("true"));
    case 'f':
        return scan_literal(scanner, TEXT("false"));
    case 'n':
        return scan_literal(scanner, TEXT("null"));
    default:
        return c == '-' || (c >= '0' && c <= '9') ? scan_number(scanner) : fault_unexpected(scanner, "a value");
    }
}

static bool scan_comma_or_end(struct scanner *scanner)
{
    struct container *container = &scanner->open[scanner->depth - 1];
    if (peek(scanner) == ',') {
        container->index++;
        scanner->at++;
        scanner->expected = container->is_object ? EXPECT_NAME : EXPECT_VALUE;
        return true;
    }
    if (peek(scanner) == (container->is_object ? '}' : ']')) {
        return close_container(scanner);
    }
    return fault_unexpected(scanner, container->is_object ? "a comma or }" : "a comma or ]");
}

/* --- the pass --- */

static void skip_white_space(struct scanner *scanner)
{
    while (peek(scanner) == ' ' || peek(scanner) == '\n' || peek(scanner) == '\r' || peek(scanner) == '\t') {
        scanner->at++;
    }
}

/* Takes one token; at the end of the text, the fault that one is missing. */
static bool scan_token(struct scanner *scanner)
{
    char c = peek(scanner);
    switch (scanner->expected) {
    case EXPECT_VALUE_OR_END:
        return c == ']' ? close_container(scanner) : scan_value(scanner);
    case EXPECT_VALUE:
        return scan_value(scanner);
    case EXPECT_NAME_OR_END:
        if (c == '}') {
            return close_container(scanner);
        }
        return c == '"' ? scan_name(scanner) : fault_unexpected(scanner, "a name in double quotes or }");
    case EXPECT_NAME:
        return c == '"' ? scan_name(scanner) : fault_unexpected(scanner, "a name in double quotes");
    case EXPECT_COLON:
        if (c != ':') {
            return fault_unexpected(scanner, "a colon");
        }
        scanner->at++;
        scanner->expected = EXPECT_VALUE;
        return true;
    case EXPECT_COMMA_OR_END:
        return scan_comma_or_end(scanner);
    case EXPECT_NOTHING:
        break;
    }
    return fault_unexpected(scanner, "the end");
}

enum status json_check(struct text text, struct faults *faults)
{
    text = text.data != NULL ? text : TEXT("");
    struct scanner scanner = {.text = text, .at = text.data, .end = text.data + text.length, .faults = faults};
    bool valid = true;
    skip_white_space(&scanner);
    while (valid && (scanner.at < scanner.end || scanner.expected != EXPECT_NOTHING)) {
        valid = scan_token(&scanner);
        skip_white_space(&scanner);
    }
    json_keys_free(&scanner.keys);
    return valid ? STATUS_OK : STATUS_INVALID;
}
