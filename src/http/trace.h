/* The traceparent header (W3C Trace Context, section 3.2). */
#ifndef HTTP_TRACE_H
#define HTTP_TRACE_H

#include "base/arena.h"
#include "base/text.h"

/* The header to pass on, or an absent slice where it is not valid. One of a later version is passed on in the form of
 * version 00, as section 4.3 asks; that one lives in the arena. */
struct text trace_parent(struct text header, struct arena *arena);

/* The 32 digits of the trace's id in what trace_parent gave; absent where that is. */
struct text trace_id(struct text parent);

#endif
