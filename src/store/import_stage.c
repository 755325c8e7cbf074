/* COPY into the table of lines. */
#include "store/import_stage.h"

#include "pg_apart.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

/* The class of the advisory locks: any number that nothing else in the database uses so ("impt"). */
#define SLOT_CLASS UINT32_C(0x696d7074)

#define PART_BYTES ((size_t)256 * 1024)

/* A part and one more line, of which every byte may need an escape. */
#define BUFFER_MAX (PART_BYTES + 16 * IMPORT_LINE_MAX)

/* Between two notes that the upload goes on: one that does not is cleared away in the end. */
#define TOUCH_NS (60 * CLOCK_NS_PER_S)

struct import_stage {
    struct pg_apart apart;
    char id[UUID_TEXT_LENGTH + 1];
    struct strbuf rows; /* in COPY's text form */
    int64_t touched_ns;
};

static enum status take_slot(struct import_stage *stage, struct scope *scope, uint32_t slots)
{
    const char *sql = arena_printf(scope->arena,
                                   "SELECT slot FROM generate_series(1, %u) slot "
                                   "WHERE pg_try_advisory_lock(%u, slot) LIMIT 1",
                                   slots, SLOT_CLASS)
                          .data;
    PGresult *rows = NULL;
    enum status status = pg_apart_run(&stage->apart, scope->deadline_ns, "beginning an upload", sql, &rows);

    if (status == STATUS_OK && (rows == NULL || PQntuples(rows) == 0)) {
        status = STATUS_TOO_LARGE;
    }
    PQclear(rows);
    return status;
}

enum status import_stage_open(const struct pg *pg, struct scope *scope, const struct import_stage_options *options,
                              struct text id, struct import_stage **stage)
{
    const int64_t began_ns = clock_monotonic_ns();
    struct import_stage *opened = memory_new(1, sizeof *opened);
    enum status status;

    strbuf_init(&opened->rows, BUFFER_MAX);
    memcpy(opened->id, id.data, UUID_TEXT_LENGTH);
    opened->touched_ns = began_ns;
    status = pg_apart_open(&opened->apart, pg, scope, "wares import", options->statement_ms, options->waiter);
    if (status == STATUS_OK && options->slots > 0) {
        status = take_slot(opened, scope, options->slots);
    }
    if (status == STATUS_OK) {
        *stage = opened;
    } else {
        import_stage_close(opened);
    }
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

/* --- lines --- */

/* The characters that have a meaning in COPY's text form. */
static const char *escape_of(char c)
{
    switch (c) {
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static void write_value(struct strbuf *out, struct text value)
{
    size_t from = 0;

    if (value.data == NULL) {
        strbuf_append_text(out, TEXT("\\N"));
        return;
    }
    for (size_t i = 0; i < value.length; i++) {
        const char *escape = escape_of(value.data[i]);

        if (escape != NULL) {
            strbuf_append(out, value.data + from, i - from);
            strbuf_append_text(out, text_of(escape));
            from = i + 1;
        }
    }
    strbuf_append(out, value.data + from, value.length - from);
}

enum status import_stage_put(struct import_stage *stage, struct scope *scope, const struct import_line *line)
{
    struct strbuf *out = &stage->rows;

    strbuf_append_text(out, text_of(stage->id));
    strbuf_append_char(out, '\t');
    strbuf_append_u64(out, line->number);
    strbuf_append_char(out, '\t');
    strbuf_append_u64(out, line->line);
    strbuf_append_char(out, '\t');
    write_value(out, line->flaw);
    strbuf_append_char(out, '\t');
    write_value(out, line->content);
    strbuf_append_char(out, '\n');
    if (out->overflowed) {
        return STATUS_TOO_LARGE;
    }
    return out->length >= PART_BYTES ? import_stage_flush(stage, scope) : STATUS_OK;
}

static enum status touch(struct import_stage *stage, struct scope *scope)
{
    const char *sql =
        arena_printf(scope->arena, "UPDATE import SET touched_at = now() WHERE id = '%s'", stage->id).data;

    stage->touched_ns = clock_monotonic_ns();
    return pg_apart_run(&stage->apart, scope->deadline_ns, "an upload", sql, NULL);
}

enum status import_stage_flush(struct import_stage *stage, struct scope *scope)
{
    const int64_t began_ns = clock_monotonic_ns();
    enum status status = STATUS_OK;

    if (stage->rows.length > 0) {
        status = pg_apart_copy(&stage->apart, scope->deadline_ns, "an upload",
                               "COPY import_line (import, number, line, flaw, content) FROM STDIN",
                               strbuf_text(&stage->rows));
        strbuf_clear(&stage->rows, PART_BYTES);
    }
    if (status == STATUS_OK && began_ns - stage->touched_ns > TOUCH_NS) {
        status = touch(stage, scope);
    }
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

void import_stage_close(struct import_stage *stage)
{
    if (stage != NULL) {
        pg_apart_close(&stage->apart);
        strbuf_free(&stage->rows);
        free(stage);
    }
}
