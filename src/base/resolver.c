/* A thread for each lookup, which ends with it. (getaddrinfo_a of the C library would do the same, but loses memory
 * wherever a lookup is given up.) */
#include "base/resolver.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HOSTS_MAX 16
#define HOST_SIZE 256

/* What was found longer ago is looked up again. */
#define ANSWER_AGE_MAX_MS 10000

#define THREAD_STACK ((size_t)1024 * 1024)

/* One host. Where its lookup outlives the resolver, the thread frees it. */
struct lookup {
    char host[HOST_SIZE];
    bool is_name; /* to be looked up */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended;
    bool under_way;
    bool abandoned;             /* the resolver is gone */
    int error;                  /* of getaddrinfo */
    struct addrinfo *addresses; /* NULL: none found, or not yet */
};

struct resolver {
    struct lookup *lookup[HOSTS_MAX];
    size_t count;
    bool given_up; /* the last wait */
    int64_t asked_ns;
};

/* "" is for libpq the folder of its sockets, and "@" begins an abstract one. */
static bool is_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return host[0] != '\0' && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

static struct lookup *lookup_new(struct text host)
{
    struct lookup *lookup = memory_new(1, sizeof *lookup);
    pthread_condattr_t monotonic;

    /* A host name has at most 253 characters: a longer one is cut, and not found. */
    (void)snprintf(lookup->host, sizeof lookup->host, "%.*s", TEXT_PRINT(host));
    lookup->is_name = is_name(lookup->host);
    (void)pthread_mutex_init(&lookup->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lookup->ended, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return lookup;
}

static void forget_addresses(struct lookup *lookup)
{
    if (lookup->addresses != NULL) {
        freeaddrinfo(lookup->addresses);
    }
    lookup->addresses = NULL;
}

static void lookup_free(struct lookup *lookup)
{
    forget_addresses(lookup);
    (void)pthread_cond_destroy(&lookup->ended);
    (void)pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

struct resolver *resolver_new(const char *hosts)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);
    struct text rest = text_of(hosts);
    while (rest.data != NULL && resolver->count < HOSTS_MAX) {
        struct text all = rest;
        struct text host = text_split(all, ',', &rest);
        resolver->lookup[resolver->count++] = lookup_new(host);
    }
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    for (size_t i = 0; resolver != NULL && i < resolver->count; i++) {
        struct lookup *lookup = resolver->lookup[i];
        (void)pthread_mutex_lock(&lookup->lock);
        const bool under_way = lookup->under_way;
        lookup->abandoned = true;
        (void)pthread_mutex_unlock(&lookup->lock);
        if (!under_way) {
            lookup_free(lookup);
        }
    }
    free(resolver);
}

/* The thread. */
static void *look_up(void *context)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *lookup = context;
    struct addrinfo *addresses = NULL;
    const int error = getaddrinfo(lookup->host, NULL, &hints, &addresses);

    (void)pthread_mutex_lock(&lookup->lock);
    lookup->error = error;
    lookup->addresses = error == 0 ? addresses : NULL;
    lookup->under_way = false;
    const bool abandoned = lookup->abandoned;
    (void)pthread_cond_signal(&lookup->ended);
    (void)pthread_mutex_unlock(&lookup->lock);
    if (abandoned) {
        lookup_free(lookup);
    }
    return NULL;
}

/* All signals stay blocked in the thread: they are for who waits for them. */
static bool start_thread(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK);
    const bool started = pthread_create(&thread, &attributes, look_up, lookup) == 0;
    (void)pthread_attr_destroy(&attributes);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static bool is_under_way(struct lookup *lookup)
{
    (void)pthread_mutex_lock(&lookup->lock);
    const bool under_way = lookup->under_way;
    (void)pthread_mutex_unlock(&lookup->lock);
    return under_way;
}

static bool any_under_way(const struct resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++) {
        if (is_under_way(resolver->lookup[i])) {
            return true;
        }
    }
    return false;
}

/* None is under way, so nobody else looks at them. */
static void ask(struct resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++) {
        struct lookup *lookup = resolver->lookup[i];
        if (lookup->is_name) {
            forget_addresses(lookup);
            lookup->under_way = true;
            if (!start_thread(lookup)) {
                lookup->under_way = false;
                lookup->error = EAI_MEMORY;
            }
        }
    }
    resolver->asked_ns = clock_monotonic_ns();
}

/* False where the deadline passed first. */
static bool wait_for(struct lookup *lookup, const struct timespec *deadline)
{
    int error = 0;

    (void)pthread_mutex_lock(&lookup->lock);
    while (lookup->under_way && error == 0) {
        error = pthread_cond_timedwait(&lookup->ended, &lookup->lock, deadline);
    }
    const bool ended = !lookup->under_way;
    (void)pthread_mutex_unlock(&lookup->lock);
    return ended;
}

bool resolver_wait(struct resolver *resolver, int64_t deadline_ns)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % CLOCK_NS_PER_S),
    };
    const int64_t age_ns = clock_monotonic_ns() - resolver->asked_ns;

    if (!any_under_way(resolver) && (!resolver->given_up || age_ns > ANSWER_AGE_MAX_MS * CLOCK_NS_PER_MS)) {
        ask(resolver);
    }
    resolver->given_up = false;
    for (size_t i = 0; i < resolver->count; i++) {
        if (!wait_for(resolver->lookup[i], &deadline)) {
            resolver->given_up = true;
            return false;
        }
    }
    return true;
}

const char *resolver_fault(const struct resolver *resolver)
{
    const char *fault = NULL;
    for (size_t i = 0; i < resolver->count; i++) {
        const struct lookup *lookup = resolver->lookup[i];
        if (!lookup->is_name || lookup->addresses != NULL) {
            return NULL;
        }
        fault = gai_strerror(lookup->error);
    }
    return fault;
}

bool resolver_address(const struct resolver *resolver, char address[RESOLVER_ADDRESS_SIZE])
{
    const struct lookup *lookup = resolver->count > 0 ? resolver->lookup[0] : NULL;
    if (lookup == NULL || lookup->host[0] == '\0') {
        return false;
    }
    if (!lookup->is_name) {
        const size_t size = strlen(lookup->host) + 1;
        if (size <= RESOLVER_ADDRESS_SIZE) {
            memcpy(address, lookup->host, size);
        }
        return size <= RESOLVER_ADDRESS_SIZE;
    }
    const struct addrinfo *chosen = lookup->addresses;
    for (const struct addrinfo *at = chosen; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            chosen = at;
            break;
        }
    }
    return chosen != NULL && getnameinfo(chosen->ai_addr, chosen->ai_addrlen, address, RESOLVER_ADDRESS_SIZE, NULL, 0,
                                         NI_NUMERICHOST) == 0;
}
