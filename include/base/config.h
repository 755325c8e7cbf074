/* Configuration: environment variables, each in one table (src/base/config.c) with its type, default, bounds and one
 * line of prose, from which the parser, --help and the errors come. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/address.h"
#include "base/log.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum hosts { HOSTS_ONE, HOSTS_MANY };
enum scheduling { SCHEDULING_BATCH, SCHEDULING_INHERITED };

#define CONFIG_DELAYS_MAX 32

/* Pauses one after the other. */
struct config_delays {
    int64_t seconds[CONFIG_DELAYS_MAX];
    size_t count;
};

/* Strings point into the environment or at constants, and live as long as the process. */
struct config {
    const char *database_url; /* DATABASE_URL: what libpq takes, as URI or key=value pairs; "" for libpq's defaults */
    const char *redis_url;    /* REDIS_URL: redis://[[user]:password@]host[:port][/db], unix:///path[?db=n], or "off" */
    int64_t body_max;         /* WARES_BODY_MAX: bytes of a request's body */
    int64_t cache_ttl_s;      /* WARES_CACHE_TTL: seconds a product stays in Redis, jitter comes off it */
    int64_t connections_max;  /* WARES_CONNECTIONS: connections from the front that a worker holds at once */
    const char *currency;     /* WARES_CURRENCY: for products without one */
    int64_t deadline_ms;      /* WARES_DEADLINE: for one request, in ms */
    const char *events_socket;   /* WARES_EVENTS: the unix socket of the front server's push module, "" for no events */
    int64_t export_time_s;       /* WARES_EXPORT_TIME: seconds that one export may take */
    int64_t exports_max;         /* WARES_EXPORTS: exports at once, of all pools on the database */
    int64_t feed_retention_days; /* WARES_FEED_RETENTION: days that the feed of changes is kept */
    int64_t imports_max;         /* WARES_IMPORTS: imports that are uploaded at once, of all pools on the database */
    int64_t io_timeout_ms;       /* WARES_IO_TIMEOUT: for one read from or write to the front, in ms */
    enum hosts hosts;            /* WARES_HOSTS: whether pools on several hosts serve the database */
    int64_t jobs_retention_days; /* WARES_JOBS_RETENTION: days that jobs are kept after their end */
    int64_t l1_ttl_ms;           /* WARES_L1_TTL: with many hosts, serving from memory without asking Redis, in ms */
    const char *runtime_dir;     /* WARES_RUNTIME_DIR: the folder of the shared cells, "" for one in /dev/shm */
    int64_t l1_bytes;            /* WARES_L1: bytes of products that a worker holds in its memory, 0 for none */
    const char *log_target;      /* WARES_LOG: stderr, syslog or a file */
    enum log_format log_format;  /* WARES_LOG_FORMAT: text or json */
    enum log_level log_level;    /* WARES_LOG_LEVEL: error, warning, info or debug */
    int64_t memory_max_mib;      /* WARES_MEMORY_MAX: address space of a worker in MiB, 0 for no bound */
    bool migrate;                /* WARES_MIGRATE: migrate at the start of the pool */
    int64_t purge_after_days;    /* WARES_PURGE_AFTER: days after which a deleted product is gone for good */
    int64_t purge_every_s;       /* WARES_PURGE_EVERY: seconds between two purges */
    int64_t redis_timeout_ms;    /* WARES_REDIS_TIMEOUT: for one exchange with Redis, in ms */
    bool require_if_match;       /* WARES_REQUIRE_IF_MATCH: refuse PUT, PATCH and DELETE without a precondition */
    enum scheduling scheduling;  /* WARES_SCHEDULING: of the workers, by the kernel */
    int64_t stale_max_s;   /* WARES_STALE_MAX: seconds that an answer may be out of date in an outage, 0 for never */
    int64_t stop_grace_ms; /* WARES_STOP_GRACE: for a graceful stop, in ms */
    struct address_ranges webhook_allow;  /* WARES_WEBHOOK_ALLOW: that webhooks may reach although they are private */
    int64_t webhook_concurrency;          /* WARES_WEBHOOK_CONCURRENCY: requests to one endpoint at once */
    int64_t webhook_disable_after_s;      /* WARES_WEBHOOK_DISABLE_AFTER: of failing alone, in seconds */
    int64_t webhook_retention_days;       /* WARES_WEBHOOK_RETENTION: days that deliveries are kept after their end */
    struct config_delays webhook_retries; /* WARES_WEBHOOK_RETRIES: pauses between attempts at a delivery */
    int64_t webhook_rotation_s;           /* WARES_WEBHOOK_ROTATION: that the secret before is used too, in seconds */
    int64_t webhook_timeout_ms;           /* WARES_WEBHOOK_TIMEOUT: for one attempt at a delivery, in ms */
};

/* Reads the environment; an empty value counts as unset. On STATUS_INVALID one sentence in error (NUL-terminated) names the variable, what is wrong
 * with its value and what it may be; config is then not to be used. A WARES_ variable that is not in the table is
 * refused too, with the nearest name as a hint. A value that may hold a password is never repeated. */
MUST_CHECK enum status config_load(struct config *config, char *error, size_t error_size);

/* Prints the table of variables for --help: name, type and bounds, default, prose. */
void config_print_help(FILE *out);

#endif
