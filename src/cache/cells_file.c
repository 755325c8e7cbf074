/* The file of the cells: its folder, its making, its mapping, and whether it is still the one at its path. */
#include "cells_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x53454c4c45435741)
#define MAKING_PAUSE_NS (5 * CLOCK_NS_PER_MS)
#define ATTEMPTS_MAX 8 /* at a file that vanishes while it is opened */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* --- locks --- */

static struct flock lock_of(short type, uint32_t byte)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
}

static bool try_lock(int fd, uint32_t byte)
{
    struct flock lock = lock_of(F_WRLCK, byte);
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool cells_try_lock(const struct cells *cells, uint32_t byte)
{
    return try_lock(cells->fd, byte);
}

void cells_unlock(const struct cells *cells, uint32_t byte)
{
    struct flock lock = lock_of(F_UNLCK, byte);
    (void)fcntl(cells->fd, F_OFD_SETLK, &lock);
}

static bool lock_making(int fd, int64_t wait_until_ns)
{
    bool locked = try_lock(fd, LOCK_MAKING);

    while (!locked && clock_monotonic_ns() < wait_until_ns) {
        (void)nanosleep(&(struct timespec){.tv_nsec = MAKING_PAUSE_NS}, NULL);
        locked = try_lock(fd, LOCK_MAKING);
    }
    return locked;
}

/* --- making --- */

static void read_boot(char boot[CELLS_BOOT_SIZE])
{
    const int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, boot, CELLS_BOOT_SIZE - 1);

    if (fd >= 0) {
        (void)close(fd);
    }
    boot[length > 0 ? length : 0] = '\0';
}

/* Whether the file was made whole, since the machine started, by a program with this layout. */
static bool is_whole(int fd, off_t size)
{
    struct {
        uint64_t magic;
        char boot[40];
    } head;
    char boot[40];

    _Static_assert(offsetof(struct cells_file, boot) == sizeof(uint64_t), "the head is the file's");
    read_boot(boot);
    return size == (off_t)sizeof(struct cells_file) && pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
           head.magic == MAGIC && strncmp(head.boot, boot, sizeof boot) == 0;
}

/* Empties the file, which nobody can have mapped, and takes room for all but the owners: a page that a full disk cannot
 * give is a signal to who touches it. */
static bool take_room(int fd)
{
    return ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)sizeof(struct cells_file)) == 0 &&
           posix_fallocate(fd, 0, (off_t)offsetof(struct cells_file, owner)) == 0;
}

static bool map(struct cells *cells)
{
    void *mapped = mmap(NULL, sizeof(struct cells_file), PROT_READ | PROT_WRITE, MAP_SHARED, cells->fd, 0);

    cells->file = mapped != MAP_FAILED ? mapped : NULL;
    return cells->file != NULL;
}

static void fill_in(struct cells_file *file)
{
    if (getrandom(&file->incarnation, sizeof file->incarnation, 0) != (ssize_t)sizeof file->incarnation ||
        file->incarnation == 0) {
        file->incarnation = (uint64_t)clock_unix_us() ^ (uint64_t)getpid() << 48U;
    }
    read_boot(file->boot);
    file->made_ns = clock_monotonic_ns();
    /* What was owed by the writers of the file before is not known. */
    atomic_store(&file->debts, 1);
    atomic_store(&file->magic, MAGIC);
}

bool cells_reserve_owner(const struct cells *cells, uint32_t number)
{
    const off_t start = (off_t)(offsetof(struct cells_file, owner) + number * sizeof(struct owner));
    return posix_fallocate(cells->fd, start, (off_t)sizeof(struct owner)) == 0;
}

/* --- the folder --- */

/* Where no folder is given: /dev/shm, which every Linux has, is memory, and any account may write to. Nobody else may
 * have made the account's folder there. */
static bool use_own_folder(char folder[PATH_MAX])
{
    struct stat found;

    (void)snprintf(folder, PATH_MAX, "/dev/shm/wares-%u", (unsigned)geteuid());
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return false;
    }
    if (lstat(folder, &found) != 0) {
        return false;
    }
    errno = EEXIST;
    return S_ISDIR(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & 022U) == 0;
}

/* Where root comes first, the file is yet the folder's owner's. */
static void give_to_owner(int fd, const char *folder)
{
    struct stat found;

    if (geteuid() == 0 && stat(folder, &found) == 0 && found.st_uid != 0 &&
        fchown(fd, found.st_uid, found.st_gid) != 0) {
        log_warning("cells: %s: its file cannot be given to the folder's owner: %s", folder, strerror(errno));
    }
}

/* False, with errno, where the folder cannot be used. */
static bool find_folder(const struct cells *cells, char folder[PATH_MAX])
{
    if (cells->folder[0] == '\0') {
        return use_own_folder(folder);
    }
    (void)snprintf(folder, PATH_MAX, "%s", cells->folder);
    return mkdir(folder, 0750) == 0 || errno == EEXIST;
}

/* Whether there may be something at the path all the same, for those who may look. */
static bool may_exist(const char *path)
{
    const int why = errno;
    struct stat found;
    const bool exists = lstat(path, &found) == 0 || (errno != ENOENT && errno != ENOTDIR);

    errno = why;
    return exists;
}

/* --- opening --- */

static void turn(struct cells *cells, enum cells_state state, const char *what)
{
    const int why = errno;

    if (cells->told != state && state == CELLS_OFF) {
        log_warning("cells: %s: %s: %s; nothing is cached until WARES_RUNTIME_DIR is a folder that can be written to",
                    cells->path, what, strerror(why));
    } else if (cells->told != state && state == CELLS_BARRED) {
        log_error("cells: %s: %s: %s; nothing is written until it can be used, as other processes may answer by it: "
                  "run all programs of this host under one account",
                  cells->path, what, strerror(why));
    } else if (state == CELLS_ON && (cells->told == CELLS_OFF || cells->told == CELLS_BARRED)) {
        log_info("cells: %s is in use", cells->path);
    }
    cells->state = state;
    cells->told = state;
}

void cells_home(const struct cells *cells, struct cells_home *home)
{
    char folder[PATH_MAX];
    char *end;
    struct stat found;

    _Static_assert(sizeof home->boot == CELLS_BOOT_SIZE, "as it is read");
    *home = (struct cells_home){.path = cells->path};
    read_boot(home->boot);
    home->boot[strcspn(home->boot, "\n")] = '\0';
    memcpy(folder, cells->path, sizeof folder);
    end = strrchr(folder, '/');
    if (cells->state != CELLS_ON || end == NULL) {
        return;
    }
    *end = '\0';
    if (stat(folder, &found) == 0) {
        (void)snprintf(home->folder, sizeof home->folder, "%llu:%llu", (unsigned long long)found.st_dev,
                       (unsigned long long)found.st_ino);
    }
}

bool cells_is_same(const struct cells *cells)
{
    struct stat found;
    return stat(cells->path, &found) == 0 && found.st_dev == cells->device && found.st_ino == cells->inode;
}

/* Makes the file whole where it is not. False, with errno, where that fails. */
static bool complete(struct cells *cells, bool *made)
{
    struct stat found;

    if (fstat(cells->fd, &found) != 0) {
        return false;
    }
    cells->device = found.st_dev;
    cells->inode = found.st_ino;
    *made = !is_whole(cells->fd, found.st_size);
    if ((*made && !take_room(cells->fd)) || !map(cells)) {
        return false;
    }
    if (*made) {
        fill_in(cells->file);
    }
    return true;
}

/* One attempt. *again: the file was removed meanwhile. */
static void open_once(struct cells *cells, const char *folder, int64_t wait_until_ns, bool *again)
{
    bool made = false;

    *again = false;
    cells->fd = open(cells->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (cells->fd < 0) {
        turn(cells, may_exist(cells->path) ? CELLS_BARRED : CELLS_OFF, "cannot be opened");
        return;
    }
    give_to_owner(cells->fd, folder);
    if (!lock_making(cells->fd, wait_until_ns)) {
        turn(cells, CELLS_BARRED, "another process keeps it locked");
    } else if (!complete(cells, &made)) {
        turn(cells, made ? CELLS_OFF : CELLS_BARRED, "cannot be made or mapped");
    } else if (!cells_is_same(cells)) {
        *again = true;
    } else {
        turn(cells, CELLS_ON, "");
        cells_unlock(cells, LOCK_MAKING);
        return;
    }
    cells_close(cells); /* and with it the lock */
}

void cells_open(struct cells *cells, int64_t wait_until_ns)
{
    char folder[PATH_MAX];
    bool again = true;
    bool usable = find_folder(cells, folder);

    if ((size_t)snprintf(cells->path, sizeof cells->path, "%s/%s", folder, cells->name) >= sizeof cells->path) {
        usable = false;
        errno = ENAMETOOLONG;
    }
    if (!usable) {
        turn(cells, cells->folder[0] != '\0' && may_exist(cells->path) ? CELLS_BARRED : CELLS_OFF,
             "its folder cannot be used");
        return;
    }
    for (unsigned i = 0; again && i < ATTEMPTS_MAX; i++) {
        open_once(cells, folder, wait_until_ns, &again);
    }
    if (again) {
        errno = ESTALE;
        turn(cells, CELLS_BARRED, "it is removed again and again");
    }
}

void cells_close(struct cells *cells)
{
    cells->openings++;
    if (cells->file != NULL) {
        (void)munmap(cells->file, sizeof(struct cells_file));
        cells->file = NULL;
    }
    if (cells->fd >= 0) {
        (void)close(cells->fd);
        cells->fd = -1;
    }
    cells->own = -1;
}
