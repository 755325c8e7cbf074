/* The options that every program that serves has, and their answers. */
#include "program.h"

#include "base/config.h"
#include "base/signals.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum program_wish wish;
} options[] = {
    {"--check", PROGRAM_CHECKS},
    {"--version", PROGRAM_TELLS_VERSION},
    {"--help", PROGRAM_HELPS},
};

int program_take_option(const char *word, enum program_wish *wish, char *error, size_t error_size)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(word, options[i].word) == 0) {
            *wish = options[i].wish > *wish ? options[i].wish : *wish;
            return 1;
        }
    }
    (void)snprintf(error, error_size, "there is no option %.100s; see --help", word);
    return 0;
}

bool program_read_number(const char *word, uint64_t least, uint64_t most, uint64_t *number)
{
    return word != NULL && text_to_u64(text_of(word), number) && *number >= least && *number <= most;
}

int program_answer(enum program_wish wish, const char *program, const char *usage)
{
    switch (wish) {
    case PROGRAM_CHECKS:
        signals_let_stop_end(true);
        return program_check(program);
    case PROGRAM_TELLS_VERSION:
        (void)puts("wares " WARES_VERSION);
        return EXIT_SUCCESS;
    case PROGRAM_SERVES:
    case PROGRAM_HELPS:
        break;
    }
    (void)fputs(usage, stdout);
    (void)fputs("\nConfiguration comes from the environment:\n\n", stdout);
    config_print_help(stdout);
    return EXIT_SUCCESS;
}
