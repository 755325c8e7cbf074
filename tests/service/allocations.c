/* Counts what a process allocates, for tests: preloaded, it stands before the C library's allocator. The counts are in the
 * file that ALLOCATIONS names, mapped, so that they can be read while the process runs. libfcgi's own are counted apart:
 * the library makes a request's parameters and streams anew each time. */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The C library's, whatever stands before them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

struct counts {
    _Atomic uint64_t made;      /* blocks, by all but libfcgi; one that is resized is made anew */
    _Atomic uint64_t made_fcgi; /* by libfcgi */
    _Atomic uint64_t released;  /* by all but libfcgi */
    _Atomic uint64_t released_fcgi;
};

static struct counts none;
static struct counts *counts = &none;
static uintptr_t fcgi_begin, fcgi_end;

static int find_fcgi(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    (void)context;
    if (strstr(object->dlpi_name, "libfcgi") == NULL) {
        return 0;
    }
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;

        if (object->dlpi_phdr[i].p_type == PT_LOAD && (object->dlpi_phdr[i].p_flags & PF_X) != 0) {
            fcgi_begin = begin;
            fcgi_end = begin + object->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("ALLOCATIONS");
    const int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    (void)dl_iterate_phdr(find_fcgi, NULL);
    if (fd >= 0 && ftruncate(fd, sizeof *counts) == 0) {
        void *mapped = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        counts = mapped != MAP_FAILED ? mapped : counts;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static bool is_fcgi(const void *caller)
{
    return (uintptr_t)caller >= fcgi_begin && (uintptr_t)caller < fcgi_end;
}

static void count_made(const void *caller)
{
    atomic_fetch_add(is_fcgi(caller) ? &counts->made_fcgi : &counts->made, 1);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's are reserved */
void *malloc(size_t size)
{
    count_made(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_made(__builtin_return_address(0));
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    count_made(__builtin_return_address(0));
    return __libc_realloc(block, size);
}

void free(void *block)
{
    if (block != NULL) {
        atomic_fetch_add(is_fcgi(__builtin_return_address(0)) ? &counts->released_fcgi : &counts->released, 1);
        __libc_free(block);
    }
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
