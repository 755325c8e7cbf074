/* The handlers below the server, replaced: what was handed down is kept, and the answer is what a test said. */
#ifndef TESTS_UNIT_SERVER_FAKE_EXCHANGE_H
#define TESTS_UNIT_SERVER_FAKE_EXCHANGE_H

#include "handler/exchange.h"

#define FAKE_BODY_MAX 100000

struct fake_exchange {
    unsigned served;
    enum body_state body_state;
    enum http_method method;
    char uri[256];
    char body[FAKE_BODY_MAX];
    size_t body_length;
    int64_t allowed_ns; /* from the request's start to its deadline */
    size_t answer_size; /* of the body that is answered */
    unsigned parts;     /* so many times, as a stream, where there is one; 0: as a body */
    bool breaks;        /* the stream, behind its last part */
    bool reads_body;    /* of a POST, as it comes */
    bool leaves_body;   /* reads_body, and then does not */
    bool had_upload;
    bool whole; /* it was read to its end */
    const char *fault;
    bool had_stream;
    const char *cut; /* what became of it */
};

extern struct fake_exchange fake_exchange;

#endif
