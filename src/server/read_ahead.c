/* libfcgi waits in its reads, and 2.4 does not tell what lies in its buffer. It can be asked to read on, from a descriptor
 * that is none: it gives what it has, and then exactly that fails. But that is a system call for each request, of the three
 * that a quick one needs; so its own account of the buffer is looked at, which is private. The account has had this form in
 * every release since 2.4.0, and is believed only where it agrees with all that is known otherwise: that of another form is
 * passed over, and libfcgi is asked. */
#include "read_ahead.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdint.h>
#include <stdio.h>

/* FCGX_Stream_Data of libfcgi's fcgiapp.c, as far as its last member that matters. */
struct account {
    unsigned char *buffer;
    int size;
    unsigned char *allocated;
    unsigned char *end; /* of what was read */
    int type;
    /* cppcheck-suppress unusedStructMember */
    int ways[2];      /* of reading: to the end of a record, past contents */
    int content_left; /* of the record at hand */
    int padding_left;
    /* cppcheck-suppress unusedStructMember */
    int writer[2]; /* of the streams that write */
    FCGX_Request *request;
};

static bool is_plausible(const struct account *account, const FCGX_Request *request)
{
    const unsigned char *at = request->in->rdNext;

    return account->request == request && account->type == FCGI_STDIN && account->size > 0 &&
           account->buffer >= account->allocated && account->buffer - account->allocated < 8 && at >= account->buffer &&
           at <= account->end && account->end - account->buffer <= account->size && account->content_left == 0 &&
           account->padding_left >= 0 && account->padding_left <= UINT8_MAX;
}

size_t read_ahead_take(FCGX_Request *request, char *buffer, size_t room)
{
    const int fd = request->ipcFd;
    size_t length = 0;
    int c;

    request->ipcFd = -1;
    while (length < room && (c = FCGX_GetChar(request->in)) != EOF) {
        buffer[length++] = (char)c;
    }
    request->ipcFd = fd;
    return length;
}

/* With an empty buffer the read fails, and where the buffer is not empty the place moves. */
static bool is_none_when_asked(FCGX_Request *request)
{
    FCGX_Stream *in = request->in;
    const unsigned char *end = in->rdNext;
    char first;

    in->isClosed = 0;
    (void)read_ahead_take(request, &first, 1);
    return in->rdNext == end && FCGX_GetError(in) == EBADF;
}

bool read_ahead_is_none(FCGX_Request *request)
{
    const struct account *account = request->in->data;

    if (FCGX_HasSeenEOF(request->in) == 0 || FCGX_GetError(request->in) != 0) {
        return false;
    }
    if (is_plausible(account, request)) {
        return request->in->rdNext == account->end && account->padding_left == 0;
    }
    return is_none_when_asked(request);
}
