/* A large body on its way from the front server: read as it comes, with the worker's other work done in every wait, as in a
 * long answer (stream.h), whose waits these are. */
#ifndef SERVER_UPLOAD_H
#define SERVER_UPLOAD_H

#include "base/text.h"
#include "http/request_stream.h"
#include "stream.h"

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>

/* The least that a client must send in the time of one read (WARES_IO_TIMEOUT): less would hold a place for uploads for as
 * long as it liked. Only the time counts for which it is waited for. */
#define UPLOAD_STEP_BYTES ((uint64_t)32 * 1024)

#define UPLOAD_BUFFER_SIZE ((size_t)64 * 1024)

/* A body no longer than this is read to its end where the handler did not. A front server that was answered before it had
 * all of a body ends the client's connection, and lighttpd does not say so before. */
#define UPLOAD_REST_MAX ((uint64_t)64 * 1024)

struct upload {
    struct request_stream request; /* what the handler sees */
    struct stream *stream;
    int fd;
    int request_id;
    int64_t read_ns;
    bool announced; /* the length is known */
    uint64_t length;
    uint64_t received;
    uint64_t step_received; /* when the clock was last wound up */
    int64_t step_left_ns;
    bool in_records; /* what comes are records, to be taken apart here; else it is the rest of the body */
    bool ended;      /* nothing comes behind what is in the buffer */
    bool whole;      /* all was read, and is as long as was announced */
    unsigned char header[8];
    size_t header_length; /* bytes of it that have come */
    size_t content_left;  /* of the record */
    size_t padding_left;
    size_t at; /* in the buffer */
    size_t end;
    char *buffer;
};

/* For the request that is being served: the body that has not been read. content_length as it was sent, or absent: then the
 * end is told by the front server alone. libfcgi can be asked for no more of the body afterwards. */
void upload_begin(struct upload *upload, struct stream *stream, FCGX_Request *fastcgi, struct text content_length,
                  int64_t read_ms);

/* Reads the rest of a short body, and frees the buffer. True where the whole of the body was read by libfcgi, which then
 * stands behind it as after any other request; else the connection is of no more use. */
bool upload_end(struct upload *upload);

#endif
