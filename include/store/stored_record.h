/* What is read to be changed: of a category, and of a webhook. */
#ifndef STORE_STORED_RECORD_H
#define STORE_STORED_RECORD_H

#include "domain/field.h"

/* The thing as it is now. */
struct stored_record {
    struct record record;
    struct text set_by; /* "name:3,slug:7": the version that set a field, where that was not the first; absent: none */
};

#endif
