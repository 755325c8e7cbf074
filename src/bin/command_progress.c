/* The line of progress. */
#include "command_progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAW_NS (100 * CLOCK_NS_PER_MS)
#define BAR_WIDTH 30
#define MIB (1024.0 * 1024.0)

/* A rate of less time than this says nothing. */
#define RATE_NS (500 * CLOCK_NS_PER_MS)

void progress_begin(struct progress *progress, const char *doing, enum progress_unit unit, uint64_t done,
                    uint64_t total)
{
    const char *terminal = getenv("TERM");

    *progress = (struct progress){
        .doing = doing,
        .unit = unit,
        .total = total,
        .shown = isatty(STDERR_FILENO) == 1 && (terminal == NULL || strcmp(terminal, "dumb") != 0),
        .began_ns = clock_monotonic_ns(),
        .began_at = done,
    };
    progress_show(progress, done);
}

static void draw_bar(double part)
{
    char bar[BAR_WIDTH + 1];
    const int filled = (int)(part * BAR_WIDTH);

    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, " [%s] %3d %%", bar, (int)(part * 100));
}

static void draw_amount(const struct progress *progress, double amount, const char *per)
{
    if (progress->unit == PROGRESS_BYTES) {
        (void)fprintf(stderr, "  %.1f MiB%s", amount / MIB, per);
    } else {
        (void)fprintf(stderr, "  %.0f lines%s", amount, per);
    }
}

static void draw_left(double seconds)
{
    const unsigned whole = (unsigned)(seconds + 0.5);

    if (whole >= 3600) {
        (void)fprintf(stderr, "  %u h %02u min left", whole / 3600, whole / 60 % 60);
    } else if (whole >= 60) {
        (void)fprintf(stderr, "  %u min %02u s left", whole / 60, whole % 60);
    } else {
        (void)fprintf(stderr, "  %u s left", whole);
    }
}

void progress_show(struct progress *progress, uint64_t done)
{
    const int64_t now_ns = clock_monotonic_ns();
    const double seconds = (double)(now_ns - progress->began_ns) / (double)CLOCK_NS_PER_S;

    if (!progress->shown || (progress->drawn && now_ns - progress->drawn_ns < DRAW_NS)) {
        return;
    }
    progress->drawn = true;
    progress->drawn_ns = now_ns;
    (void)fprintf(stderr, "\r\033[K%s", progress->doing);
    if (progress->total > 0) {
        draw_bar(done >= progress->total ? 1.0 : (double)done / (double)progress->total);
    }
    draw_amount(progress, (double)done, "");
    if (now_ns - progress->began_ns >= RATE_NS && done > progress->began_at) {
        const double rate = (double)(done - progress->began_at) / seconds;

        draw_amount(progress, rate, "/s");
        if (progress->total > done) {
            draw_left((double)(progress->total - done) / rate);
        }
    }
    (void)fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->drawn) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
    progress->drawn = false;
    progress->shown = false;
}
