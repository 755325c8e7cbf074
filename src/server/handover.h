/* Handing a connection to another worker of the pool, while this one waits: what goes over the sockets.
 *
 * Between two requests libfcgi holds nothing of a connection, so that its descriptor is all there is to it. A worker that
 * has one to give connects to the pool's own listening socket, from an abstract address that tells what it is: an offer.
 * Who has the time accepts it, sees by that address that it is no FastCGI connection, and asks for what is offered with
 * one byte. Only then does the descriptor go over (SCM_RIGHTS), and is closed here.
 *
 * So no descriptor lies in the queue of the listening socket, where it would be lost with the pool; until one that is alive
 * has asked, the request is where it was. With the process that a descriptor has gone to a request is lost as any that a
 * worker had when it was killed.
 *
 * Whoever may connect to the listening socket can make an offer. It is taken up where the process is of the worker's own
 * account, which could do with the worker as it likes anyway; what it passes is then a connection like any other. */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HANDOVER_PAUSE_MS 100 /* after one that failed */

struct handover {
    struct sockaddr_un pool; /* the listening socket */
    socklen_t pool_length;   /* 0: it is none of the unix domain, and there is no handing over */
    int offer_fd;            /* -1: none stands */
    int64_t again_ns;        /* no offer before */
    bool told;               /* why there can be none was logged */
};

void handover_init(struct handover *handover, int listen_fd);

/* --- who gives --- */

/* Makes an offer. False where that failed, as where the queue of the listening socket is full: not again before again_ns.
 * It never waits. */
bool handover_offer(struct handover *handover);

/* offer_fd can be read: true where somebody asks for the connection. If not, the offer has failed and is withdrawn. */
bool handover_is_asked(struct handover *handover);

/* Sends the descriptor to who asked. True where it is with the other now: the caller closes its own, and then withdraws
 * the offer, which is what the other waits for. False: it is still the caller's alone, and the offer is withdrawn. */
bool handover_give(struct handover *handover, int fd);

/* Closes the offer, if there is one. */
void handover_withdraw(struct handover *handover);

/* --- who takes --- */

/* True for the address of one that has made an offer, as accept(2) tells it. */
bool handover_is_offer(const struct sockaddr_un *peer, socklen_t length);

/* Asks for what is offered. False where the offer is withdrawn already, or is not to be trusted. */
bool handover_ask(int offer_fd);

/* The other end of an offer that was asked for is closed: the descriptor that came, which is a connected stream socket of
 * the unix domain, or -1. */
int handover_take(int offer_fd);

#endif
