/* What the programs that serve have in common. */
#ifndef BIN_PROGRAM_H
#define BIN_PROGRAM_H

#define PROGRAM_SENTENCE_MAX 512

/* For a look at Postgres at the start, and for --check. */
#define PROGRAM_CONNECT_MS 3000

enum { PROGRAM_EXIT_FAULT = 1, PROGRAM_EXIT_USAGE = 2 };

/* Tries configuration, Postgres, its schema and Redis, a line each, under the program's name. Returns the exit status. */
int program_check(const char *program);

#endif
