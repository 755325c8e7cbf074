/* Imports as JSON. */
#ifndef HANDLER_IMPORT_H
#define HANDLER_IMPORT_H

#include "base/strbuf.h"
#include "domain/import.h"

#define IMPORTS_PATH "/api/v1/imports"

void import_write(struct strbuf *out, const struct import *import);

#endif
