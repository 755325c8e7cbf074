/* What several handlers answer alike: the headers of JSON, of versions, of pages and of what was made. */
#ifndef HANDLER_REPLY_H
#define HANDLER_REPLY_H

#include "domain/cursor.h"
#include "domain/search_text.h"
#include "handler/exchange.h"
#include "http/etag.h"
#include "http/query.h"

#include <stdbool.h>
#include <stdint.h>

/* The status and headers of an answer with a body of JSON. */
void reply_json(struct exchange *exchange, int status);

/* Cache-Control and Vary of an answer that is no problem (RFC 9111).
 *
 * A read may be kept by anybody, and is asked after each time before it is used, so that nobody is shown anything older
 * than what was acknowledged. Where that cannot be done, the service being away, it may be used for as long as this service
 * itself would use what it remembers (stale-if-error, RFC 5861, for WARES_STALE_MAX seconds). With must-revalidate or
 * no-cache it could not (RFC 9111, section 4.2.4), so that these are said where the time is 0 alone. There is no "public":
 * what is shown to somebody with a key must not be shown to others by a cache between. What is of this moment alone, and
 * what changes answer, is not to be stored. */
void reply_caching(struct exchange *exchange);

/* For a body of JSON without a version that is written in whole, the headers that belong to it before: the tag of both, the
 * status and the other headers, or the 304 that If-None-Match asks for, or the 412 of an If-Match that names other tags. */
void reply_content(struct exchange *exchange);

/* Its parts: the tag of what is written so far, and the answer that has this tag: false where it is a 304, a 412 or a 400,
 * and complete without the body. */
void reply_content_tag(const struct exchange *exchange, char etag[ETAG_TEXT_SIZE]);
bool reply_tagged(struct exchange *exchange, const char *etag);

/* Says that what is answered may be out of date (product_view.unproven): as Cache-Status and Age (RFC 9211, RFC 9111), and
 * not to be stored. To be called before the headers above. */
void reply_unproven(struct exchange *exchange, int64_t age_ms);

/* Adds the ETag of a version. */
void reply_etag(struct exchange *exchange, int64_t version);

/* True where If-Match names other versions only, or is malformed: the answer is a 412 then, or a 400, and complete (RFC
 * 9110, section 13.1.1). what names the thing read ("product"). */
MUST_CHECK bool reply_match_failed(struct exchange *exchange, const char *what, int64_t version);

/* True where that version of a thing is to be answered: the body is to be written, all else is. False where If-Match or
 * If-None-Match is against it: the answer is complete then. */
MUST_CHECK bool reply_version(struct exchange *exchange, const char *what, int64_t version);

/* The same of a tag that the caller made (http/etag.h). */
void reply_tag(struct exchange *exchange, const char *etag);
MUST_CHECK bool reply_tag_not_modified(struct exchange *exchange, const char *etag);

/* True where If-Match names other tags only, or is malformed, or If-None-Match names this one: the answer is complete then.
 * What was written for it is dropped. */
MUST_CHECK bool reply_tag_settled(struct exchange *exchange, const char *etag);

/* Answers with a 304 for that tag, whatever If-None-Match names. */
void reply_304(struct exchange *exchange, const char *etag);

/* Adds Last-Modified. */
void reply_last_modified(struct exchange *exchange, int64_t unix_s);

/* Link: <same path and parameters, another cursor>; rel="next" (RFC 8288), or "prev". */
void reply_link_next(struct exchange *exchange, const struct query *query, const struct cursor *next);
void reply_link_previous(struct exchange *exchange, const struct query *query, const struct cursor *previous);

/* Encoded, both links repeat the parameters: longer ones would not go into the headers of an answer. */
#define LINK_PARAMETERS_MAX 5000
MUST_CHECK bool reply_links_fit(const struct query *query);

/* What there is to tell of a search, as headers: "X-Search-Corrected: hamer=hammer, secatur=secateurs" for words that were
 * misspelt (percent-encoded UTF-8), and "X-Search-Ranked: newest" where only the newest of many products were ranked. */
void reply_search(struct exchange *exchange, const struct search_note *note);

/* Location of something that was made (RFC 9110, section 10.2.2). */
void reply_location(struct exchange *exchange, const char *collection, struct text id);

#endif
