/* A slice of bytes: a pointer and a length, not owned and not terminated. Absent (NULL data) differs from empty. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *data; /* NULL: absent */
    size_t length;    /* bytes */
};

/* A slice of a string literal. */
#define TEXT(literal) ((struct text){.data = "" literal, .length = sizeof(literal) - 1})
#define TEXT_ABSENT ((struct text){.data = NULL, .length = 0})

/* The number that a macro stands for, as a string literal. */
#define TEXT_OF(number) TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

/* For printf's "%.*s": a slice as its two arguments. */
#define TEXT_PRINT(text) (int)(text).length, ((text).data != NULL ? (text).data : "")

/* A slice of a terminated string, absent for NULL. The string must outlive the slice. */
struct text text_of(const char *string);

/* True where both are absent, or both present with the same bytes. */
bool text_equal(struct text a, struct text b);

/* As text_equal, with the case of ASCII letters ignored. */
bool text_equal_ignoring_case(struct text a, struct text b);

bool text_starts_with(struct text text, struct text prefix);

/* The slice without the spaces and tabs at both ends (RFC 9110's OWS). */
struct text text_trim_ows(struct text text);

/* Splits at the first separator: the part before it is returned and *rest set to what follows, or to an absent slice
 * where there is no separator. */
struct text text_split(struct text text, char separator, struct text *rest);

/* How many bytes at the start are printable ASCII: 0x20 to 0x7E. */
size_t text_printable_prefix(struct text text);

/* Copies the bytes to where there is room for them, and returns the place behind them. */
char *text_put(char *at, struct text text);

/* The number in decimal digits, which stand in the caller's room. */
#define TEXT_U64_MAX 20
struct text text_from_u64(uint64_t value, char room[TEXT_U64_MAX]);

/* Reads a decimal of digits only, without sign or spaces. False, and *value untouched, where it is not one or does not
 * fit. */
bool text_to_u64(struct text text, uint64_t *value);

/* The nearest of the names within two edits of the text (Damerau), the first of equals, or NULL. For hints such as "did
 * you mean": as many edits as the text has characters are no likeness, and nothing over 64 bytes is compared. */
const char *text_nearest(struct text text, const char *const *names, size_t count);

#endif
