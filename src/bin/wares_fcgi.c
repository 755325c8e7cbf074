/* wares.fcgi: a FastCGI worker, or with --workers the supervisor of a pool of them. Reads options and configuration, and
 * hands over to who does the work. */
#include "fcgi.h"

#include "base/signals.h"
#include "cache/redis.h"
#include "server/supervisor.h"
#include "server/worker.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: wares.fcgi [--workers N]   serve FastCGI on the listening socket that is descriptor 0;\n"
    "                                  with --workers as a pool of N workers that is kept alive\n"
    "       wares.fcgi --check         try the configuration, Postgres, its schema and Redis\n"
    "       wares.fcgi --help | --version\n";

static const char how_to_run[] =
    "wares.fcgi: descriptor 0 is not a listening socket. Start it with spawn-fcgi, as in\n"
    "\n"
    "    spawn-fcgi -n -s /run/wares/wares.sock -M 0660 -b 1024 -- /usr/local/bin/wares.fcgi --workers 4\n"
    "\n"
    "and let nginx pass requests to it:\n"
    "\n"
    "    location / {\n"
    "        include fastcgi_params;\n"
    "        fastcgi_pass unix:/run/wares/wares.sock;\n"
    "    }\n"
    "\n"
    "wares.fcgi --help lists options and configuration.\n";

struct arguments {
    unsigned workers; /* 0: be a worker */
    enum program_wish wish;
    bool supervised;
    int ready_fd;
};

void fcgi_complain(const char *sentence)
{
    (void)fprintf(stderr, FCGI_PROGRAM ": %s\n", sentence);
    if (worker_socket_usable(FCGI_LISTEN_FD) &&
        log_open(FCGI_PROGRAM, "syslog", LOG_FORMAT_TEXT, LOG_LEVEL_INFO) == STATUS_OK) {
        log_error("%s", sentence);
    }
}

/* Takes one option, and its value where it has one. Returns how many words it was; 0, and a sentence, where it is wrong. */
static int read_option(char *const *words, struct arguments *arguments, char *error, size_t error_size)
{
    uint64_t number = 0;

    if (strcmp(words[0], "--workers") == 0) {
        if (!program_read_number(words[1], 1, SUPERVISOR_WORKERS_MAX, &number)) {
            (void)snprintf(error, error_size, "--workers takes a number from 1 to %d", SUPERVISOR_WORKERS_MAX);
            return 0;
        }
        arguments->workers = (unsigned)number;
        return 2;
    }
    /* Not for people: the supervisor starts its workers with it. */
    if (strcmp(words[0], SUPERVISOR_READY_OPTION) == 0 && program_read_number(words[1], 0, INT_MAX, &number)) {
        arguments->supervised = true;
        arguments->ready_fd = (int)number;
        return 2;
    }
    return program_take_option(words[0], &arguments->wish, error, error_size);
}

static bool read_arguments(int count, char *const *words, struct arguments *arguments, char *error, size_t error_size)
{
    *arguments = (struct arguments){.ready_fd = -1};
    for (int i = 1; i < count;) {
        const int taken = read_option(words + i, arguments, error, error_size);
        if (taken == 0) {
            return false;
        }
        i += taken;
    }
    return true;
}

/* The path by which workers are executed. A path with symbolic links in it is kept as it was given: a release may be
 * switched by such a link. */
static bool find_program(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    ssize_t length;

    if (name[0] == '/') {
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    }
    if (strchr(name, '/') != NULL && getcwd(folder, sizeof folder) != NULL) {
        return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
    }
    length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static int run_supervisor(const struct config *config, unsigned workers, const char *name)
{
    char path[PATH_MAX];
    struct supervisor_options options = {.workers = workers, .program = path, .config = config};

    if (!find_program(name, path)) {
        fcgi_complain("its own path is too long, or cannot be found");
        return PROGRAM_EXIT_FAULT;
    }
    return supervisor_run(&options) == STATUS_OK ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}

/* Asked before anything starts: a pool would only see its workers end one after the other. */
static bool redis_url_valid(const struct config *config, char *error, size_t error_size)
{
    struct redis *redis = NULL;
    const bool valid = redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, error_size) == STATUS_OK;

    redis_free(redis);
    return valid;
}

static int serve(const struct arguments *arguments, const char *name)
{
    struct config config;
    char error[PROGRAM_SENTENCE_MAX];

    if (config_load(&config, error, sizeof error) != STATUS_OK) {
        fcgi_complain(error);
        return PROGRAM_EXIT_USAGE;
    }
    if (!worker_socket_usable(FCGI_LISTEN_FD)) {
        (void)fputs(how_to_run, stderr);
        return PROGRAM_EXIT_USAGE;
    }
    if (!program_open_log(FCGI_PROGRAM, &config, error, sizeof error)) {
        fcgi_complain(error);
        return PROGRAM_EXIT_USAGE;
    }
    if (!redis_url_valid(&config, error, sizeof error)) {
        char sentence[sizeof error + 16];
        (void)snprintf(sentence, sizeof sentence, "REDIS_URL: %s", error);
        fcgi_complain(sentence);
        return PROGRAM_EXIT_USAGE;
    }
    /* The supervisor migrates for its workers; a worker of its own does so itself. */
    if (config.migrate && !arguments->supervised) {
        signals_let_stop_end(true);
        fcgi_migrate_at_start(&config);
        signals_let_stop_end(false);
    }
    return arguments->workers > 0 ? run_supervisor(&config, arguments->workers, name)
                                  : fcgi_run_worker(&config, arguments->ready_fd);
}

/* Where descriptor 1 or 2 is closed, another file would get its number, and what is printed would go there. */
static bool open_missing_outputs(void)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            const int null = open("/dev/null", O_WRONLY);
            if (null < 0 || dup2(null, fd) != fd) {
                return false;
            }
            if (null != fd) {
                (void)close(null); /* descriptor 0 is closed as well, and stays so */
            }
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    char error[PROGRAM_SENTENCE_MAX];

    if (!signals_block() || !open_missing_outputs()) {
        fcgi_complain("signals cannot be blocked, or /dev/null not be opened");
        return PROGRAM_EXIT_FAULT;
    }
    if (!read_arguments(argc, argv, &arguments, error, sizeof error)) {
        fcgi_complain(error);
        return PROGRAM_EXIT_USAGE;
    }
    if (arguments.wish != PROGRAM_SERVES) {
        return program_answer(arguments.wish, FCGI_PROGRAM, usage);
    }
    return serve(&arguments, argv[0]);
}
