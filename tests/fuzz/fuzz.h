/* What the fuzz targets share. A target is one function that takes any bytes and asserts what must hold for all. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_failed(const char *claim, const char *file, int line) __attribute__((noreturn));

static inline void fuzz_failed(const char *claim, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

/* Holds whatever the build: assert(3) may be compiled out. */
#define must_hold(claim) ((claim) ? (void)0 : fuzz_failed(#claim, __FILE__, __LINE__))

/* The input as a slice; a sanitizer sees a read beyond it. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){.data = size > 0 ? (const char *)data : "", .length = size};
}

#endif
