/* Names and reckoning of imports. */
#include "domain/import.h"

const char *const import_format_names[IMPORT_FORMAT_COUNT] = {
    [IMPORT_NDJSON] = "ndjson", [IMPORT_CSV] = "csv", [IMPORT_SHOPIFY] = "shopify"};
const char *const import_mode_names[IMPORT_MODE_COUNT] = {
    [IMPORT_CREATE] = "create", [IMPORT_UPDATE] = "update", [IMPORT_UPSERT] = "upsert"};
const char *const import_on_error_names[IMPORT_ON_ERROR_COUNT] = {[IMPORT_SKIP] = "skip", [IMPORT_ABORT] = "abort"};

int import_name_find(const char *const *names, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(text_of(names[i]), name)) {
            return (int)i;
        }
    }
    return -1;
}

uint64_t import_progress(const struct import *import)
{
    const bool twice = import->options.on_error == IMPORT_ABORT && !import->options.dry_run;
    const uint64_t whole = import->lines * (twice ? 2 : 1);
    const uint64_t done = import->place + (twice && !import->checking ? import->lines : 0);

    return whole > 0 ? JOB_PROGRESS_WHOLE * done / whole : JOB_PROGRESS_WHOLE;
}
