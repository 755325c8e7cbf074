/* An answer of unknown length, sent as it is made. The server sets the functions; who answers asks them. */
#ifndef HTTP_RESPONSE_STREAM_H
#define HTTP_RESPONSE_STREAM_H

#include "base/text.h"
#include "base/waiter.h"
#include "http/response.h"

#include <stdbool.h>

struct response_stream {
    /* For all that has to be waited for meanwhile: it lets the server do other things, and calls off where the answer is
     * cut. */
    struct waiter waiter;

    /* Sends the head, without Content-Length. */
    bool (*begin)(struct response_stream *stream, const struct response *response);

    /* Sends bytes of the body. It waits for a peer that is slow, up to a bound. */
    bool (*write)(struct response_stream *stream, struct text bytes);

    bool begun; /* the head was sent, or partly: there is no other answer any more */

    /* Why the answer cannot be whole, in a word for the log; NULL while it can. Set by the server where begin, write or a
     * wait failed (the peer is gone or too slow, a bound was hit), and by who answers where it cannot go on. The
     * connection is then cut, so that the peer does not take a part for the whole. */
    const char *cut;
};

#endif
