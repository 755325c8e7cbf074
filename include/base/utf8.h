/* UTF-8 (RFC 3629): validity, length in code points, and the few classes of code points that the rules need. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the code point at the start of the slice, which must not be empty. Returns its bytes, 1 to 4, or 0 where the
 * bytes are not UTF-8 (overlong forms, surrogates and beyond U+10FFFF included). */
size_t utf8_decode(struct text text, uint32_t *code_point);

/* Offset of the first byte that is not valid, or text.length where all is. */
size_t utf8_valid_prefix(struct text text);

/* Code points in valid UTF-8. */
size_t utf8_count(struct text text);

/* True for a control character: C0, DEL and C1 (Unicode's general category Cc). */
bool utf8_is_control(uint32_t code_point);

/* True for Unicode white space (property White_Space). */
bool utf8_is_white_space(uint32_t code_point);

/* The slice without Unicode white space (property White_Space) at both ends. The text must be valid UTF-8. */
struct text utf8_trim(struct text text);

#endif
