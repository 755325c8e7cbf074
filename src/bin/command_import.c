/* wares import: takes a file of products into the catalogue. */
#include "command_import.h"

#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: wares import [OPTION...] FILE\n"
    "\n"
    "Takes products into the catalogue from a file of NDJSON or CSV, or with - from standard\n"
    "input. The columns of Shopify's exports are known. The file is staged in the database and\n"
    "applied as a background job: where no wares-jobs takes it up, this command does it itself.\n"
    "\n"
    "  --format F        ndjson or csv; by default the end of the name, or the first character, tells\n"
    "  --mode M          create, update or upsert (upsert)\n"
    "  --on-error E      skip: leave out lines that are faulty; abort: check all lines first, and\n"
    "                    change nothing where one is faulty (skip)\n"
    "  --dry-run         only count and show what it would do\n"
    "  --category-id ID  the category of products that are made of lines without one\n"
    "  --map COL=FIELD   what a column is; without a field it is left out; may come several times\n"
    "  --errors FILE     write lines that failed there, to be mended and imported again\n"
    "  --again           also where this file was imported within the last 24 hours\n"
    "  --no-wait         print the import's id once it is staged, and leave it to wares-jobs\n"
    "\n"
    "Exit status: 0; 1 where it was not done; 2 for a misuse; 3 where lines failed.\n";

static const struct option options[] = {
    {"format", required_argument, NULL, 'f'},
    {"mode", required_argument, NULL, 'm'},
    {"on-error", required_argument, NULL, 'o'},
    {"dry-run", no_argument, NULL, 'd'},
    {"category-id", required_argument, NULL, 'c'},
    {"map", required_argument, NULL, 'p'},
    {"errors", required_argument, NULL, 'e'},
    {"again", no_argument, NULL, 'a'},
    {"no-wait", no_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- reading the command line --- */

static int read_name(const char *option, const char *const *names, size_t count, const char *word, int *found)
{
    *found = import_name_find(names, count, text_of(word));
    if (*found < 0) {
        return command_misuse("import", "--%s takes %s%s%s%s%s, not %.40s", option, names[0], count > 2 ? ", " : " or ",
                              names[1], count > 2 ? " or " : "", count > 2 ? names[2] : "", word);
    }
    return -1;
}

static int read_map(struct import_request *request, const char *word)
{
    struct text field = TEXT_ABSENT;
    const struct text column = text_split(text_of(word), '=', &field);

    if (column.length == 0 || field.data == NULL || !import_field_known(field)) {
        return command_misuse("import",
                              "--map takes COLUMN=FIELD, where FIELD is one of a product, category, attr.<key> or "
                              "nothing, and not %.80s",
                              word);
    }
    if (request->map_count == IMPORT_COLUMN_MAPS_MAX) {
        return command_misuse("import", "--map is taken for %d columns at most", IMPORT_COLUMN_MAPS_MAX);
    }
    request->maps[request->map_count++] = (struct import_column_map){.column = column, .field = field};
    return -1;
}

/* Returns -1 to go on, or the exit code. */
static int read_option(int found, struct import_request *request, char *const *argv)
{
    static char category[UUID_TEXT_LENGTH + 1];
    int name = 0;
    int code = -1;

    switch (found) {
    case 'f':
        code = read_name("format", import_format_names, 2, optarg, &name);
        request->options.format = name == IMPORT_CSV ? IMPORT_CSV : IMPORT_NDJSON;
        request->format_given = true;
        return code;
    case 'm':
        code = read_name("mode", import_mode_names, IMPORT_MODE_COUNT, optarg, &name);
        request->options.mode = code < 0 ? (enum import_mode)name : IMPORT_UPSERT;
        return code;
    case 'o':
        code = read_name("on-error", import_on_error_names, IMPORT_ON_ERROR_COUNT, optarg, &name);
        request->options.on_error = code < 0 ? (enum import_on_error)name : IMPORT_SKIP;
        return code;
    case 'd':
        request->options.dry_run = true;
        return -1;
    case 'c':
        if (!uuid_normalise(text_of(optarg), category)) {
            return command_misuse("import", "--category-id takes the id of a category, which is a UUID");
        }
        request->options.category_id = text_of(category);
        return -1;
    case 'p':
        return read_map(request, optarg);
    case 'e':
        request->errors = optarg;
        return -1;
    case 'a':
        request->again = true;
        return -1;
    case 'n':
        request->no_wait = true;
        return -1;
    case 'h':
        (void)fputs(help, stdout);
        return 0;
    default:
        return command_bad_option("import", options, found, argv);
    }
}

static int read_options(int argc, char **argv, struct import_request *request)
{
    int found = 0;
    int code = -1;

    opterr = 0;
    while (code < 0 && (found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        code = read_option(found, request, argv);
    }
    if (code >= 0) {
        return code;
    }
    if (optind + 1 != argc) {
        return command_misuse("import", optind < argc ? "%s is one word too many" : "which file? - is standard input%s",
                              optind < argc ? argv[optind + 1] : "");
    }
    if (request->no_wait && request->errors != NULL) {
        return command_misuse("import", "--errors needs the end of the import, and does not go with --no-wait");
    }
    request->file = argv[optind];
    return -1;
}

/* --- the command --- */

static int carry_out(struct command_session *session, const void *context)
{
    const struct import_request *request = context;
    struct text id = TEXT_ABSENT;
    bool replayed = false;
    const int code = command_upload(session, request, &id, &replayed);

    if (code >= 0) {
        return code;
    }
    if (replayed) {
        (void)fprintf(stderr,
                      "wares: this file has been imported within the last 24 hours, as %.*s; --again does it anew\n",
                      TEXT_PRINT(id));
    }
    if (request->no_wait) {
        (void)printf("%.*s\n", TEXT_PRINT(id));
        return 0;
    }
    return command_follow(session, request, id);
}

static int run(int argc, char **argv)
{
    struct import_request request = {.options = {.mode = IMPORT_UPSERT}};
    int code = read_options(argc, argv, &request);

    return code < 0 ? command_carry_out(carry_out, &request) : code;
}

const struct command command_import = {
    .name = "import",
    .prose = "takes a file of products into the catalogue",
    .run = run,
};
