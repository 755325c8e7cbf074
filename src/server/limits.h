/* What the kernel lets this process have. */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds the address space (0: no bound), because libfcgi allocates whatever a record asks for; not in a build with
 * AddressSanitizer, whose shadow memory is larger than any bound. Raises the bound on open descriptors to the given
 * count where the hard one allows. False, with errno set, where a limit cannot be set. */
bool limits_apply(int64_t memory_mib, size_t descriptors);

#endif
