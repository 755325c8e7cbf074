/* The state of a worker, handed down from main: there are no globals but the log. */
#ifndef HANDLER_APP_H
#define HANDLER_APP_H

#include "base/config.h"

struct catalog;
struct openapi;

struct app {
    const struct config *config;
    struct catalog *catalog;
    struct openapi *openapi; /* the document, made when it is first asked for; NULL at the start */
};

/* Frees what handlers made for themselves. */
void app_release(struct app *app);

#endif
