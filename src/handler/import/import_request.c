/* Parameters of imports. */
#include "import_request.h"

#include "../input.h"
#include "handler/problem.h"
#include "http/negotiate.h"
#include "http/query.h"

#define MAP_PREFIX TEXT("map.")

static int read_choice(const struct query *query, const char *name, const char *const *choices, size_t count,
                       int otherwise, struct faults *faults)
{
    const struct text value = query_get(query, name);
    struct text list = TEXT("");
    int found;

    if (value.data == NULL) {
        return otherwise;
    }
    found = import_name_find(choices, count, value);
    if (found < 0) {
        for (size_t i = 0; i < count; i++) {
            list = arena_printf(faults->arena, "%.*s%s%s", TEXT_PRINT(list), i > 0 ? ", " : "", choices[i]);
        }
        faults_add(faults, FAULT_IN_PARAMETER, name, "unknown_value", "must be one of %.*s", TEXT_PRINT(list));
        return otherwise;
    }
    return found;
}

static void read_map(struct import_request *request, const struct query_parameter *parameter, struct faults *faults)
{
    const char *name = arena_string(faults->arena, parameter->name);
    const struct text column = {.data = parameter->name.data + MAP_PREFIX.length,
                                .length = parameter->name.length - MAP_PREFIX.length};

    if (column.length == 0) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "malformed", "must name a column behind the point");
    } else if (request->options.format == IMPORT_NDJSON) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "alone", "goes with text/csv alone: NDJSON has no columns");
    } else if (!import_field_known(parameter->value)) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "unknown_field",
                   "must be a field of a product, category, attr.<key>, or empty for a column that is left out");
    } else if (request->map_count == IMPORT_COLUMN_MAPS_MAX) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "too_many", "is more than the %d columns that may be named",
                   IMPORT_COLUMN_MAPS_MAX);
    } else {
        request->maps[request->map_count++] = (struct import_column_map){.column = column, .field = parameter->value};
    }
}

static void read_parameters(struct exchange *exchange, struct import_request *request)
{
    struct import_options *options = &request->options;
    struct faults *faults = &request->write.faults;
    struct query query;
    struct faults ignored;
    int on_error;
    int mode;

    /* What is unknown, or comes twice, write_begin has told. */
    faults_init(&ignored, exchange->scope.arena);
    input_query(exchange, &query, &ignored);
    mode = read_choice(&query, "mode", import_mode_names, IMPORT_MODE_COUNT, IMPORT_UPSERT, faults);
    on_error = read_choice(&query, "on_error", import_on_error_names, IMPORT_ON_ERROR_COUNT, IMPORT_SKIP, faults);
    options->mode = (enum import_mode)mode;
    options->on_error = (enum import_on_error)on_error;
    options->category_id = input_uuid(exchange, &query, "category_id", faults);
    options->dry_run = request->write.options.dry_run;
    for (size_t i = 0; i < query.count; i++) {
        if (text_starts_with(query.item[i].name, MAP_PREFIX)) {
            read_map(request, &query.item[i], faults);
        }
    }
}

bool import_request_read(struct exchange *exchange, struct import_request *request)
{
    *request = (struct import_request){0};
    if (!write_begin(exchange, &request->write) || !input_content_type(exchange)) {
        return false;
    }
    request->options.format = content_type_is(exchange->request.content_type, "text/csv") ? IMPORT_CSV : IMPORT_NDJSON;
    read_parameters(exchange, request);
    return !write_refused(exchange, &request->write);
}
