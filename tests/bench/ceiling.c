/* The ceiling of the benchmark: what libfcgi behind this front gives at best.
 *
 * A worker with the connection loop of wares.fcgi (epoll over the listening socket and the kept connections, one request
 * at a time) and nothing else: it sends ready-made answers from memory. Told apart are a POST, a GET with a query and
 * any other GET, because their answers differ in size. The distance between wares and this program is what wares itself
 * costs. The listening socket is descriptor 0, as for every FastCGI program. */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 256, /* held at once by one worker */
    EVENTS_MAX = 64,       /* taken from one epoll_wait */
    IO_TIMEOUT_S = 5,      /* for one read from or write to the front */
    ANSWER_MAX = 1 << 20,  /* bytes of one ready-made answer */
    DRAIN_MAX = 1 << 20,   /* bytes of a request's body read before its connection is given up */
};

enum answer_kind { ANSWER_ITEM, ANSWER_LIST, ANSWER_CREATED, ANSWER_KINDS };

/* Header fields, an empty line and the body: what goes into FCGI_STDOUT. */
struct answer {
    char *text;
    int length;
};

struct connection {
    FCGX_Request request;
    bool used;
};

struct worker {
    int listener;
    int epoll;
    struct answer answers[ANSWER_KINDS];
    struct connection connections[CONNECTIONS_MAX];
};

static bool answer_load(struct answer *answer, const char *path)
{
    bool done = false;
    FILE *file = fopen(path, "rbe");
    char *text = malloc(ANSWER_MAX);

    if (file == NULL || text == NULL) {
        goto out;
    }
    size_t length = fread(text, 1, ANSWER_MAX, file);
    if (ferror(file) != 0 || length == 0 || length == ANSWER_MAX) {
        goto out;
    }
    answer->text = text;
    answer->length = (int)length;
    text = NULL;
    done = true;
out:
    free(text);
    if (file != NULL) {
        (void)fclose(file);
    }
    return done;
}

static bool watch(const struct worker *worker, int fd, uint32_t events, struct connection *connection)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static struct connection *connection_unused(struct worker *worker)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!worker->connections[i].used) {
            return &worker->connections[i];
        }
    }
    return NULL;
}

/* Takes one connection from the listening socket. None there is not an error: another worker was quicker. */
static void connection_accept(struct worker *worker)
{
    const struct timeval timeout = {.tv_sec = IO_TIMEOUT_S};
    struct connection *connection = connection_unused(worker);

    if (connection == NULL) {
        return;
    }
    int fd = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (!watch(worker, fd, EPOLLIN, connection) || FCGX_InitRequest(&connection->request, -1, 0) != 0) {
        (void)close(fd);
        return;
    }
    connection->request.ipcFd = fd;
    connection->request.keepConnection = 1;
    connection->used = true;
}

static enum answer_kind answer_choose(const FCGX_Request *request)
{
    const char *method = FCGX_GetParam("REQUEST_METHOD", request->envp);
    const char *uri = FCGX_GetParam("REQUEST_URI", request->envp);

    if (method != NULL && strcmp(method, "POST") == 0) {
        return ANSWER_CREATED;
    }
    return uri != NULL && strchr(uri, '?') != NULL ? ANSWER_LIST : ANSWER_ITEM;
}

/* Reads the body to its end: what is left of it would be parsed as the next request. */
static void body_drain(FCGX_Request *request)
{
    char buffer[4096];
    int total = 0;
    int length = 0;

    do {
        length = FCGX_GetStr(buffer, sizeof buffer, request->in);
        total += length;
    } while (length == (int)sizeof buffer && total < DRAIN_MAX);
    if (length == (int)sizeof buffer) {
        (void)FCGX_StartFilterData(request->in);
    }
}

/* Serves one request of a connection that can be read. libfcgi closes a connection at its end, or once it is broken. */
static void connection_serve(const struct worker *worker, struct connection *connection)
{
    FCGX_Request *request = &connection->request;

    if (FCGX_Accept_r(request) == 0) {
        const struct answer *answer = &worker->answers[answer_choose(request)];
        body_drain(request);
        (void)FCGX_PutStr(answer->text, answer->length, request->out);
        FCGX_Finish_r(request);
    }
    connection->used = request->ipcFd >= 0;
}

static void worker_loop(struct worker *worker)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int count = epoll_wait(worker->epoll, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                connection_accept(worker);
            } else {
                connection_serve(worker, events[i].data.ptr);
            }
        }
    }
}

static bool worker_open(struct worker *worker, char **paths)
{
    worker->listener = STDIN_FILENO;
    for (int i = 0; i < ANSWER_KINDS; i++) {
        if (!answer_load(&worker->answers[i], paths[i])) {
            (void)fprintf(stderr, "ceiling: no answer can be read from %s\n", paths[i]);
            return false;
        }
    }
    if (FCGX_Init() != 0 || signal(SIGTERM, SIG_DFL) == SIG_ERR) {
        return false;
    }
    int flags = fcntl(worker->listener, F_GETFL);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    return flags >= 0 && fcntl(worker->listener, F_SETFL, flags | O_NONBLOCK) == 0 && worker->epoll >= 0 &&
           watch(worker, worker->listener, EPOLLIN | EPOLLEXCLUSIVE, NULL);
}

int main(int argc, char **argv)
{
    static struct worker worker;

    if (argc != 1 + ANSWER_KINDS) {
        (void)fprintf(stderr, "usage: ceiling ITEM LIST CREATED <&LISTENING-SOCKET\n"
                              "The three are files with whole answers: header fields, an empty line, the body.\n");
        return 2;
    }
    if (worker_open(&worker, argv + 1)) {
        worker_loop(&worker);
    }
    (void)fprintf(stderr, "ceiling: %s\n", strerror(errno));
    return 1;
}
