/* What the unit tests of base and domain include: cmocka behind the headers that it wants first, and checks of our own
 * types. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static inline void check_text(struct text got, const char *want, const char *file, int line)
{
    if (text_equal(got, text_of(want))) {
        return;
    }
    print_error("got  %s\"%.*s\"\nwant %s\"%s\"\n", got.data == NULL ? "absent " : "", TEXT_PRINT(got),
                want == NULL ? "absent " : "", want == NULL ? "" : want);
    _fail(file, line);
}

/* A slice against a string; NULL wants an absent slice. */
#define assert_text(got, want) check_text(got, want, __FILE__, __LINE__)

/* A condition in a row of a table: its name goes into the failure. */
#define assert_row(condition, name)                                                                                    \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail_msg("row \"%s\": %s", name, #condition);                                                              \
        }                                                                                                              \
    } while (0)

#endif
