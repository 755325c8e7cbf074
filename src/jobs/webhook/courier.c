/* Requests by libcurl's multi interface, over a set of descriptors of its own (epoll) that the caller can wait for. */
#include "jobs/courier.h"

#include "courier_tls.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "domain/webhook_target.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define TURNS_MAX 16 /* of one courier_run: what is ready then is left for the next */
#define CONNECTIONS_KEPT 64L

enum cut { CUT_NOT, CUT_HEAD, CUT_BODY };

struct transfer {
    struct courier *courier;
    CURL *easy;
    struct curl_slist *headers;
    bool secure;
    bool refused; /* an address was not to be connected to */
    enum cut cut;
    size_t head_bytes;
    size_t body_bytes;
    int64_t started_ns;
    CURLcode outcome;
    struct transfer *next; /* of those under way, or of those that have ended */
    struct courier_result result;
};

struct courier {
    struct courier_options options;
    CURLM *multi;
    int epoll;
    int64_t due_ns;
    struct transfer *under_way;
    struct transfer *ended;
};

/* --- what libcurl asks for --- */

/* Called once the address is known, for each one that is tried. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *socket_address)
{
    struct transfer *transfer = context;
    struct address address;

    if (purpose == CURLSOCKTYPE_IPCXN && address_of_socket(&socket_address->addr, &address) &&
        webhook_may_reach(&address, transfer->secure, transfer->courier->options.allowed)) {
        return socket(socket_address->family, socket_address->socktype | SOCK_CLOEXEC, socket_address->protocol);
    }
    transfer->refused = true;
    return CURL_SOCKET_BAD;
}

static size_t take_head(const char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    (void)data;
    transfer->head_bytes += size * count;
    if (transfer->head_bytes > COURIER_HEAD_MAX) {
        transfer->cut = CUT_HEAD;
        return 0;
    }
    return size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct courier_result *result = &transfer->result;
    const size_t length = size * count;
    const size_t room = sizeof result->body - result->body_length;
    const size_t kept = length < room ? length : room;

    memcpy(result->body + result->body_length, data, kept);
    result->body_length += kept;
    transfer->body_bytes += length;
    if (transfer->body_bytes > COURIER_BODY_MAX) {
        transfer->cut = CUT_BODY;
        return 0;
    }
    return length;
}

/* cppcheck-suppress constParameter ; it is libcurl's type */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *watched)
{
    struct courier *courier = context;
    struct epoll_event event = {.data.fd = socket};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(courier->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events =
        ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(courier->epoll, watched != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) {
        log_error("webhooks: a socket cannot be watched: %s", strerror(errno));
    }
    (void)curl_multi_assign(courier->multi, socket, courier);
    return 0;
}

static int set_timer(CURLM *multi, long ms, void *context)
{
    struct courier *courier = context;

    (void)multi;
    courier->due_ns = ms < 0 ? CLOCK_FOREVER : clock_deadline_in_ms(ms);
    return 0;
}

/* --- a request --- */

static void transfer_free(struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->easy);
    free(transfer);
}

static bool add_headers(struct transfer *transfer, const struct courier_request *request)
{
    static const char *const own[] = {"Content-Type: application/json", "Expect:"};
    struct curl_slist *list = NULL;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        list = curl_slist_append(transfer->headers, own[i]);
        transfer->headers = list != NULL ? list : transfer->headers;
    }
    for (size_t i = 0; list != NULL && i < COURIER_HEADERS_MAX && request->headers[i] != NULL; i++) {
        list = curl_slist_append(transfer->headers, request->headers[i]);
        transfer->headers = list != NULL ? list : transfer->headers;
    }
    return list != NULL;
}

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_protocols(CURL *easy)
{
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    return SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* A name that is still being looked up when its time is over is left behind; libcurl would wait for it otherwise. */
#if CURL_AT_LEAST_VERSION(7, 87, 0)
#define SET_QUICK_EXIT SET(CURLOPT_QUICK_EXIT, 1L)
#else
#define SET_QUICK_EXIT true
#endif

/* What the caller's environment and the endpoint might otherwise bring in. */
static bool set_bounds(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const long timeout_ms = (long)transfer->courier->options.timeout_ms;

    return set_protocols(easy) && SET_QUICK_EXIT && SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_TIMEOUT_MS, timeout_ms) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms) && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           courier_tls_require(easy) && SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
           SET(CURLOPT_OPENSOCKETDATA, transfer) && SET(CURLOPT_HEADERFUNCTION, take_head) &&
           SET(CURLOPT_HEADERDATA, transfer) && SET(CURLOPT_WRITEFUNCTION, take_body) &&
           SET(CURLOPT_WRITEDATA, transfer);
}

static bool set_request(struct transfer *transfer, const struct courier_request *request)
{
    CURL *easy = transfer->easy;

    return add_headers(transfer, request) && SET(CURLOPT_URL, request->url) && SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDS, request->body.data) &&
           SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length) &&
           SET(CURLOPT_HTTPHEADER, transfer->headers) && SET(CURLOPT_USERAGENT, "wares/" WARES_VERSION) &&
           SET(CURLOPT_PRIVATE, transfer);
}

bool courier_send(struct courier *courier, const struct courier_request *request)
{
    struct transfer *transfer = memory_new(1, sizeof *transfer);

    transfer->courier = courier;
    transfer->easy = curl_easy_init();
    transfer->secure = strncasecmp(request->url, "https:", strlen("https:")) == 0;
    transfer->started_ns = clock_monotonic_ns();
    transfer->result.context = request->context;
    if (transfer->easy == NULL || !set_bounds(transfer) || !set_request(transfer, request) ||
        curl_multi_add_handle(courier->multi, transfer->easy) != CURLM_OK) {
        log_error("webhooks: a request cannot be made ready");
        transfer_free(transfer);
        return false;
    }
    transfer->next = courier->under_way;
    courier->under_way = transfer;
    return true;
}

/* --- what came of it --- */

static void tell_failure(struct transfer *transfer)
{
    char *error = transfer->result.error;
    const size_t size = sizeof transfer->result.error;

    if (transfer->refused && transfer->outcome == CURLE_COULDNT_CONNECT) {
        (void)snprintf(error, size, "the host leads to no address that webhooks may reach%s",
                       transfer->secure ? "" : " by http");
        return;
    }
    if (transfer->cut == CUT_HEAD) {
        (void)snprintf(error, size, "the headers of the answer are larger than %zu bytes", COURIER_HEAD_MAX);
        return;
    }
    switch ((int)transfer->outcome) {
    case CURLE_COULDNT_RESOLVE_HOST:
        (void)snprintf(error, size, "the name of the host is not known");
        break;
    case CURLE_COULDNT_CONNECT:
        (void)snprintf(error, size, "the host takes no connection");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        (void)snprintf(error, size, "no whole answer within %lld ms", (long long)transfer->courier->options.timeout_ms);
        break;
    case CURLE_OUT_OF_MEMORY: /* what libcurl says of a line of more than 100 KiB too */
        (void)snprintf(error, size, "a header of the answer is too large, or there is no memory");
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        courier_tls_tell(transfer->easy, transfer->outcome, error, size);
        break;
    default:
        (void)snprintf(error, size, "the exchange failed: %s", curl_easy_strerror(transfer->outcome));
        break;
    }
}

/* An answer whose body was cut for its size is one all the same. */
static void read_answer(struct transfer *transfer)
{
    struct webhook_answer *answer = &transfer->result.answer;
    curl_off_t retry_after = 0;
    long status = 0;

    answer->retry_after_s = -1;
    transfer->result.duration_ms = (clock_monotonic_ns() - transfer->started_ns) / CLOCK_NS_PER_MS;
    if (transfer->outcome != CURLE_OK && transfer->cut != CUT_BODY) {
        tell_failure(transfer);
        return;
    }
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    if (curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0) {
        answer->retry_after_s = retry_after;
    }
}

static void take_off(struct courier *courier, struct transfer *transfer)
{
    struct transfer **at = &courier->under_way;

    while (*at != NULL && *at != transfer) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = transfer->next;
    }
}

static void collect(struct courier *courier)
{
    CURLMsg *message;
    int left = 0;

    while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        CURL *easy = message->easy_handle;
        const CURLcode outcome = message->data.result;

        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer) != CURLE_OK ||
            transfer == NULL) {
            continue;
        }
        transfer->outcome = outcome;
        (void)curl_multi_remove_handle(courier->multi, easy);
        read_answer(transfer);
        take_off(courier, transfer);
        transfer->next = courier->ended;
        courier->ended = transfer;
    }
}

bool courier_next(struct courier *courier, struct courier_result *result)
{
    struct transfer *transfer = courier->ended;

    if (transfer == NULL) {
        return false;
    }
    courier->ended = transfer->next;
    *result = transfer->result;
    transfer_free(transfer);
    return true;
}

/* --- the whole --- */

static int events_of(uint32_t events)
{
    return ((events & (uint32_t)EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
           ((events & (uint32_t)EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
           ((events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
}

void courier_run(struct courier *courier)
{
    struct epoll_event events[EVENTS_MAX];
    int running = 0;

    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        const int count = epoll_wait(courier->epoll, events, EVENTS_MAX, 0);
        const bool is_due = courier->due_ns <= clock_monotonic_ns();

        if (count <= 0 && !is_due) {
            break;
        }
        if (is_due) {
            courier->due_ns = CLOCK_FOREVER;
            (void)curl_multi_socket_action(courier->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int i = 0; i < count; i++) {
            (void)curl_multi_socket_action(courier->multi, events[i].data.fd, events_of(events[i].events), &running);
        }
    }
    collect(courier);
}

int courier_descriptor(const struct courier *courier)
{
    return courier->epoll;
}

int64_t courier_due_ns(const struct courier *courier)
{
    return courier->due_ns;
}

struct courier *courier_new(const struct courier_options *options)
{
    struct courier *courier = memory_new(1, sizeof *courier);

    courier->options = *options;
    courier->due_ns = CLOCK_FOREVER;
    courier->epoll = epoll_create1(EPOLL_CLOEXEC);
    courier->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    if (courier->epoll < 0 || courier->multi == NULL ||
        curl_multi_setopt(courier->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
        curl_multi_setopt(courier->multi, CURLMOPT_SOCKETDATA, courier) != CURLM_OK ||
        curl_multi_setopt(courier->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(courier->multi, CURLMOPT_TIMERDATA, courier) != CURLM_OK ||
        curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK) {
        log_error("webhooks: libcurl cannot be made ready: %s", strerror(errno));
        courier_free(courier);
        return NULL;
    }
    courier_tls_announce();
    return courier;
}

static void free_all(struct courier *courier, struct transfer *transfer)
{
    while (transfer != NULL) {
        struct transfer *next = transfer->next;

        (void)curl_multi_remove_handle(courier->multi, transfer->easy);
        transfer_free(transfer);
        transfer = next;
    }
}

void courier_free(struct courier *courier)
{
    if (courier == NULL) {
        return;
    }
    free_all(courier, courier->under_way);
    free_all(courier, courier->ended);
    if (courier->multi != NULL) {
        (void)curl_multi_cleanup(courier->multi);
        curl_global_cleanup();
    }
    if (courier->epoll >= 0) {
        (void)close(courier->epoll);
    }
    free(courier);
}
