/* A Redis of the test's own, on a unix socket and a port of 127.0.0.1, which it may stop and end. */
#ifndef TESTS_OWN_REDIS_H
#define TESTS_OWN_REDIS_H

#include "base/clock.h"
#include "base/scope.h"
#include "cache/redis.h"

#include "../../unit/base/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_PASSWORD "p@ss/w:rd"
#define OWN_PASSWORD_IN_URL "p%40ss%2fw%3Ard"
#define OWN_TIMEOUT_MS 100

struct own_redis {
    char folder[40];
    char socket[60];
    char port[8];
    pid_t pid; /* 0: not running */
    struct scope scope;
};

static inline bool own_redis_accepts(const struct own_redis *own)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", own->socket);
    bool accepts = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return accepts;
}

static inline void own_redis_start(struct own_redis *own)
{
    own->pid = fork();
    assert_true(own->pid >= 0);
    if (own->pid == 0) {
        (void)dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDOUT_FILENO);
        (void)execlp("redis-server", "redis-server", "--port", own->port, "--bind", "127.0.0.1", "--unixsocket",
                     own->socket, "--save", "", "--dir", own->folder, "--requirepass", OWN_PASSWORD, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500 && !own_redis_accepts(own); i++) {
        (void)usleep(10000);
    }
    assert_true(own_redis_accepts(own));
}

static inline void own_redis_end(struct own_redis *own)
{
    if (own->pid > 0) {
        (void)kill(own->pid, SIGKILL);
        (void)waitpid(own->pid, NULL, 0);
        (void)unlink(own->socket);
        own->pid = 0;
    }
}

/* A port that was free a moment ago. */
static inline void own_redis_choose_port(struct own_redis *own)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(own->port, sizeof(own->port), "%d", ntohs(address.sin_port));
    (void)close(fd);
}

static inline int own_redis_set_up(void **state)
{
    struct own_redis *own = calloc(1, sizeof(*own));
    (void)snprintf(own->folder, sizeof(own->folder), "/tmp/wares-test-XXXXXX");
    assert_non_null(mkdtemp(own->folder));
    (void)snprintf(own->socket, sizeof(own->socket), "%s/redis", own->folder);
    own_redis_choose_port(own);
    own->scope = (struct scope){.arena = arena_new(4096), .deadline_ns = clock_deadline_in_ms(10000)};
    own_redis_start(own);
    *state = own;
    return 0;
}

static inline int own_redis_tear_down(void **state)
{
    struct own_redis *own = *state;
    own_redis_end(own);
    (void)rmdir(own->folder);
    arena_free(own->scope.arena);
    free(own);
    return 0;
}

/* Before each test: a Redis that runs, memory back, time anew. */
static inline int own_redis_reset(void **state)
{
    struct own_redis *own = *state;
    if (own->pid == 0) {
        own_redis_start(own);
    }
    arena_reset(own->scope.arena);
    own->scope.deadline_ns = clock_deadline_in_ms(10000);
    own->scope.cache_ns = 0;
    return 0;
}

static inline struct redis *connect_to(const char *url)
{
    struct redis *redis = NULL;
    char error[200];
    assert_int_equal(redis_new(url, OWN_TIMEOUT_MS, &redis, error, sizeof(error)), STATUS_OK);
    return redis;
}

/* With its password, to the given database. */
static inline struct redis *connect_own(struct own_redis *own, int database)
{
    const char *url =
        arena_printf(own->scope.arena, "redis://:%s@127.0.0.1:%s/%d", OWN_PASSWORD_IN_URL, own->port, database).data;
    return connect_to(url);
}

#endif
