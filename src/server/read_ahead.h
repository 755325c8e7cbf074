/* What libfcgi has read of a connection beyond the request that it gave out. */
#ifndef SERVER_READ_AHEAD_H
#define SERVER_READ_AHEAD_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes what libfcgi has of the request's stdin, and waits for nothing. Short of room it has no more: FCGX_GetError tells
 * EBADF then where the stream goes on. */
size_t read_ahead_take(FCGX_Request *request, char *buffer, size_t room);

/* True where the request's stdin is at its end, without an error, and libfcgi has read nothing beyond it: then the bytes
 * that come next on the connection are the next request's first. In doubt false. Nothing may be read of the request
 * afterwards. */
bool read_ahead_is_none(FCGX_Request *request);

#endif
