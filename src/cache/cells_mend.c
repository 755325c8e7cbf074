/* Marks whose owner is gone.
 *
 * Nobody takes a dead owner's marks off one by one: it may have died between its list and a mark, or between an end and
 * its list, and which of them are there cannot be told. Its list is emptied, and a marked cell that stands in no list gets
 * a new word without writers. A mark too many is thus found later, by the next who meets it, and never one too few. */
#include "cells_internal.h"

/* --- a cell in no list --- */

static bool lists(const struct owner *owner, uint32_t cell)
{
    const uint32_t count = atomic_load(&owner->count);

    for (uint32_t i = 0; i < count && i < CELLS_MARKS_MAX; i++) {
        if (atomic_load_explicit(&owner->marks[i], memory_order_relaxed) == cell) {
            return true;
        }
    }
    return false;
}

/* The word is read before the lists. An owner that has marked the cell by then, and not ended it, is found in its list;
 * one that lists or ends it later changes the word, and the exchange fails. */
static void reset_unowned(struct cells_file *file, uint32_t cell)
{
    uint64_t word = atomic_load(&file->cell[cell]);
    const uint32_t owners = atomic_load(&file->owners);

    if (cells_is_quiet(word)) {
        return;
    }
    for (uint32_t i = 0; i < owners; i++) {
        if (lists(&file->owner[i], cell)) {
            return;
        }
    }
    (void)atomic_compare_exchange_strong(&file->cell[cell], &word, (word | WRITERS) + 1);
}

/* --- a dead owner --- */

static bool may_commit(const struct owner *owner, cells_is_gone is_gone, void *context)
{
    const struct cells_backend backend = owner->backend[atomic_load(&owner->current) & 1U];
    return backend.pid != 0 && !is_gone(context, &backend);
}

/* With its lock held: it is nobody's. */
static void bury(struct cells *cells, struct owner *owner)
{
    uint32_t marks[CELLS_MARKS_MAX];
    const uint32_t count = atomic_load(&owner->count) <= CELLS_MARKS_MAX ? atomic_load(&owner->count) : 0;

    for (uint32_t i = 0; i < count; i++) {
        marks[i] = atomic_load_explicit(&owner->marks[i], memory_order_relaxed);
    }
    atomic_store(&owner->count, 0);
    for (uint32_t i = 0; i < count; i++) {
        reset_unowned(cells->file, marks[i] & (CELL_COUNT - 1));
    }
}

/* False where the file is another now: what is_gone asks the database may make a new connection, and that attach. */
static bool try_owner(struct cells *cells, uint32_t number, cells_is_gone is_gone, void *context)
{
    struct owner *owner = &cells->file->owner[number];
    const uint64_t opening = cells->openings;
    bool gone;

    if ((int32_t)number == cells->own || atomic_load(&owner->count) == 0 || !cells_try_lock(cells, number)) {
        return true;
    }
    gone = atomic_load(&owner->count) != 0 && !may_commit(owner, is_gone, context);
    if (cells->openings != opening) {
        return false;
    }
    if (gone) {
        bury(cells, owner);
    }
    cells_unlock(cells, number);
    return true;
}

void cells_mend(struct cells *cells, uint32_t cell, cells_is_gone is_gone, void *context)
{
    const uint32_t owners = cells->file != NULL ? atomic_load(&cells->file->owners) : 0;

    for (uint32_t i = 0; i < owners; i++) {
        if (!try_owner(cells, i, is_gone, context)) {
            return;
        }
    }
    if (cells->file != NULL) {
        reset_unowned(cells->file, cell);
    }
}
