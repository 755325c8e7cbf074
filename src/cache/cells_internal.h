/* The file of the cells, as it is mapped, and a process's view of it. */
#ifndef CELLS_INTERNAL_H
#define CELLS_INTERNAL_H

#include "cache/cells.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/types.h>

#define CELLS_FORMAT "1" /* part of the file's name: moves on with any change of what follows */

#define CELL_COUNT (UINT32_C(1) << 17)
#define LEASE_COUNT (UINT32_C(1) << 12)
#define OWNER_COUNT 1280 /* more than a supervisor starts, and replaces one by one */

/* A cell's word: version above, writers below. An end is one addition: a version more, a writer less. */
#define WRITER_BITS 21U /* more than all owners with full lists */
#define WRITERS ((UINT64_C(1) << WRITER_BITS) - 1)
#define MARK UINT64_C(1)
#define END ((UINT64_C(1) << WRITER_BITS) - 1)

_Static_assert((uint64_t)OWNER_COUNT *CELLS_MARKS_MAX < WRITERS, "writers never run over into the version");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(_Atomic uint64_t) == 8, "words are shared between processes");

/* A process that writes. It holds an OFD lock on the byte of its number, which the kernel takes off when it dies. What
 * stands in an owner without a lock and with marks is a dead one's. */
struct owner {
    struct cells_backend backend[2]; /* the one that counts is backend[current] */
    _Atomic uint32_t current;
    _Atomic uint32_t count; /* of marks; set before the cells are marked, cleared after they are ended */
    _Atomic uint32_t marks[CELLS_MARKS_MAX]; /* relaxed: count orders them */
};

struct cells_file {
    _Atomic uint64_t magic; /* set last */
    char boot[40];          /* of /proc/sys/kernel/random/boot_id: after a crash a disk may hold older words */
    uint64_t incarnation;
    int64_t made_ns;         /* CLOCK_MONOTONIC */
    _Atomic uint32_t owners; /* those that were ever taken: the room of the others may not be there */
    _Atomic uint64_t debts;  /* incurred */
    _Atomic uint64_t paid;   /* of them */
    _Atomic uint64_t lease[LEASE_COUNT];
    _Atomic uint64_t cell[CELL_COUNT];
    struct owner owner[OWNER_COUNT];
};

/* Bytes of the lock on the making of the file; owners have those from 0. */
#define LOCK_MAKING (UINT32_C(1) << 30)

enum cells_state {
    CELLS_UNATTACHED, /* no database is known yet */
    CELLS_OFF,        /* nobody can have the file */
    CELLS_BARRED,     /* others may have it */
    CELLS_ON,
};

struct cells {
    const char *folder;
    char name[40]; /* of the file */
    char path[PATH_MAX];
    enum cells_state state;
    enum cells_state told; /* in the log */
    int fd;
    dev_t device;
    ino_t inode;
    struct cells_file *file;
    uint64_t openings;   /* of a file, so that one is told from the next */
    int64_t verified_ns; /* when the path was looked at last */
    struct cells_backend backend;
    int32_t own;     /* number of the owner, -1: none */
    uint32_t marked; /* the cells of the write that was begun */
    uint64_t first_word;
    bool begun;
    uint32_t marks[CELLS_MARKS_MAX]; /* of that write, for a file that comes in between */
};

/* cells_file.c: opens the path's file, makes it where it is not there, and maps it. Sets state. Where another process is
 * just making it, waits until then at most. */
void cells_open(struct cells *cells, int64_t wait_until_ns);
void cells_close(struct cells *cells);

/* Whether the path still leads to the mapped file. */
bool cells_is_same(const struct cells *cells);

/* A lock of the mapped file; false where another process holds it. */
bool cells_try_lock(const struct cells *cells, uint32_t byte);
void cells_unlock(const struct cells *cells, uint32_t byte);

/* Makes sure that the owner's room is there. */
bool cells_reserve_owner(const struct cells *cells, uint32_t number);

#endif
