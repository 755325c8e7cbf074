/* The state of a worker, handed down from main: there are no globals but the log. */
#ifndef HANDLER_APP_H
#define HANDLER_APP_H

#include "base/config.h"

struct catalog;

struct app {
    const struct config *config;
    struct catalog *catalog;
};

#endif
