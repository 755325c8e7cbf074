/* What the programs that serve have in common. */
#ifndef BIN_PROGRAM_H
#define BIN_PROGRAM_H

#include "base/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_SENTENCE_MAX 512

/* For a look at Postgres at the start, and for --check. */
#define PROGRAM_CONNECT_MS 3000

enum { PROGRAM_EXIT_FAULT = 1, PROGRAM_EXIT_USAGE = 2 };

/* What a program is asked for. Where it is asked for several, it does the last of these. */
enum program_wish { PROGRAM_SERVES, PROGRAM_CHECKS, PROGRAM_TELLS_VERSION, PROGRAM_HELPS };

/* Takes one of the options that all programs have. Returns how many words it was; 0, and a sentence, where there is no
 * such option. */
int program_take_option(const char *word, enum program_wish *wish, char *error, size_t error_size);

/* Reads a whole number from least to most. False where the word, which may be NULL, is none. */
bool program_read_number(const char *word, uint64_t least, uint64_t most, uint64_t *number);

/* Does what is wished for instead of serving, under the program's name. Returns the exit status. */
int program_answer(enum program_wish wish, const char *program, const char *usage);

/* Tries configuration, Postgres, its schema and Redis, a line each, under the program's name. Returns the exit status. */
int program_check(const char *program);

/* Opens the log that the configuration tells. False, with a sentence, where that cannot be. */
bool program_open_log(const char *program, const struct config *config, char *error, size_t error_size);

/* Logs a fault, "what: error", unless told has it already: a fault that stays is one line. An empty error ends the
 * fault; nothing is logged then. */
void program_log_once(char told[PROGRAM_SENTENCE_MAX], const char *what, const char *error);

#endif
