/* Noting, marking and ending cells.
 *
 * All atomics are sequentially consistent. A reader's load costs the same as a plain one on the processors that we know;
 * a writer has a round trip to Postgres in between. What is relied on, of the orders that this gives: a mark is there
 * before COMMIT is sent, and an end before the client is answered (both also by the system calls between them); an owner's
 * list is there before the first mark and until after the last end, so that who finds a cell in no list, and then its word
 * unchanged, knows that no owner has marked it (cells_mend.c). */
#include "cells_internal.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAKING_WAIT_MS 2000
#define VERIFY_NS (CELLS_VERIFY_MS * CLOCK_NS_PER_MS)

/* Readers of the file before have looked at the path by then, twice. */
#define YOUNG_NS (5 * VERIFY_NS / 2)

/* --- the process's view --- */

struct cells *cells_new(const char *folder)
{
    struct cells *cells = memory_new(1, sizeof *cells);

    cells->folder = folder;
    cells->fd = -1;
    cells->own = -1;
    return cells;
}

void cells_free(struct cells *cells)
{
    if (cells != NULL) {
        cells_close(cells);
        free(cells);
    }
}

enum status cells_attach(struct cells *cells, struct text database)
{
    char name[sizeof cells->name];

    (void)snprintf(name, sizeof name, "cells-" CELLS_FORMAT "-%016llx",
                   (unsigned long long)hash_add(HASH_START, database));
    if (cells->state == CELLS_UNATTACHED || strcmp(cells->name, name) != 0) {
        cells_close(cells);
        memcpy(cells->name, name, sizeof name);
        cells_open(cells, clock_deadline_in_ms(MAKING_WAIT_MS));
    }
    return cells->state == CELLS_ON ? STATUS_OK : cells->state == CELLS_OFF ? STATUS_UNAVAILABLE : STATUS_CONFLICT;
}

static void tell_backend(struct cells *cells)
{
    struct owner *owner = &cells->file->owner[cells->own];
    const uint32_t other = 1 - atomic_load(&owner->current);

    owner->backend[other] = cells->backend;
    atomic_store(&owner->current, other);
}

void cells_set_backend(struct cells *cells, struct cells_backend backend)
{
    cells->backend = backend;
    if (cells->own >= 0) {
        tell_backend(cells);
    }
}

/* --- reading --- */

bool cells_ready(struct cells *cells, int64_t now_ns)
{
    if (cells->state == CELLS_ON && now_ns - cells->verified_ns < VERIFY_NS) {
        return true;
    }
    if (cells->state == CELLS_UNATTACHED || (cells->state != CELLS_ON && now_ns - cells->verified_ns < VERIFY_NS)) {
        return false;
    }
    /* Before the look: a file that is removed after it is noticed VERIFY_NS after now_ns. */
    cells->verified_ns = now_ns;
    if (cells->state != CELLS_ON || !cells_is_same(cells)) {
        cells_close(cells);
        cells_open(cells, now_ns);
    }
    return cells->state == CELLS_ON;
}

uint64_t cells_incarnation(const struct cells *cells)
{
    return cells->file != NULL ? cells->file->incarnation : 0;
}

uint32_t cells_of(char kind, struct text key)
{
    const uint64_t hash = hash_add(hash_add(HASH_START, (struct text){.data = &kind, .length = 1}), key);
    return (uint32_t)(hash ^ hash >> 32U) & (CELL_COUNT - 1);
}

uint64_t cells_word(const struct cells *cells, uint32_t cell)
{
    return atomic_load(&cells->file->cell[cell]);
}

bool cells_is_quiet(uint64_t word)
{
    return (word & WRITERS) == 0;
}

bool cells_is_same_version(uint64_t word, uint64_t other)
{
    return word >> WRITER_BITS == other >> WRITER_BITS;
}

/* --- being an owner --- */

static void raise_owners(struct cells_file *file, uint32_t count)
{
    uint32_t seen = atomic_load(&file->owners);
    while (seen < count && !atomic_compare_exchange_weak(&file->owners, &seen, count)) {
    }
}

/* Takes an owner whose list is empty: a dead one's is left to cells_mend. */
static bool take_owner(struct cells *cells)
{
    for (uint32_t i = 0; i < OWNER_COUNT; i++) {
        if (!cells_try_lock(cells, i)) {
            continue;
        }
        if (!cells_reserve_owner(cells, i)) {
            cells_unlock(cells, i);
            return false;
        }
        if (atomic_load(&cells->file->owner[i].count) == 0) {
            raise_owners(cells->file, i + 1);
            cells->own = (int32_t)i;
            tell_backend(cells);
            return true;
        }
        cells_unlock(cells, i);
    }
    return false;
}

/* --- writing --- */

#ifdef WARES_TEST_UNSAFE_CACHE
/* A build for the tests that must find what goes wrong without the protocol. */
enum status cells_begin(struct cells *cells, const uint32_t *marked, size_t count, int64_t deadline_ns)
{
    (void)cells;
    (void)marked;
    (void)count;
    (void)deadline_ns;
    (void)take_owner;
    return STATUS_OK;
}

uint64_t cells_end(struct cells *cells)
{
    (void)cells;
    return WRITERS;
}

void cells_abandon(struct cells *cells)
{
    (void)cells;
}
#else

static void mark(struct cells *cells)
{
    struct owner *owner = &cells->file->owner[cells->own];

    for (uint32_t i = 0; i < cells->marked; i++) {
        atomic_store_explicit(&owner->marks[i], cells->marks[i], memory_order_relaxed);
    }
    atomic_store(&owner->count, cells->marked);
    for (uint32_t i = 0; i < cells->marked; i++) {
        const uint64_t word = atomic_fetch_add(&cells->file->cell[cells->marks[i]], MARK);
        cells->first_word = i == 0 ? word + MARK : cells->first_word;
    }
}

/* Makes sure that the file at the path is mapped, and has an owner for us. */
static enum status get_ready(struct cells *cells, int64_t deadline_ns)
{
    if (cells->state != CELLS_ON || !cells_is_same(cells)) {
        const int64_t end_ns = clock_deadline_in_ms(MAKING_WAIT_MS);
        cells_close(cells);
        cells_open(cells, deadline_ns < end_ns ? deadline_ns : end_ns);
    }
    if (cells->state == CELLS_OFF) {
        return STATUS_OK;
    }
    if (cells->state != CELLS_ON) {
        return STATUS_UNAVAILABLE;
    }
    if (cells->own < 0 && !take_owner(cells)) {
        log_error("cells: %s: no room for another process that writes", cells->path);
        return STATUS_UNAVAILABLE;
    }
    return STATUS_OK;
}

/* Waits until the file is old enough to be written by. */
static bool wait_for_readers(const struct cells *cells, int64_t deadline_ns)
{
    const int64_t old_ns = cells->file->made_ns + YOUNG_NS;
    int64_t now_ns = clock_monotonic_ns();

    if (now_ns < old_ns && deadline_ns < old_ns) {
        return false;
    }
    while (now_ns < old_ns) {
        const int64_t left_ns = old_ns - now_ns;
        (void)nanosleep(&(struct timespec){.tv_sec = left_ns / CLOCK_NS_PER_S, .tv_nsec = left_ns % CLOCK_NS_PER_S},
                        NULL);
        now_ns = clock_monotonic_ns();
    }
    return true;
}

enum status cells_begin(struct cells *cells, const uint32_t *marked, size_t count, int64_t deadline_ns)
{
    enum status status;

    if (count > CELLS_MARKS_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (cells->state == CELLS_UNATTACHED) {
        return STATUS_UNAVAILABLE;
    }
    status = get_ready(cells, deadline_ns);
    if (status != STATUS_OK) {
        return status;
    }
    if (cells->state == CELLS_ON && !wait_for_readers(cells, deadline_ns)) {
        return STATUS_UNAVAILABLE;
    }
    memcpy(cells->marks, marked, count * sizeof marked[0]);
    cells->marked = (uint32_t)count;
    cells->begun = true;
    if (cells->state == CELLS_ON) {
        mark(cells);
    }
    return STATUS_OK;
}

/* The word after the first cell's end, where nobody else marked or ended it since it was marked. */
static uint64_t end(struct cells *cells)
{
    uint64_t made = WRITERS;

    for (uint32_t i = 0; i < cells->marked; i++) {
        const uint64_t word = atomic_fetch_add(&cells->file->cell[cells->marks[i]], END);
        if (i == 0 && word == cells->first_word) {
            made = word + END;
        }
    }
    atomic_store(&cells->file->owner[cells->own].count, 0);
    return made;
}

uint64_t cells_end(struct cells *cells)
{
    uint64_t made = WRITERS;

    if (!cells->begun) {
        return made;
    }
    if (cells->state == CELLS_ON) {
        made = end(cells);
    }
    /* Who made another file meanwhile may have read from the database before the commit, and noted words there. */
    if ((cells->state != CELLS_ON || !cells_is_same(cells)) && get_ready(cells, CLOCK_FOREVER) == STATUS_OK &&
        cells->state == CELLS_ON) {
        mark(cells);
        (void)end(cells);
        made = WRITERS;
    }
    cells->begun = false;
    return made;
}

/* The owner is given up with its list, as if the process had died. */
void cells_abandon(struct cells *cells)
{
    if (cells->begun && (cells->state != CELLS_ON || !cells_is_same(cells)) &&
        get_ready(cells, CLOCK_FOREVER) == STATUS_OK && cells->state == CELLS_ON) {
        mark(cells);
    }
    if (cells->begun && cells->own >= 0) {
        cells_unlock(cells, (uint32_t)cells->own);
        cells->own = -1;
    }
    cells->begun = false;
}
#endif

/* --- debts --- */

void cells_owe(struct cells *cells)
{
    if (cells->file != NULL) {
        (void)atomic_fetch_add(&cells->file->debts, 1);
    }
}

uint64_t cells_debt(const struct cells *cells)
{
    const uint64_t debts = atomic_load(&cells->file->debts);
    return debts > atomic_load(&cells->file->paid) ? debts : 0;
}

void cells_pay(struct cells *cells, uint64_t debt)
{
    uint64_t paid = atomic_load(&cells->file->paid);
    while (paid < debt && !atomic_compare_exchange_weak(&cells->file->paid, &paid, debt)) {
    }
}
