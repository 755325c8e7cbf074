/* What is asked of an import: its parameters, and the key under which it is known. */
#ifndef HANDLER_IMPORT_REQUEST_H
#define HANDLER_IMPORT_REQUEST_H

#include "domain/import.h"
#include "handler/exchange.h"
#include "import/file.h"

#include "../write.h"

struct import_request {
    struct import_options options;
    struct import_column_map maps[IMPORT_COLUMN_MAPS_MAX];
    size_t map_count;
    struct write_request write; /* of it the key and the faults */
};

/* Answers 415, and 400 for parameters and headers. */
MUST_CHECK bool import_request_read(struct exchange *exchange, struct import_request *request);

#endif
