/* The parts of wares import. */
#ifndef COMMAND_IMPORT_H
#define COMMAND_IMPORT_H

#include "command.h"

#include "domain/import.h"
#include "import/file.h"

/* Exit code where the import was carried out, but for lines that failed. */
enum { COMMAND_LINES_FAILED = 3 };

struct import_request {
    struct import_options options;
    bool format_given;
    struct import_column_map maps[IMPORT_COLUMN_MAPS_MAX];
    size_t map_count;
    const char *file;   /* "-": standard input */
    const char *errors; /* where lines that failed are written; NULL: nowhere */
    bool again;         /* also where the file was imported before */
    bool no_wait;
};

/* command_upload.c: stages the file and queues the job. id is in the session's memory. Returns -1 to go on, or the exit
 * code, with a sentence. */
int command_upload(struct command_session *session, const struct import_request *request, struct text *id,
                   bool *replayed);

/* command_follow.c: waits for the end of the import with that id; where no runner takes it up, it is carried out here.
 * Returns the exit code. */
int command_follow(struct command_session *session, const struct import_request *request, struct text id);

#endif
