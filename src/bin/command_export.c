/* wares export: writes the catalogue to a file, as the service does over HTTP. */
#include "command.h"
#include "command_progress.h"

#include "base/arena.h"
#include "csv/writer.h"
#include "domain/feed_cursor.h"
#include "domain/product.h"
#include "store/product_export.h"
#include "store/product_list.h"
#include "json/record.h"
#include "json/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES ((size_t)64 * 1024)
#define STEP_MS 60000
#define IDLE_MS 600000 /* a pipe may be read slowly */
#define ALL_FIELDS ((UINT32_C(1) << PRODUCT_FIELD_COUNT) - 1)

static const char help[] = "usage: wares export [--format F] [--status S] [FILE]\n"
                           "\n"
                           "Writes every product to a file, or to standard output, out of one snapshot. The last line\n"
                           "tells how many there were: without it an export is not whole. A file of that name is\n"
                           "replaced once the export is.\n"
                           "\n"
                           "  --format F  ndjson or csv; by default the end of the name tells (ndjson)\n"
                           "  --status S  only products of these statuses, with commas (draft,active,archived)\n";

static const struct option options[] = {
    {"format", required_argument, NULL, 'f'},
    {"status", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct request {
    bool csv;
    bool format_given;
    struct product_filter filter;
    const char *file; /* NULL: standard output */
};

/* An export under way. */
struct export
{
    struct command_session *session;
    const struct request *request;
    FILE *out;
    struct strbuf part;
    uint64_t count;
    int failed; /* to write: why, as errno has it; 0 where it did not */
    struct progress progress;
};

/* --- writing --- */

static void write_part(struct export *export)
{
    if (export->part.length > 0 && fwrite(export->part.data, export->part.length, 1, export->out) != 1) {
        export->failed = errno != 0 ? errno : EIO;
    }
    strbuf_clear(&export->part, PART_BYTES);
}

static void write_product(struct export *export, const struct record *product)
{
    if (export->request->csv) {
        csv_write_record(&export->part, &product_schema, product, ALL_FIELDS);
    } else {
        json_write_record(&export->part, &product_schema, product);
        strbuf_append_char(&export->part, '\n');
    }
    export->count++;
    if (export->part.length >= PART_BYTES) {
        write_part(export);
        progress_show(&export->progress, export->count);
    }
}

static void write_end(struct export *export, uint64_t xmin)
{
    const struct feed_cursor cursor = {.xid = xmin};
    char text[FEED_CURSOR_TEXT_SIZE];

    feed_cursor_encode(&cursor, text);
    strbuf_printf(&export->part,
                  export->request->csv ? "# cursor=%s count=%" PRIu64 "\r\n"
                                       : "{\"cursor\":\"%s\",\"count\":%" PRIu64 "}\n",
                  text, export->count);
    write_part(export);
}

static enum status write_all(struct export *export, struct product_export *products)
{
    struct record product;
    enum status status = STATUS_OK;
    bool found = true;

    if (export->request->csv) {
        csv_write_names(&export->part, &product_schema, ALL_FIELDS);
    }
    while (status == STATUS_OK && found && export->failed == 0) {
        status = product_export_next(products, &export->session->scope, &product, &found);
        if (status == STATUS_OK && found) {
            write_product(export, &product);
        }
    }
    if (status == STATUS_OK && export->failed == 0) {
        write_end(export, product_export_xmin(products));
    }
    return status;
}

/* --- the whole --- */

static int tell_failure(const struct command_session *session, enum status status)
{
    if (status == STATUS_TOO_LARGE) {
        return command_fail("other exports are under way, and no more than WARES_EXPORTS run at once; try again later");
    }
    return command_fail_status(session, status);
}

/* The planner's guess, for the progress alone. */
static uint64_t guess_total(struct command_session *session, const struct request *request)
{
    const struct product_query query = {.filter = request->filter, .limit = 1};
    uint64_t total = 0;

    return product_list_estimate(session->pg, &session->scope, &query, &total) == STATUS_OK ? total : 0;
}

static int run_export(struct export *export)
{
    struct command_session *session = export->session;
    const struct product_export_bounds bounds = {
        .time_ms = STEP_MS, .idle_ms = IDLE_MS, .exports = (uint32_t)session->config.exports_max};
    struct product_export *products = NULL;
    struct search_note note;
    enum status status =
        product_export_open(session->pg, &session->scope, &export->request->filter, &bounds, &products, &note);

    if (status == STATUS_OK) {
        progress_begin(&export->progress, "exporting", PROGRESS_LINES, 0, guess_total(session, export->request));
        status = write_all(export, products);
        progress_end(&export->progress);
    }
    product_export_close(products);
    if (export->failed != 0) {
        return command_fail("%s cannot be written: %s", export->request->file != NULL ? export->request->file : "it",
                            strerror(export->failed));
    }
    return status == STATUS_OK ? 0 : tell_failure(session, status);
}

/* A device, or a named pipe: it takes what comes, and stays what it is. */
static bool is_no_file(const char *name)
{
    struct stat found;
    return stat(name, &found) == 0 && !S_ISREG(found.st_mode);
}

static int cannot_write(const char *name)
{
    return command_fail("%s cannot be written: %s", name, strerror(errno));
}

/* What is at the name becomes the export. */
static int export_at(struct export *export, const char *name)
{
    int code;

    export->out = fopen(name, "w");
    if (export->out == NULL) {
        return cannot_write(name);
    }
    code = run_export(export);
    return fclose(export->out) != 0 && code == 0 ? cannot_write(name) : code;
}

/* Into a file beside, which takes the name once it is whole: the name at the end of all links. */
static int export_to_file(struct export *export)
{
    char resolved[PATH_MAX];
    const char *name = realpath(export->request->file, resolved) != NULL ? resolved : export->request->file;
    const char *beside = arena_printf(export->session->scope.arena, "%s.part", name).data;
    int code = export_at(export, beside);

    if (code == 0 && rename(beside, name) != 0) {
        code = cannot_write(name);
    }
    if (code != 0) {
        (void)unlink(beside);
    } else {
        (void)fprintf(stderr, "exported %" PRIu64 " products\n", export->count);
    }
    return code;
}

static int carry_out(struct command_session *session, const void *context)
{
    const struct request *request = context;
    struct export export = {.session = session, .request = request, .out = stdout};
    int code;

    strbuf_init(&export.part, SIZE_MAX / 2);
    if (request->file != NULL) {
        code = is_no_file(request->file) ? export_at(&export, request->file) : export_to_file(&export);
    } else {
        code = run_export(&export);
        if (fflush(stdout) != 0 && code == 0) {
            code = cannot_write("it");
        }
    }
    strbuf_free(&export.part);
    return code;
}

/* --- reading the command line --- */

static bool read_statuses(const char *word, uint32_t *statuses)
{
    struct text rest = text_of(word);

    *statuses = 0;
    while (rest.data != NULL) {
        const struct text status = text_split(rest, ',', &rest);
        size_t at = 0;

        while (at < product_status_count && !text_equal(text_of(product_statuses[at]), status)) {
            at++;
        }
        if (at == product_status_count) {
            return false;
        }
        *statuses |= UINT32_C(1) << at;
    }
    return true;
}

/* Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct request *request)
{
    int found = 0;

    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (found) {
        case 'f':
            request->csv = strcmp(optarg, "csv") == 0;
            request->format_given = true;
            if (!request->csv && strcmp(optarg, "ndjson") != 0) {
                return command_misuse("export", "--format takes ndjson or csv");
            }
            break;
        case 's':
            if (!read_statuses(optarg, &request->filter.statuses)) {
                return command_misuse("export", "--status takes draft, active and archived, with commas between them");
            }
            break;
        case 'h':
            (void)fputs(help, stdout);
            return 0;
        default:
            return command_bad_option("export", options, found, argv);
        }
    }
    if (optind + 1 < argc) {
        return command_misuse("export", "%s is one word too many", argv[optind + 1]);
    }
    request->file = optind < argc && strcmp(argv[optind], "-") != 0 ? argv[optind] : NULL;
    if (!request->format_given && request->file != NULL && strlen(request->file) > 4) {
        request->csv = strcmp(request->file + strlen(request->file) - 4, ".csv") == 0;
    }
    return -1;
}

static int run(int argc, char **argv)
{
    struct request request = {.filter = {.statuses = 7}};
    int code = read_options(argc, argv, &request);

    return code < 0 ? command_carry_out(carry_out, &request) : code;
}

const struct command command_export = {
    .name = "export",
    .prose = "writes the catalogue to a file",
    .run = run,
};
