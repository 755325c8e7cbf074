/* Looking at an import. */
#include "../input.h"
#include "../reply.h"
#include "catalog/imports.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "import.h"
#include "json/writer.h"

static void write_raw(struct strbuf *out, bool *first, const char *name, struct text json)
{
    json_write_key(out, first, name);
    strbuf_append_text(out, json);
}

/* Thousandths as a fraction: 0, 0.125, 1. */
static void write_progress(struct strbuf *out, bool *first, uint64_t progress)
{
    json_write_key(out, first, "progress");
    if (progress >= JOB_PROGRESS_WHOLE) {
        strbuf_append_char(out, '1');
    } else {
        strbuf_printf(out, progress == 0 ? "0" : "0.%03u", (unsigned)progress);
    }
}

void import_write(struct strbuf *out, const struct import *import)
{
    const struct job *job = &import->job;
    bool first = true;

    strbuf_append_char(out, '{');
    json_write_member(out, &first, "id", job->id);
    json_write_member(out, &first, "state", text_of(job_state_names[job->state]));
    json_write_member(out, &first, "format", text_of(import_format_names[import->options.format]));
    json_write_member(out, &first, "mode", text_of(import_mode_names[import->options.mode]));
    json_write_member(out, &first, "on_error", text_of(import_on_error_names[import->options.on_error]));
    write_raw(out, &first, "dry_run", import->options.dry_run ? TEXT("true") : TEXT("false"));
    json_write_member(out, &first, "category_id", import->options.category_id);
    json_write_member(out, &first, "phase", import->checking ? TEXT("check") : TEXT("apply"));
    json_write_member_i64(out, &first, "bytes", (int64_t)import->bytes);
    json_write_member_i64(out, &first, "total", (int64_t)import->lines);
    json_write_member_i64(out, &first, "rows", (int64_t)import->place);
    json_write_member_i64(out, &first, "created", (int64_t)import->created);
    json_write_member_i64(out, &first, "updated", (int64_t)import->updated);
    json_write_member_i64(out, &first, "unchanged", (int64_t)import->unchanged);
    json_write_member_i64(out, &first, "failed", (int64_t)import->failed);
    write_progress(out, &first, import_progress(import));
    json_write_key(out, &first, "differences");
    strbuf_append_char(out, '[');
    strbuf_append_text(out, import->differences);
    strbuf_append_char(out, ']');
    json_write_member(out, &first, "last_error", job->last_error);
    json_write_member(out, &first, "created_at", job->created_at);
    json_write_member(out, &first, "started_at", job->started_at);
    json_write_member(out, &first, "ended_at", job->ended_at);
    strbuf_append_char(out, '}');
}

void import_get(struct exchange *exchange)
{
    struct import import;
    struct text id;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_import_get(exchange->app->catalog, &exchange->scope, id, &import);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "import", NULL);
        return;
    }
    reply_json(exchange, 200);
    import_write(&exchange->response.body, &import);
}
