/* A front server of our own: makes FastCGI records, sends them through a pair of sockets, and looks at what comes back. */
#ifndef TESTS_UNIT_SERVER_FAKE_FRONT_H
#define TESTS_UNIT_SERVER_FAKE_FRONT_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

struct front {
    int fd;        /* the front server's end */
    int worker_fd; /* the worker's end: its owner closes it */
    struct strbuf out;
    char answer[300000];
    size_t answer_length;
};

struct front_request {
    const char *method;
    const char *uri;
    const char *content_length; /* NULL: not sent */
    struct text body;
    unsigned role; /* 0: responder */
    bool close;    /* without FCGI_KEEP_CONN */
};

struct front *front_open(void);
void front_close(struct front *front);

/* Appends a record, or a whole request, to what the next front_send sends. */
void front_record(struct front *front, unsigned type, struct text content);
void front_request(struct front *front, const struct front_request *request);
void front_send(struct front *front);

/* Reads what has come until now. True where the worker's end is closed or shut down behind it. */
bool front_receive(struct front *front);

/* True where the bytes came that were read last. */
bool front_received(const struct front *front, const char *part);

#endif
