/* The table of configuration variables, and what reads it: the parser, the errors and --help. */
#include "base/config.h"

#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB INT64_C(1048576)
#define PREFIX "WARES_"
#define VALUE_TEXT_SIZE 128 /* for what values_of writes */
#define SHOWN_MAX 64        /* bytes of a value or of an unknown name that an error repeats */

enum type {
    TYPE_TEXT,
    TYPE_REDIS_URL,
    TYPE_CURRENCY,
    TYPE_INTEGER,
    TYPE_CHOICE,  /* an enum, by the index of its name in choices */
    TYPE_SWITCH,  /* a bool */
    TYPE_RANGES,  /* a struct address_ranges */
    TYPE_DELAYS,  /* a struct config_delays, each from least to most */
    TYPE_FOREIGN, /* known, so that it is not taken for a slip, but not read */
};

#define CHOICES_MAX 4

struct variable {
    const char *name;
    const char *default_value;
    const char *prose; /* one line, with the unit */
    size_t offset;     /* in struct config */
    int64_t least;
    int64_t most;
    const char *choices[CHOICES_MAX];
    enum type type;
    bool zero_allowed; /* 0 beside least to most */
};

/* Sorted by name. */
static const struct variable variables[] = {
    {
        .name = "DATABASE_URL",
        .type = TYPE_TEXT,
        .offset = offsetof(struct config, database_url),
        .default_value = "",
        .prose = "where Postgres is, as a URI or as key=value pairs; empty for libpq's own defaults",
    },
    {
        .name = "REDIS_URL",
        .type = TYPE_REDIS_URL,
        .offset = offsetof(struct config, redis_url),
        .default_value = "redis://127.0.0.1:6379/0",
        .prose = "where Redis is; off reads from Postgres only",
    },
    {
        .name = "WARES_BODY_MAX",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, body_max),
        .default_value = "1048576",
        .least = 1024,
        .most = 4194304,
        .prose = "bytes that the body of a request may have",
    },
    {
        .name = "WARES_CACHE_TTL",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, cache_ttl_s),
        .default_value = "300",
        .least = 1,
        .most = 86400,
        .prose = "seconds that a product stays in Redis at most",
    },
    {
        .name = "WARES_CONNECTIONS",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, connections_max),
        .default_value = "1024",
        .least = 1,
        .most = 65536,
        .prose = "connections from the front server that a worker holds at once",
    },
    {
        .name = "WARES_CURRENCY",
        .type = TYPE_CURRENCY,
        .offset = offsetof(struct config, currency),
        .default_value = "USD",
        .prose = "ISO 4217 code for a product that comes without one",
    },
    {
        .name = "WARES_DEADLINE",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, deadline_ms),
        .default_value = "5000",
        .least = 10,
        .most = 600000,
        .prose = "milliseconds that one request may take before it is answered with 504",
    },
    {
        .name = "WARES_EVENTS",
        .type = TYPE_TEXT,
        .offset = offsetof(struct config, events_socket),
        .default_value = "",
        .prose = "the unix socket at which nginx takes live events from wares-jobs; empty for none",
    },
    {
        .name = "WARES_EXPORTS",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, exports_max),
        .default_value = "1",
        .least = 1,
        .most = 64,
        .prose = "exports that may run at once, on all workers of the database together",
    },
    {
        .name = "WARES_EXPORT_TIME",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, export_time_s),
        .default_value = "600",
        .least = 1,
        .most = 86400,
        .prose = "seconds that an export may take before it is cut",
    },
    {
        .name = "WARES_FEED_RETENTION",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, feed_retention_days),
        .default_value = "7",
        .least = 1,
        .most = 3650,
        .prose = "days that a change stays in the feed; who reads on later gets 410",
    },
    {
        .name = "WARES_HOSTS",
        .type = TYPE_CHOICE,
        .offset = offsetof(struct config, hosts),
        .default_value = "one",
        .choices = {[HOSTS_ONE] = "one", [HOSTS_MANY] = "many"},
        .prose = "whether pools on several hosts, or in several containers, serve the same database",
    },
    {
        .name = "WARES_IMPORTS",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, imports_max),
        .default_value = "2",
        .least = 1,
        .most = 64,
        .prose = "imports that may be uploaded at once, to all workers of the database together",
    },
    {
        .name = "WARES_IO_TIMEOUT",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, io_timeout_ms),
        .default_value = "5000",
        .least = 10,
        .most = 600000,
        .prose = "milliseconds that one read from or write to the front server may wait",
    },
    {
        .name = "WARES_JOBS_RETENTION",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, jobs_retention_days),
        .default_value = "30",
        .least = 1,
        .most = 3650,
        .prose = "days that a job can be looked at after its end",
    },
    {
        .name = "WARES_L1",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, l1_bytes),
        .default_value = "4194304",
        .least = 0,
        .most = 268435456,
        .prose = "bytes of products and lists that a worker holds in its memory; 0: reads ask Redis or Postgres",
    },
    {
        .name = "WARES_L1_TTL",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, l1_ttl_ms),
        .default_value = "0",
        .least = 0,
        .most = 60000,
        .prose = "milliseconds that a worker's memory may lag behind other hosts; 0 asks Redis each time",
    },
    {
        .name = "WARES_LOG",
        .type = TYPE_TEXT,
        .offset = offsetof(struct config, log_target),
        .default_value = "stderr",
        .prose = "where the log goes; a path is appended to",
    },
    {
        .name = "WARES_LOG_FORMAT",
        .type = TYPE_CHOICE,
        .offset = offsetof(struct config, log_format),
        .default_value = "text",
        .choices = {[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json"},
        .prose = "form of the lines of the log",
    },
    {
        .name = "WARES_LOG_LEVEL",
        .type = TYPE_CHOICE,
        .offset = offsetof(struct config, log_level),
        .default_value = "info",
        .choices = {[LOG_LEVEL_ERROR] = "error",
                    [LOG_LEVEL_WARNING] = "warning",
                    [LOG_LEVEL_INFO] = "info",
                    [LOG_LEVEL_DEBUG] = "debug"},
        .prose = "lines of this level and of those before it are written",
    },
    {
        .name = "WARES_MEMORY_MAX",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, memory_max_mib),
        .default_value = "512",
        .least = 128,
        .most = 1048576,
        .zero_allowed = true,
        .prose = "MiB of address space that a worker may have; 0 for no bound",
    },
    {
        .name = "WARES_MIGRATE",
        .type = TYPE_SWITCH,
        .offset = offsetof(struct config, migrate),
        .default_value = "on",
        .prose = "whether the start of the pool brings the schema of the database up to date",
    },
    {
        .name = "WARES_PURGE_AFTER",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, purge_after_days),
        .default_value = "30",
        .least = 1,
        .most = 3650,
        .prose = "days after which a deleted product is gone for good",
    },
    {
        .name = "WARES_PURGE_EVERY",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, purge_every_s),
        .default_value = "3600",
        .least = 1,
        .most = 86400,
        .prose = "seconds between two purges of what is past its time",
    },
    {
        .name = "WARES_REDIS_TIMEOUT",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, redis_timeout_ms),
        .default_value = "50",
        .least = 1,
        .most = 10000,
        .prose = "milliseconds that one exchange with Redis may take before Postgres is asked",
    },
    {
        .name = "WARES_REQUIRE_IF_MATCH",
        .type = TYPE_SWITCH,
        .offset = offsetof(struct config, require_if_match),
        .default_value = "off",
        .prose = "refuse PUT, PATCH and DELETE that do not say with If-Match which version they change",
    },
    {
        .name = "WARES_RUNTIME_DIR",
        .type = TYPE_TEXT,
        .offset = offsetof(struct config, runtime_dir),
        .default_value = "",
        .prose = "folder of what the processes of a host share; empty for one of the account's in /dev/shm",
    },
    {
        .name = "WARES_SCHEDULING",
        .type = TYPE_CHOICE,
        .offset = offsetof(struct config, scheduling),
        .default_value = "batch",
        .choices = {[SCHEDULING_BATCH] = "batch", [SCHEDULING_INHERITED] = "inherited"},
        .prose = "the kernel's policy for workers: batch lets the front server end its round first, see sched(7)",
    },
    {
        .name = "WARES_SOCKET",
        .type = TYPE_FOREIGN,
        .default_value = "",
        .prose = "the socket of the pool, for scripts that call it; no program of ours reads it",
    },
    {
        .name = "WARES_STALE_MAX",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, stale_max_s),
        .default_value = "3600",
        .least = 0,
        .most = 86400,
        .prose = "seconds that an answer may be out of date where nobody can be asked; 0 answers 503 instead",
    },
    {
        .name = "WARES_STOP_GRACE",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, stop_grace_ms),
        .default_value = "10000",
        .least = 0,
        .most = 600000,
        .prose = "milliseconds that requests under way may take at a stop before they are cut off",
    },
    {
        .name = "WARES_WEBHOOK_ALLOW",
        .type = TYPE_RANGES,
        .offset = offsetof(struct config, webhook_allow),
        .default_value = "",
        .prose = "addresses that webhooks may reach although they are private, and by http, such as 10.1.0.0/16",
    },
    {
        .name = "WARES_WEBHOOK_CONCURRENCY",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, webhook_concurrency),
        .default_value = "4",
        .least = 1,
        .most = 64,
        .prose = "events that are on their way to one webhook at once",
    },
    {
        .name = "WARES_WEBHOOK_DISABLE_AFTER",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, webhook_disable_after_s),
        .default_value = "432000",
        .least = 1,
        .most = 31536000,
        .prose = "seconds of failed attempts alone after which a webhook is disabled",
    },
    {
        .name = "WARES_WEBHOOK_RETENTION",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, webhook_retention_days),
        .default_value = "7",
        .least = 1,
        .most = 3650,
        .prose = "days that a delivery of a webhook can be looked at after its end",
    },
    {
        .name = "WARES_WEBHOOK_RETRIES",
        .type = TYPE_DELAYS,
        .offset = offsetof(struct config, webhook_retries),
        .default_value = "5,300,1800,7200,18000,36000,50400,72000,86400",
        .least = 0,
        .most = 604800,
        .prose = "seconds before each further attempt at a delivery; up to a fifth is added at random",
    },
    {
        .name = "WARES_WEBHOOK_ROTATION",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, webhook_rotation_s),
        .default_value = "86400",
        .least = 1,
        .most = 31536000,
        .prose = "seconds that the secret before a rotation signs beside the new one",
    },
    {
        .name = "WARES_WEBHOOK_TIMEOUT",
        .type = TYPE_INTEGER,
        .offset = offsetof(struct config, webhook_timeout_ms),
        .default_value = "15000",
        .least = 100,
        .most = 60000,
        .prose = "milliseconds that a webhook may take to answer",
    },
};

#define VARIABLE_COUNT (sizeof variables / sizeof variables[0])

/* --- what a value may be --- */

/* "text or json", "error, warning, info or debug". */
static void list_choices(const struct variable *variable, char out[VALUE_TEXT_SIZE])
{
    size_t count = 0;
    while (count < CHOICES_MAX && variable->choices[count] != NULL) {
        count++;
    }
    size_t used = 0;
    for (size_t i = 0; i < count && used < VALUE_TEXT_SIZE; i++) {
        const char *before = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(out + used, VALUE_TEXT_SIZE - used, "%s%s", before, variable->choices[i]);
    }
}

/* In the words of --help, which those of the errors are made from. */
static void values_of(const struct variable *variable, char out[VALUE_TEXT_SIZE])
{
    switch (variable->type) {
    case TYPE_INTEGER:
        (void)snprintf(out, VALUE_TEXT_SIZE, "%s%lld to %lld", variable->zero_allowed ? "0 or " : "",
                       (long long)variable->least, (long long)variable->most);
        break;
    case TYPE_CHOICE:
        list_choices(variable, out);
        break;
    case TYPE_SWITCH:
        (void)snprintf(out, VALUE_TEXT_SIZE, "on or off");
        break;
    case TYPE_RANGES:
        (void)snprintf(out, VALUE_TEXT_SIZE, "up to %d ranges, with commas", ADDRESS_RANGES_MAX);
        break;
    case TYPE_DELAYS:
        (void)snprintf(out, VALUE_TEXT_SIZE, "up to %d numbers, with commas", CONFIG_DELAYS_MAX);
        break;
    case TYPE_CURRENCY:
        (void)snprintf(out, VALUE_TEXT_SIZE, "three capitals");
        break;
    case TYPE_REDIS_URL:
        (void)snprintf(out, VALUE_TEXT_SIZE, "redis:// or unix:// URL, or off");
        break;
    case TYPE_TEXT:
    case TYPE_FOREIGN:
        (void)snprintf(out, VALUE_TEXT_SIZE, "text");
        break;
    }
}

/* --- reading --- */

static bool store_integer(const struct variable *variable, struct text value, void *member)
{
    uint64_t number;
    if (!text_to_u64(value, &number) || number > (uint64_t)variable->most) {
        return false;
    }
    if (number < (uint64_t)variable->least && !(variable->zero_allowed && number == 0)) {
        return false;
    }
    *(int64_t *)member = (int64_t)number;
    return true;
}

static bool store_choice(const struct variable *variable, struct text value, void *member)
{
    static_assert(sizeof(enum log_format) == sizeof(unsigned) && sizeof(enum log_level) == sizeof(unsigned) &&
                      sizeof(enum hosts) == sizeof(unsigned) && sizeof(enum scheduling) == sizeof(unsigned),
                  "an enum is stored as an unsigned");
    for (unsigned i = 0; i < CHOICES_MAX; i++) {
        if (text_equal(text_of(variable->choices[i]), value)) {
            memcpy(member, &i, sizeof i);
            return true;
        }
    }
    return false;
}

static bool store_switch(struct text value, void *member)
{
    bool on = text_equal(value, TEXT("on"));
    if (!on && !text_equal(value, TEXT("off"))) {
        return false;
    }
    *(bool *)member = on;
    return true;
}

static bool store_delays(const struct variable *variable, struct text value, struct config_delays *delays)
{
    struct text rest = value;
    while (rest.data != NULL) {
        const struct text digits = text_trim_ows(text_split(rest, ',', &rest));
        uint64_t number;
        if (delays->count == CONFIG_DELAYS_MAX || !text_to_u64(digits, &number) || number < (uint64_t)variable->least ||
            number > (uint64_t)variable->most) {
            return false;
        }
        delays->seconds[delays->count++] = (int64_t)number;
    }
    return true;
}

static bool is_currency(struct text value)
{
    if (value.length != 3) {
        return false;
    }
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < 'A' || value.data[i] > 'Z') {
            return false;
        }
    }
    return true;
}

static bool is_redis_url(struct text value)
{
    return text_starts_with(value, TEXT("redis://")) || text_starts_with(value, TEXT("unix://")) ||
           text_equal(value, TEXT("off"));
}

/* Puts the value into its member. False where it is none that the variable may have. */
static bool store(const struct variable *variable, const char *value, struct config *config)
{
    void *member = (char *)config + variable->offset;
    struct text text = text_of(value);
    switch (variable->type) {
    case TYPE_INTEGER:
        return store_integer(variable, text, member);
    case TYPE_CHOICE:
        return store_choice(variable, text, member);
    case TYPE_SWITCH:
        return store_switch(text, member);
    case TYPE_RANGES:
        return address_ranges_parse(text, member);
    case TYPE_DELAYS:
        return store_delays(variable, text, member);
    case TYPE_CURRENCY:
        *(const char **)member = value;
        return is_currency(text);
    case TYPE_REDIS_URL:
        *(const char **)member = value;
        return is_redis_url(text);
    case TYPE_TEXT:
        *(const char **)member = value;
        return true;
    case TYPE_FOREIGN:
        return true;
    }
    return false;
}

static void explain_value(const struct variable *variable, const char *value, char *error, size_t error_size)
{
    char values[VALUE_TEXT_SIZE];
    values_of(variable, values);
    const char *kind = variable->type == TYPE_INTEGER ? "a whole number: " : "";
    /* A URL may hold a password. */
    if (variable->type == TYPE_REDIS_URL) {
        (void)snprintf(error, error_size, "%s must be a %s", variable->name, values);
        return;
    }
    (void)snprintf(error, error_size, "%s must be %s%s (%s), but is \"%.*s\"", variable->name, kind, values,
                   variable->prose, SHOWN_MAX, value);
}

/* --- names --- */

static void explain_name(struct text name, char *error, size_t error_size)
{
    const char *names[VARIABLE_COUNT];
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        names[i] = variables[i].name;
    }
    const char *nearest = text_nearest(name, names, VARIABLE_COUNT);
    int shown = name.length < SHOWN_MAX ? (int)name.length : SHOWN_MAX;
    if (nearest != NULL) {
        (void)snprintf(error, error_size, "%.*s is not a variable of wares; did you mean %s?", shown, name.data,
                       nearest);
    } else {
        (void)snprintf(error, error_size, "%.*s is not a variable of wares; --help lists them", shown, name.data);
    }
}

static bool is_known(struct text name)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if (text_equal(text_of(variables[i].name), name)) {
            return true;
        }
    }
    return false;
}

/* A misspelt variable would otherwise be a default that nobody chose. */
static enum status check_names(char *error, size_t error_size)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        struct text value;
        struct text name = text_split(text_of(*entry), '=', &value);
        if (text_starts_with(name, TEXT(PREFIX)) && !is_known(name)) {
            explain_name(name, error, error_size);
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

/* What a worker needs of address space besides: programs, libraries, stacks, the shared cells. */
#define MEMORY_BASE ((int64_t)64 * MIB)

/* A body stands in memory several times while it is read: as it came, as a tree of json-c, as values. */
#define MEMORY_PER_BODY 16

/* Each bound may be fine by itself, and the worker yet end of one large body. */
static bool check_memory(const struct config *config, char *error, size_t error_size)
{
    const int64_t needed = MEMORY_BASE + MEMORY_PER_BODY * config->body_max + config->l1_bytes;

    if (config->memory_max_mib == 0 || needed <= config->memory_max_mib * MIB) {
        return true;
    }
    (void)snprintf(error, error_size, "WARES_MEMORY_MAX must be at least %lld for this WARES_BODY_MAX and WARES_L1",
                   (long long)((needed + MIB - 1) / MIB));
    return false;
}

enum status config_load(struct config *config, char *error, size_t error_size)
{
    *config = (struct config){0};
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const struct variable *variable = &variables[i];
        const char *value = getenv(variable->name);
        if (value == NULL || value[0] == '\0') {
            value = variable->default_value;
        }
        if (!store(variable, value, config)) {
            explain_value(variable, value, error, error_size);
            return STATUS_INVALID;
        }
    }
    return check_memory(config, error, error_size) ? check_names(error, error_size) : STATUS_INVALID;
}

/* --- help --- */

static void print_row(FILE *out, const char *name, const char *values, const char *default_value)
{
    (void)fprintf(out, "  %-28s %-32s %s\n", name, values, default_value);
}

void config_print_help(FILE *out)
{
    print_row(out, "VARIABLE", "VALUE", "DEFAULT");
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const struct variable *variable = &variables[i];
        char values[VALUE_TEXT_SIZE];
        values_of(variable, values);
        print_row(out, variable->name, values, variable->default_value[0] != '\0' ? variable->default_value : "empty");
        (void)fprintf(out, "      %s\n", variable->prose);
    }
}
