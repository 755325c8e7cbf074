/* Offers over the listening socket, and the descriptor that goes over an offer. */
#include "handover.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Abstract addresses begin with a NUL. */
static const char offer_name[] = "\0wares-handover-";

#define OFFER_NAME_LENGTH (sizeof offer_name - 1)
#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

void handover_init(struct handover *handover, int listen_fd)
{
    struct sockaddr_un *pool = &handover->pool;
    socklen_t length = sizeof *pool;

    *handover = (struct handover){.offer_fd = -1};
    if (getsockname(listen_fd, (struct sockaddr *)pool, &length) == 0 && pool->sun_family == AF_UNIX &&
        length > PATH_OFFSET && length <= sizeof *pool) {
        handover->pool_length = length;
    }
}

/* --- who gives --- */

static bool failed(struct handover *handover)
{
    handover_withdraw(handover);
    handover->again_ns = clock_deadline_in_ms(HANDOVER_PAUSE_MS);
    return false;
}

/* No two have the same name: of one process the time tells them apart. */
static socklen_t name_offer(struct sockaddr_un *address)
{
    char *end = address->sun_path + OFFER_NAME_LENGTH;

    memcpy(address->sun_path, offer_name, OFFER_NAME_LENGTH);
    return (socklen_t)(PATH_OFFSET + OFFER_NAME_LENGTH) +
           (socklen_t)snprintf(end, sizeof address->sun_path - OFFER_NAME_LENGTH, "%d-%lld", (int)getpid(),
                               (long long)clock_monotonic_ns());
}

/* That nobody has the time, or that the pool is about to end, is no fault. */
static void tell_once(struct handover *handover, int error)
{
    if (!handover->told && error != EAGAIN && error != ECONNREFUSED) {
        log_warning(
            "no other worker can be offered the requests that wait for this one: the pool's own socket cannot be "
            "connected to: %s%s",
            strerror(error), error == EACCES ? "; the workers' account needs the right to write to it" : "");
        handover->told = true;
    }
}

bool handover_offer(struct handover *handover)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const socklen_t length = name_offer(&address);

    handover->offer_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handover->offer_fd < 0 || bind(handover->offer_fd, (const struct sockaddr *)&address, length) != 0 ||
        connect(handover->offer_fd, (const struct sockaddr *)&handover->pool, handover->pool_length) != 0) {
        tell_once(handover, errno);
        return failed(handover);
    }
    return true;
}

bool handover_is_asked(struct handover *handover)
{
    char asked;

    return recv(handover->offer_fd, &asked, 1, MSG_DONTWAIT) == 1 || failed(handover);
}

/* What a message with a descriptor consists of: a byte, since nothing is sent without any, and the descriptor. */
struct parcel {
    char byte;
    struct iovec bytes;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
};

/* The length is exact: CMSG_SPACE may have room for one more descriptor, and the kernel would use it. What there is no room
 * for it closes. */
static struct msghdr message_of(struct parcel *parcel)
{
    *parcel = (struct parcel){.byte = '\n'};
    parcel->bytes = (struct iovec){.iov_base = &parcel->byte, .iov_len = 1};
    return (struct msghdr){.msg_iov = &parcel->bytes,
                           .msg_iovlen = 1,
                           .msg_control = parcel->control,
                           .msg_controllen = CMSG_LEN(sizeof(int))};
}

bool handover_give(struct handover *handover, int fd)
{
    struct parcel parcel;
    const struct msghdr message = message_of(&parcel);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    *rights = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    return sendmsg(handover->offer_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || failed(handover);
}

void handover_withdraw(struct handover *handover)
{
    if (handover->offer_fd >= 0) {
        (void)close(handover->offer_fd);
        handover->offer_fd = -1;
    }
}

/* --- who takes --- */

bool handover_is_offer(const struct sockaddr_un *peer, socklen_t length)
{
    return length >= PATH_OFFSET + OFFER_NAME_LENGTH && peer->sun_family == AF_UNIX &&
           memcmp(peer->sun_path, offer_name, OFFER_NAME_LENGTH) == 0;
}

bool handover_ask(int offer_fd)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t size = sizeof who;

    return getsockopt(offer_fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid() &&
           send(offer_fd, "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

static bool has_option(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

static bool is_connection(int fd)
{
    return has_option(fd, SO_DOMAIN, AF_UNIX) && has_option(fd, SO_TYPE, SOCK_STREAM) &&
           has_option(fd, SO_ACCEPTCONN, 0);
}

int handover_take(int offer_fd)
{
    struct parcel parcel;
    struct msghdr message = message_of(&parcel);
    const struct cmsghdr *rights = NULL;
    int fd = -1;

    if (recvmsg(offer_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1) {
        rights = CMSG_FIRSTHDR(&message);
    }
    if (rights == NULL || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof fd)) {
        return -1;
    }
    memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    /* Of several, one is no more ours than another. */
    if ((message.msg_flags & MSG_CTRUNC) != 0 || !is_connection(fd)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}
