/* Lists that are answered as they were answered before, as long as nothing that they are made of has changed. */
#ifndef HANDLER_LIST_CACHE_H
#define HANDLER_LIST_CACHE_H

#include "catalog/kept_list.h"
#include "handler/exchange.h"

#include <stdbool.h>

/* True where the answer to this very request is kept: it is complete then. Otherwise *key is what it may be kept under, or
 * absent where it must not be. preference: what besides path and query the answer depends on, as Prefer's count; a
 * request with Cache-Control: no-cache is always made anew. */
MUST_CHECK bool list_cache_answers(struct exchange *exchange, struct text preference, struct text *key);

/* Before the database is read for it. */
void list_cache_note(struct exchange *exchange, struct text key, enum list_extent extent, struct text category);

/* Answers with the body and the headers that are written so far, as reply_content does, and keeps them unless the key is
 * absent. */
void list_cache_reply(struct exchange *exchange, struct text key);

#endif
