/* wares.fcgi: a FastCGI worker, or with --workers the supervisor of a pool of them. Reads options and configuration,
 * builds what a worker needs, and runs it.
 *
 * Postgres may be away at any time, the start included: nothing here waits for it for long. Whether the schema is the
 * one that this program knows is asked on every new connection, and answered with 503 until it is. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "cache/product_cache.h"
#include "cache/redis.h"
#include "catalog/catalog.h"
#include "domain/product.h"
#include "migrate/migrate.h"
#include "server/supervisor.h"
#include "server/worker.h"
#include "store/pg.h"
#include "json/record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "wares.fcgi"
#define LISTEN_FD STDIN_FILENO
#define SENTENCE_MAX 512

enum { EXIT_FAULT = 1, EXIT_USAGE = 2 };

/* For a look at Postgres at the start, and for --check. */
#define CONNECT_MS 3000

/* For migrations at the start; those that a request meets have WARES_DEADLINE. */
#define MIGRATE_MS 600000

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
    bool check;
    bool help;
    bool version;
    bool supervised;
    int ready_fd;
};

/* Says why the program cannot start. Under a spawner standard error leads nowhere, so the system log gets it too. */
static void complain(const char *sentence)
{
    (void)fprintf(stderr, PROGRAM ": %s\n", sentence);
    if (worker_socket_usable(LISTEN_FD) && log_open(PROGRAM, "syslog", LOG_FORMAT_TEXT, LOG_LEVEL_INFO) == STATUS_OK) {
        log_error("%s", sentence);
    }
}

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    return text != NULL && text_to_u64(text_of(text), number) && *number >= least && *number <= most;
}

/* Takes one option, and its value where it has one. Returns how many words it was; 0, and a sentence, where it is wrong. */
static int read_option(char *const *words, struct arguments *arguments, char *error, size_t error_size)
{
    uint64_t number = 0;

    if (strcmp(words[0], "--workers") == 0) {
        if (!read_number(words[1], 1, SUPERVISOR_WORKERS_MAX, &number)) {
            (void)snprintf(error, error_size, "--workers takes a number from 1 to %d", SUPERVISOR_WORKERS_MAX);
            return 0;
        }
        arguments->workers = (unsigned)number;
        return 2;
    }
    /* Not for people: the supervisor starts its workers with it. */
    if (strcmp(words[0], SUPERVISOR_READY_OPTION) == 0 && read_number(words[1], 0, INT_MAX, &number)) {
        arguments->supervised = true;
        arguments->ready_fd = (int)number;
        return 2;
    }
    if (strcmp(words[0], "--check") == 0) {
        arguments->check = true;
    } else if (strcmp(words[0], "--help") == 0) {
        arguments->help = true;
    } else if (strcmp(words[0], "--version") == 0) {
        arguments->version = true;
    } else {
        (void)snprintf(error, error_size, "there is no option %.100s; see --help", words[0]);
        return 0;
    }
    return 1;
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

/* What the greeting of new connections to Postgres needs. */
struct schema_gate {
    const struct config *config;
    char told[SENTENCE_MAX]; /* the fault that was logged last, so that one fault is one line */
};

static void report_migration(const struct migration *migration)
{
    log_info("running migration %s", migration->name);
}

/* Migrates on this connection, within a time of its own. */
static enum status migrate_within(struct pg *pg, int64_t milliseconds, char *error, size_t error_size)
{
    const struct migration_set set = migrations_built_in();
    struct scope scope = {.arena = arena_new(4096), .deadline_ns = clock_deadline_in_ms(milliseconds)};
    unsigned applied = 0;
    enum status status;

    error[0] = '\0';
    status = migrate_run(pg, &scope, &set, report_migration, &applied, error, error_size);
    if (status == STATUS_OK && applied > 0) {
        log_info("%u migrations were run", applied);
    }
    arena_free(scope.arena);
    return status;
}

/* pg_options.greeting: lets only a connection to a database with the right schema be used. */
static enum status check_schema(struct pg *pg, struct scope *scope, void *context)
{
    struct schema_gate *gate = context;
    const struct migration_set set = migrations_built_in();
    char error[SENTENCE_MAX] = "";
    enum status status = migrate_check(pg, scope, &set, error, sizeof error);

    if (status == STATUS_INVALID && gate->config->migrate) {
        status = migrate_within(pg, gate->config->deadline_ms, error, sizeof error);
    }
    if (status != STATUS_OK && error[0] != '\0' && strcmp(error, gate->told) != 0) {
        log_error("requests are refused: %s", error);
    }
    (void)snprintf(gate->told, sizeof gate->told, "%s", status == STATUS_OK ? "" : error);
    return status;
}

/* Migrates before the first request, where Postgres answers. Where it does not, or the schema is refused, the start goes
 * on: the same is tried on every new connection. */
static void migrate_at_start(const struct config *config)
{
    struct pg *pg = pg_new(&(struct pg_options){.url = config->database_url, .name = PROGRAM});
    struct scope scope = {.arena = arena_new(4096), .deadline_ns = clock_deadline_in_ms(CONNECT_MS)};
    char error[SENTENCE_MAX];

    if (pg_connect(pg, &scope) != STATUS_OK) {
        log_info("the schema is looked at once Postgres can be reached");
    } else if (migrate_within(pg, MIGRATE_MS, error, sizeof error) != STATUS_OK) {
        log_error("the schema cannot be migrated: %s", error);
    }
    pg_free(pg);
    arena_free(scope.arena);
}

static bool check_line(const char *what, bool good, const char *text)
{
    (void)printf("%s: %s\n", what, text);
    return good;
}

static bool check_postgres(const struct config *config, struct scope *scope)
{
    const struct migration_set set = migrations_built_in();
    struct pg *pg = pg_new(&(struct pg_options){.url = config->database_url, .name = PROGRAM});
    bool good;

    scope->deadline_ns = clock_deadline_in_ms(CONNECT_MS);
    good = pg_connect(pg, scope) == STATUS_OK;
    good = check_line("postgres", good, good ? "ok" : pg_last_error(pg));
    if (good) {
        char error[SENTENCE_MAX] = "";
        const enum status status = migrate_check(pg, scope, &set, error, sizeof error);
        good = check_line("schema", status == STATUS_OK,
                          status == STATUS_OK ? "ok" : (error[0] != '\0' ? error : status_name(status)));
    }
    pg_free(pg);
    return good;
}

static bool check_redis(const struct config *config, struct scope *scope)
{
    const struct text ping = TEXT("PING");
    char error[SENTENCE_MAX] = "";
    struct redis_answer answer;
    struct redis *redis = NULL;
    bool good;

    if (strcmp(config->redis_url, "off") == 0) {
        return check_line("redis", true, "off");
    }
    if (redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, sizeof error) != STATUS_OK) {
        return check_line("redis", false, error);
    }
    scope->deadline_ns = clock_deadline_in_ms(CONNECT_MS);
    good = redis_call(redis, scope, &ping, 1, &answer) == STATUS_OK;
    redis_free(redis);
    return check_line("redis", good, good ? "ok" : "does not answer");
}

static int check(void)
{
    struct config config;
    char error[SENTENCE_MAX];
    struct scope scope = {0};
    bool good;

    if (config_load(&config, error, sizeof error) != STATUS_OK) {
        (void)check_line("configuration", false, error);
        return EXIT_FAULT;
    }
    scope.arena = arena_new(4096);
    (void)check_line("configuration", true, "ok");
    good = check_postgres(&config, &scope);
    good = check_redis(&config, &scope) && good;
    arena_free(scope.arena);
    return good ? EXIT_SUCCESS : EXIT_FAULT;
}

static void render_product(struct strbuf *out, const struct record *product)
{
    json_write_record(out, &product_schema, product);
}

/* Builds the layers below, serves, and takes them down again. */
static int run_worker(const struct config *config, const struct arguments *arguments)
{
    const struct worker_options options = {.listen_fd = LISTEN_FD, .ready_fd = arguments->ready_fd};
    struct schema_gate gate = {.config = config};
    struct app app = {.config = config};
    char error[SENTENCE_MAX];
    struct redis *redis = NULL;
    struct product_cache *cache;
    struct pg *pg;
    enum status status;

    if (redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, sizeof error) != STATUS_OK) {
        complain(error);
        return EXIT_USAGE;
    }
    if (config->migrate && !arguments->supervised) {
        migrate_at_start(config);
    }
    pg = pg_new(&(struct pg_options){
        .url = config->database_url,
        .name = PROGRAM,
        /* Below the deadline: Postgres then ends a slow write, rolled back, before it is given up in the unknown. */
        .statement_ms = config->deadline_ms - config->deadline_ms / 10,
        .greeting = check_schema,
        .greeting_context = &gate,
    });
    cache = product_cache_new(redis, config->cache_ttl_s);
    app.catalog = catalog_new(&(struct catalog_options){
        .pg = pg,
        .cache = cache,
        .render = render_product,
        .currency = config->currency,
    });
    status = worker_run(&app, &options);
    catalog_free(app.catalog);
    product_cache_free(cache);
    redis_free(redis);
    pg_free(pg);
    return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAULT;
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
        complain("its own path is too long, or cannot be found");
        return EXIT_FAULT;
    }
    if (config->migrate) {
        migrate_at_start(config);
    }
    return supervisor_run(&options) == STATUS_OK ? EXIT_SUCCESS : EXIT_FAULT;
}

static int serve(const struct arguments *arguments, const char *name)
{
    struct config config;
    char error[SENTENCE_MAX];

    if (config_load(&config, error, sizeof error) != STATUS_OK) {
        complain(error);
        return EXIT_USAGE;
    }
    if (!worker_socket_usable(LISTEN_FD)) {
        (void)fputs(how_to_run, stderr);
        return EXIT_USAGE;
    }
    if (log_open(PROGRAM, config.log_target, config.log_format, config.log_level) != STATUS_OK) {
        (void)snprintf(error, sizeof error, "WARES_LOG: %.300s cannot be opened: %s", config.log_target,
                       strerror(errno));
        complain(error);
        return EXIT_USAGE;
    }
    return arguments->workers > 0 ? run_supervisor(&config, arguments->workers, name) : run_worker(&config, arguments);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    char error[SENTENCE_MAX];

    if (!read_arguments(argc, argv, &arguments, error, sizeof error)) {
        complain(error);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        (void)fputs(usage, stdout);
        (void)fputs("\nConfiguration comes from the environment:\n\n", stdout);
        config_print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (arguments.version) {
        (void)puts("wares " WARES_VERSION);
        return EXIT_SUCCESS;
    }
    return arguments.check ? check() : serve(&arguments, argv[0]);
}
