/* The rule for starting a worker again after its death. Pure: times in, times out. */
#ifndef SERVER_RESTART_H
#define SERVER_RESTART_H

#include <stdint.h>

#define RESTART_YOUNG_MS 1000
#define RESTART_PAUSE_MIN_MS 100
#define RESTART_PAUSE_MAX_MS 5000

/* Zeroed: nothing has died yet. */
struct restart {
    int64_t pause_ms; /* the last one; 0 after a death at a fair age */
};

/* How long to wait before the next start of a worker that died after lived_ms: not at all, or, where it died within
 * RESTART_YOUNG_MS, a pause that doubles from one such death to the next. */
int64_t restart_pause_ms(struct restart *restart, int64_t lived_ms);

#endif
