/* The shared cells: memory that all processes of a host that serve one database map alike, and by which each knows at
 * once what the others write. It holds no data, only words: for each key, by its hash, how many writers are in flight
 * and a version.
 *
 * A writer lists its cells, marks them (adds itself), commits, and then ends them (a new version, itself off) before its
 * client is answered. A reader notes the word of a cell before it reads the database, and what it read is current for as
 * long as the word stays what was noted, with no writer in flight: every commit lies between a mark and an end, so that
 * where the word is the same, nothing was committed.
 *
 * A writer that dies leaves its marks, and the keys are read from the database. Whoever meets a marked cell looks for
 * owners that are gone (cells_mend): their marks are taken off only once the Postgres backend that they used is known to
 * be gone, as a COMMIT may be on its way until then. Two keys of one cell share its fate, which costs a read and is never
 * wrong.
 *
 * The file is cells-<format>-<database> in the folder. The programs never remove it. Where a person does, those who had
 * it and those who made another would not see each other: so a reader looks at the path every CELLS_VERIFY_MS, a writer
 * before and after its commit, and nobody writes by a new file before all readers have had the time to look.
 *
 * Nothing here waits but cells_attach (at most two seconds) and cells_begin (as told there). Not for use across fork. */
#ifndef CACHE_CELLS_H
#define CACHE_CELLS_H

#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELLS_VERIFY_MS 200
#define CELLS_MARKS_MAX 1136 /* of one write */

struct cells;

/* Who serves a connection to Postgres. A pid of 0: there is none, and nothing can be on its way. */
struct cells_backend {
    int64_t start_us;
    int64_t pid;
};

/* True where that backend is gone for certain, and with it all that it was sent. */
typedef bool (*cells_is_gone)(void *context, const struct cells_backend *backend);

/* folder: where the file is, or "" for one of the account's own in /dev/shm. Nothing is opened yet. Never NULL. */
struct cells *cells_new(const char *folder);
void cells_free(struct cells *cells);

/* Maps the file of that database (any text that tells it from others). Where that fails, one line is logged, and the
 * cells stay off: STATUS_UNAVAILABLE where no process can have the file either; STATUS_CONFLICT where others may have it
 * and this process must not have it: it may not write. */
enum status cells_attach(struct cells *cells, struct text database);

/* The backend of the process's connection, to be told before anything is sent to it. */
void cells_set_backend(struct cells *cells, struct cells_backend backend);

/* For a reader, before anything else of its read: whether the cells are mapped, and the file is still the one at its
 * path. now_ns is clock_monotonic_ns(). */
bool cells_ready(struct cells *cells, int64_t now_ns);

/* A random number that the file got when it was made. Words of different incarnations cannot be compared. 0 while the
 * cells are off. */
uint64_t cells_incarnation(const struct cells *cells);

#define CELLS_BOOT_SIZE 40
#define CELLS_FOLDER_SIZE 48

/* What tells the cells of one process from those of another. */
struct cells_home {
    char boot[CELLS_BOOT_SIZE];     /* this run of the machine */
    char folder[CELLS_FOLDER_SIZE]; /* device and number, the same by whatever path; "" while the cells are off */
    const char *path;               /* of the file; it lives as long as the cells */
};

void cells_home(const struct cells *cells, struct cells_home *home);

/* The cell of a key. Kinds keep apart keys of different kinds. */
uint32_t cells_of(char kind, struct text key);

/* A cell's word; the cells must be ready. */
uint64_t cells_word(const struct cells *cells, uint32_t cell);

/* False where a writer is in flight: nothing may be held under such a word. */
bool cells_is_quiet(uint64_t word);

/* True where no write has ended between the two words of a cell, though some may have begun. */
bool cells_is_same_version(uint64_t word, uint64_t other);

/* Marks cells for a write. Ends with cells_end or cells_abandon, and nothing can be begun in between.
 *
 * STATUS_UNAVAILABLE where it must not be written: the file cannot be used though others may use it, there are more
 * processes than it has room for, or it was made just now and the deadline comes before the time that its readers need
 * (two times CELLS_VERIFY_MS, and a half). STATUS_TOO_LARGE for more than CELLS_MARKS_MAX cells. Nothing is marked then.
 * With the cells off it is STATUS_OK. */
MUST_CHECK enum status cells_begin(struct cells *cells, const uint32_t *marked, size_t count, int64_t deadline_ns);

/* Ends what was begun: the transaction committed, or certainly did not. A word for the first cell by which what this
 * write made is current, or a word that is not quiet where there is none. */
uint64_t cells_end(struct cells *cells);

/* Leaves the marks to cells_mend: the transaction may commit yet. */
void cells_abandon(struct cells *cells);

/* Takes off the marks whose owner is gone, and its backend too; then those of the cell that nobody owns to. */
void cells_mend(struct cells *cells, uint32_t cell, cells_is_gone is_gone, void *context);

/* --- leases: who reads a key from the database, while others wait a moment for what it finds --- */

enum lease { LEASE_MINE, LEASE_OTHERS };

/* Takes the cell's lease, for 50 ms at most, where it is free. Where it is not, and few wait for it already, waits until
 * it is given back, 2 ms at most. It saves work and guards nothing. */
enum lease cells_lease(struct cells *cells, uint32_t cell);
void cells_release(struct cells *cells, uint32_t cell);

/* --- debts: writes of which Redis was not told --- */

/* Before such a write commits, or is answered. */
void cells_owe(struct cells *cells);

/* The number of the last debt that is not paid; 0: none. A new file has one. */
uint64_t cells_debt(const struct cells *cells);

/* All up to that number are paid. */
void cells_pay(struct cells *cells, uint64_t debt);

#endif
