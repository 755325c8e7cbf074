/* A folder for the shared cells of the caches of one test program. */
#ifndef TESTS_CELLS_FOLDER_H
#define TESTS_CELLS_FOLDER_H

#include "../database.h"

static char folder[] = "/tmp/wares-test-XXXXXX";

static inline void make_cells_folder(void)
{
    assert_non_null(mkdtemp(folder));
}

static inline void remove_cells(void)
{
    glob_t found = {0};
    char pattern[sizeof folder + 10];

    (void)snprintf(pattern, sizeof pattern, "%s/cells-*", folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)unlink(found.gl_pathv[i]);
        }
    }
    globfree(&found);
    (void)rmdir(folder);
}

#endif
