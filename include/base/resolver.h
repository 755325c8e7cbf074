/* Looks the names of hosts up beside the caller, who waits for as long as it can and asks again later. The C library's
 * own lookup waits for many seconds where no name server answers, and nothing can cut it short. */
#ifndef BASE_RESOLVER_H
#define BASE_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

/* Of an address in digits, terminated. */
#define RESOLVER_ADDRESS_SIZE 64

struct resolver;

/* hosts is one host, or several with commas between. Addresses in digits, paths and empty ones are no names: they are
 * not looked up. */
struct resolver *resolver_new(const char *hosts);

/* A lookup that is under way is left behind: it cannot be stopped. NULL is allowed. */
void resolver_free(struct resolver *resolver);

/* Looks all names up, or goes on with that where the last call had to give up. True where each has been found or not;
 * false where the deadline passed first. */
bool resolver_wait(struct resolver *resolver, int64_t deadline_ns);

/* What came of the last call of resolver_wait that returned true: NULL where there is a host to connect to, or else why
 * a name was not found. */
const char *resolver_fault(const struct resolver *resolver);

/* The address of the first host in digits, of IPv4 where it has one. False where there is none. */
bool resolver_address(const struct resolver *resolver, char address[RESOLVER_ADDRESS_SIZE]);

#endif
