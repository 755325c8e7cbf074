/* The key is the text of the request, not what it means: links in the answer repeat that text, and who is found needs
 * nothing parsed. What is faulty never gets as far as being kept. */
#include "list_cache.h"

#include "reply.h"

#include <string.h>

/* Longer requests are rare, and not worth their room. */
#define KEY_MAX 2048

/* No part has a space in it but the last. */
static struct text key_of(const struct exchange *exchange, struct text preference)
{
    const struct text path = exchange->request.path;
    const struct text query = exchange->request.query;
    const size_t length = path.length + 1 + query.length + 1 + preference.length;
    char *key;

    if (length > KEY_MAX || request_wants_fresh(&exchange->request)) {
        return TEXT_ABSENT;
    }
    key = arena_alloc(exchange->scope.arena, length);
    (void)text_put(text_put(text_put(text_put(text_put(key, path), TEXT("?")), query), TEXT(" ")), preference);
    return (struct text){.data = key, .length = length};
}

bool list_cache_answers(struct exchange *exchange, struct text preference, struct text *key)
{
    struct response *response = &exchange->response;
    struct kept_list list;
    char etag[ETAG_TEXT_SIZE];

    *key = key_of(exchange, preference);
    if (key->data == NULL || !catalog_list_find(exchange->app->catalog, *key, &list)) {
        return false;
    }
    memcpy(etag, list.tag.data, list.tag.length);
    etag[list.tag.length] = '\0';
    strbuf_append_text(&response->headers, list.head);
    response->lent_body = list.body;
    (void)reply_tagged(exchange, etag);
    return true;
}

void list_cache_note(struct exchange *exchange, struct text key, enum list_extent extent, struct text category)
{
    if (key.data != NULL) {
        catalog_list_note(exchange->app->catalog, &exchange->scope, extent, category);
    }
}

void list_cache_reply(struct exchange *exchange, struct text key)
{
    const struct response *response = &exchange->response;
    char etag[ETAG_TEXT_SIZE];

    reply_content_tag(exchange, etag);
    if (key.data != NULL && !response->headers.overflowed && !response->body.overflowed) {
        catalog_list_keep(exchange->app->catalog, key,
                          &(struct kept_list){.tag = text_of(etag),
                                              .head = strbuf_text(&response->headers),
                                              .body = strbuf_text(&response->body)});
    }
    (void)reply_tagged(exchange, etag);
}
