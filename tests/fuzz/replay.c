/* Runs a fuzz target over every file of a folder: the corpus as a test, with any compiler. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#define PATH_SIZE 4096
#define INPUT_MAX ((size_t)1024 * 1024)

/* The target over one file. False where it cannot be read whole. */
static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    bool whole = false;
    size_t size = 0;
    uint8_t *input = malloc(INPUT_MAX);
    if (input != NULL) {
        size = fread(input, 1, INPUT_MAX, file);
        whole = ferror(file) == 0 && feof(file) != 0;
    }
    (void)fclose(file);
    /* A block of just that size, so that a read beyond the input is seen. */
    uint8_t *exact = whole ? malloc(size > 0 ? size : 1) : NULL;
    if (exact != NULL) {
        memcpy(exact, input, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
    }
    whole = exact != NULL;
    free(exact);
    free(input);
    return whole;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0;
    bool failed = false;
    for (struct dirent *entry = readdir(folder); entry != NULL && !failed; entry = readdir(folder)) {
        char path[PATH_SIZE];
        if (entry->d_name[0] == '.') {
            continue;
        }
        int length = snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        failed = length < 0 || (size_t)length >= sizeof(path) || !replay(path);
        if (failed) {
            (void)fprintf(stderr, "cannot read %s/%s\n", argv[1], entry->d_name);
        } else {
            count++;
        }
    }
    (void)closedir(folder);
    printf("%s: %d inputs\n", argv[1], count);
    return failed || count == 0 ? 1 : 0;
}
