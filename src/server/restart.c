/* When a dead worker is started again. */
#include "restart.h"

int64_t restart_pause_ms(struct restart *restart, int64_t lived_ms)
{
    if (lived_ms >= RESTART_YOUNG_MS) {
        restart->pause_ms = 0;
    } else if (restart->pause_ms == 0) {
        restart->pause_ms = RESTART_PAUSE_MIN_MS;
    } else {
        restart->pause_ms = restart->pause_ms * 2 < RESTART_PAUSE_MAX_MS ? restart->pause_ms * 2 : RESTART_PAUSE_MAX_MS;
    }
    return restart->pause_ms;
}
