/* A change of the feed as it is told: in a page of the feed, and as a live event. */
#ifndef JSON_CHANGE_H
#define JSON_CHANGE_H

#include "base/strbuf.h"
#include "domain/change.h"

/* {"cursor", "type", "id", "version", "at", "data"}. */
void json_write_change(struct strbuf *out, const struct change *change);

/* The same in one line: attributes go out with the white space that they came with, and a line break in them would end the
 * line of an event stream. */
void json_write_change_line(struct strbuf *out, const struct change *change);

/* The same as a block of an event stream (WHATWG HTML, section 9.2): its id is the cursor, its event the type. */
void json_write_change_event(struct strbuf *out, const struct change *change);

#endif
