/* The runner's options, its configuration and the gate of the schema. */
#include "jobs.h"
#include "program.h"
#include "program_runner.h"

#include "base/signals.h"
#include "base/text.h"
#include "jobs/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: wares-jobs [--concurrency N]   run background jobs, up to N at once (" TEXT_OF(
    JOBS_CONCURRENCY_DEFAULT) ")\n"
                              "       wares-jobs --check             try the configuration, Postgres, its schema "
                              "and Redis\n"
                              "       wares-jobs --help | --version\n"
                              "\n"
                              "Any number of runners, on any number of hosts, share one queue. TERM hands what is "
                              "not done\n"
                              "back to the others at once; USR1 and HUP open the log anew.\n";

struct arguments {
    unsigned concurrency;
    enum program_wish wish;
};

static int complain(const char *sentence, int code)
{
    (void)fprintf(stderr, JOBS_PROGRAM ": %s\n", sentence);
    return code;
}

/* Takes one option, and its value where it has one. Returns how many words it was; 0, and a sentence, where it is wrong. */
static int read_option(char *const *words, struct arguments *arguments, char *error, size_t error_size)
{
    uint64_t number = 0;

    if (strcmp(words[0], "--concurrency") == 0) {
        if (!program_read_number(words[1], 1, RUNNER_CONCURRENCY_MAX, &number)) {
            (void)snprintf(error, error_size, "--concurrency takes a number from 1 to %d", RUNNER_CONCURRENCY_MAX);
            return 0;
        }
        arguments->concurrency = (unsigned)number;
        return 2;
    }
    return program_take_option(words[0], &arguments->wish, error, error_size);
}

static int serve(const struct arguments *arguments, const struct job_kind *const *kinds, size_t count)
{
    struct config config;
    char error[PROGRAM_SENTENCE_MAX];

    if (config_load(&config, error, sizeof error) != STATUS_OK ||
        !program_open_log(JOBS_PROGRAM, &config, error, sizeof error)) {
        return complain(error, PROGRAM_EXIT_USAGE);
    }
    return program_run_jobs(&(struct program_jobs){.config = &config,
                                                   .name = JOBS_PROGRAM,
                                                   .concurrency = arguments->concurrency,
                                                   .kinds = kinds,
                                                   .kind_count = count});
}

int jobs_main(int argc, char **argv, const struct job_kind *const *kinds, size_t count)
{
    struct arguments arguments = {.concurrency = JOBS_CONCURRENCY_DEFAULT};
    char error[PROGRAM_SENTENCE_MAX];

    if (!signals_block()) {
        return complain("signals cannot be blocked", PROGRAM_EXIT_FAULT);
    }
    for (int i = 1; i < argc;) {
        const int taken = read_option(argv + i, &arguments, error, sizeof error);
        if (taken == 0) {
            return complain(error, PROGRAM_EXIT_USAGE);
        }
        i += taken;
    }
    if (arguments.wish != PROGRAM_SERVES) {
        return program_answer(arguments.wish, JOBS_PROGRAM, usage);
    }
    return serve(&arguments, kinds, count);
}
