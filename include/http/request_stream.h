/* A body that is read while it comes, because it may be of any size. The server sets the function; who reads asks it. */
#ifndef HTTP_REQUEST_STREAM_H
#define HTTP_REQUEST_STREAM_H

#include <stddef.h>
#include <stdint.h>

enum body_read {
    BODY_READ_SOME, /* at least one byte */
    BODY_READ_END,  /* the body is over, and whole */
    BODY_READ_CUT,  /* it will not be whole: fault tells why */
};

struct request_stream {
    /* Waits for bytes and reads up to room of them. The worker does other things meanwhile; a client that is slower than a
     * bound is cut off. */
    enum body_read (*read)(struct request_stream *stream, char *space, size_t room, size_t *count);

    /* "client_gone", "client_slow", "stop" or "malformed" (it is not as long as was announced). */
    const char *fault;
};

#endif
