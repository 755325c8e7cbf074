/* A file on its way into the staging table. */
#include "command_import.h"
#include "command_progress.h"

#include "base/arena.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "catalog/imports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)
#define PART_MS 60000 /* for one part at the database */

struct upload {
    struct command_session *session;
    const struct import_request *request;
    int fd;
    struct import_intake *intake;
    struct import_file *file;
    struct sha256 digest;
    struct scope part; /* memory of a part of the file */
    struct progress progress;
    uint64_t bytes;
    enum status status;
    int error; /* of reading, as errno has it */
    char buffer[READ_BYTES];
};

static int tell_failure(const struct command_session *session, enum status status)
{
    const char *reason = pg_last_error(session->pg);

    return command_fail("the database did not take it: %s", reason[0] != '\0' ? reason : status_name(status));
}

static bool stage_line(void *context, const struct import_line *line)
{
    struct upload *upload = context;

    arena_reset(upload->part.arena);
    upload->status = import_intake_put(upload->intake, &upload->part, line);
    return upload->status == STATUS_OK;
}

/* --- the file --- */

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name);

    return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* What is not said, the name tells, or the first character: a line of NDJSON begins with a brace. */
static enum import_format format_of(const struct import_request *request, struct text beginning)
{
    if (request->format_given) {
        return request->options.format;
    }
    if (ends_with(request->file, ".csv")) {
        return IMPORT_CSV;
    }
    if (ends_with(request->file, ".ndjson") || ends_with(request->file, ".jsonl")) {
        return IMPORT_NDJSON;
    }
    while (beginning.length > 0 && strchr("\xef\xbb\xbf \t\r\n", beginning.data[0]) != NULL) {
        beginning = (struct text){.data = beginning.data + 1, .length = beginning.length - 1};
    }
    return beginning.length > 0 && beginning.data[0] == '{' ? IMPORT_NDJSON : IMPORT_CSV;
}

static struct text read_part(struct upload *upload)
{
    size_t length = 0;
    ssize_t count = 1;

    while (length < READ_BYTES && count > 0) {
        count = read(upload->fd, upload->buffer + length, READ_BYTES - length);
        if (count < 0 && errno == EINTR) {
            count = 1;
        } else if (count > 0) {
            length += (size_t)count;
        } else if (count < 0) {
            upload->error = errno;
        }
    }
    return (struct text){.data = upload->buffer, .length = length};
}

static int open_file(struct upload *upload, uint64_t *size)
{
    const char *name = upload->request->file;
    struct stat about;

    upload->fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (upload->fd < 0) {
        return command_fail("%s cannot be read: %s", name, strerror(errno));
    }
    *size = fstat(upload->fd, &about) == 0 && S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0;
    return -1;
}

/* --- the whole --- */

static void begin_digest(struct upload *upload, enum import_format format)
{
    const struct import_request *request = upload->request;
    struct arena *arena = upload->part.arena;
    struct text head =
        arena_printf(arena, "wares import %s %s %s %d %.*s", import_format_names[format],
                     import_mode_names[request->options.mode], import_on_error_names[request->options.on_error],
                     request->options.dry_run, TEXT_PRINT(request->options.category_id));

    for (size_t i = 0; i < request->map_count; i++) {
        head = arena_printf(arena, "%.*s %.*s=%.*s", TEXT_PRINT(head), TEXT_PRINT(request->maps[i].column),
                            TEXT_PRINT(request->maps[i].field));
    }
    sha256_init(&upload->digest);
    sha256_add(&upload->digest, head);
    if (request->again) {
        char again[UUID_TEXT_LENGTH + 1];

        uuid_make(again);
        sha256_add(&upload->digest, text_of(again));
    }
    sha256_add(&upload->digest, TEXT("\n"));
}

/* False where the columns, the reading or the staging failed. */
static bool take_all(struct upload *upload, struct text part)
{
    bool going = true;

    while (going && part.length > 0) {
        sha256_add(&upload->digest, part);
        upload->bytes += part.length;
        going = import_file_feed(upload->file, part);
        progress_show(&upload->progress, upload->bytes);
        part = going ? read_part(upload) : (struct text){0};
    }
    return going && upload->error == 0 && import_file_end(upload->file);
}

static int tell_columns(struct upload *upload)
{
    struct faults faults;
    int code = COMMAND_FAILED;

    faults_init(&faults, upload->session->scope.arena);
    import_file_faults(upload->file, &faults);
    for (size_t i = 0; i < faults.count; i++) {
        const char *where = faults.item[i].where;

        code = command_fail("%s%s%s", where, where[0] != '\0' ? ": " : "", faults.item[i].detail);
    }
    return code;
}

static int finish(struct upload *upload, struct text *id, bool *replayed)
{
    char digest[SHA256_HEX_SIZE];
    struct import_whole whole = {
        .format = import_file_format(upload->file),
        .bytes = upload->bytes,
        .lines = import_file_lines(upload->file),
    };
    enum status status;

    sha256_end(&upload->digest, digest);
    whole.digest = text_of(digest);
    status = import_intake_finish(upload->intake, &upload->session->scope, &whole, id, replayed);
    if (status == STATUS_OK) {
        *id = arena_copy(upload->session->scope.arena, *id);
    }
    return status == STATUS_OK ? -1 : tell_failure(upload->session, status);
}

static int settle(struct upload *upload, bool whole, struct text *id, bool *replayed)
{
    if (upload->error != 0) {
        return command_fail("%s cannot be read: %s; nothing was imported", upload->request->file,
                            strerror(upload->error));
    }
    if (upload->status != STATUS_OK) {
        return tell_failure(upload->session, upload->status);
    }
    if (!whole) {
        return tell_columns(upload);
    }
    if (import_file_lines(upload->file) == 0) {
        return command_fail("%s has no line", upload->request->file);
    }
    return finish(upload, id, replayed);
}

static int take(struct upload *upload, uint64_t size, struct text *id, bool *replayed)
{
    const struct import_request *request = upload->request;
    const struct text beginning = read_part(upload);
    struct import_options options = request->options;
    const struct import_bounds bounds = {.time_ms = PART_MS};
    bool whole;
    int code;

    options.format = format_of(request, beginning);
    upload->status =
        import_intake_open(upload->session->pg, &upload->session->scope, &options, &bounds, &upload->intake);
    if (upload->status != STATUS_OK) {
        return tell_failure(upload->session, upload->status);
    }
    upload->file = import_file_new(&(struct import_file_options){.format = options.format,
                                                                 .maps = request->maps,
                                                                 .map_count = request->map_count,
                                                                 .has_category = options.category_id.data != NULL},
                                   stage_line, upload);
    begin_digest(upload, options.format);
    progress_begin(&upload->progress, "staging  ", PROGRESS_BYTES, 0, size);
    whole = take_all(upload, beginning);
    progress_end(&upload->progress);
    code = settle(upload, whole, id, replayed);
    import_intake_close(upload->intake, &upload->session->scope);
    import_file_free(upload->file);
    return code;
}

int command_upload(struct command_session *session, const struct import_request *request, struct text *id,
                   bool *replayed)
{
    static struct upload upload;
    uint64_t size = 0;
    int code;

    upload = (struct upload){.session = session, .request = request};
    code = open_file(&upload, &size);
    if (code < 0) {
        upload.part = (struct scope){.arena = arena_new(READ_BYTES), .deadline_ns = session->scope.deadline_ns};
        code = take(&upload, size, id, replayed);
        arena_free(upload.part.arena);
        if (upload.fd != STDIN_FILENO) {
            (void)close(upload.fd);
        }
    }
    return code;
}
