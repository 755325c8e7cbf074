/* Pieces of header values (RFC 9110, section 5.6). Each "take" moves *rest behind what it took, and leaves it where it
 * takes nothing. */
#ifndef HTTP_HEADER_VALUE_H
#define HTTP_HEADER_VALUE_H

#include "base/text.h"

#include <stdbool.h>

/* Optional white space: spaces and tabs. */
void header_skip_ows(struct text *rest);

bool header_take_char(struct text *rest, char c);

/* The token at the start, empty where there is none. */
struct text header_take_token(struct text *rest);

/* A quoted string; *inside is what stands between its quotes, escapes included. */
bool header_take_quoted(struct text *rest, struct text *inside);

/* The element of a comma-separated list at the start, without the white space around it and perhaps empty; commas in
 * quoted strings do not count. *rest becomes absent behind the last. */
struct text header_take_element(struct text *rest);

enum header_parameter { HEADER_PARAMETER_NONE, HEADER_PARAMETER_TAKEN, HEADER_PARAMETER_MALFORMED };

/* A parameter with the ";" before it (section 5.6.6); name is empty for a ";" that nothing follows. NONE at the end. */
enum header_parameter header_take_parameter(struct text *rest, struct text *name, struct text *value);

#endif
