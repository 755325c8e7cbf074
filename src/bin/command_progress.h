/* How far something long is, for who watches: a line on a terminal that is written again and again, with the rate and the
 * time left; elsewhere nothing, so that scripts and logs get results alone. */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_LINES };

struct progress {
    const char *doing; /* "uploading" */
    enum progress_unit unit;
    uint64_t total; /* 0: not known */
    bool shown;     /* there is a terminal */
    bool drawn;
    int64_t began_ns;
    int64_t drawn_ns;
    uint64_t began_at; /* how much was done at the beginning */
};

/* Begins at so much done. */
void progress_begin(struct progress *progress, const char *doing, enum progress_unit unit, uint64_t done,
                    uint64_t total);

/* Draws, where it is time to. */
void progress_show(struct progress *progress, uint64_t done);

/* Takes the line off the terminal. */
void progress_end(struct progress *progress);

#endif
