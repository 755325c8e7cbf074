/* Where webhooks may go: the rule of their URLs, and which addresses may be connected to. Pure. */
#ifndef DOMAIN_WEBHOOK_TARGET_H
#define DOMAIN_WEBHOOK_TARGET_H

#include "base/address.h"
#include "base/text.h"
#include "domain/fault.h"

#include <stdbool.h>

#define WEBHOOK_URL_MAX 2048 /* bytes */

struct webhook_target {
    bool secure;      /* https */
    struct text host; /* a name; absent where there is an address in its place */
    struct address address;
};

/* Takes a URL apart: absolute, http or https, of printable ASCII, with a host name or an address in its usual notation, and
 * perhaps a port; without user, fragment and whatever programs read in different ways. NULL; or what it must be, as a
 * clause: "must be…". target may be NULL. */
const char *webhook_url_fault(struct text url, struct webhook_target *target);

/* True for an address that is anybody's to reach: a unicast address of the public network, and none of the special ones of
 * RFC 6890 and its registries. Where one of IPv6 stands for one of IPv4 (mapped, NAT64) that one counts. */
bool address_is_public(const struct address *address);

/* Whether an address may be connected to: one that is allowed, or with https a public one. */
bool webhook_may_reach(const struct address *address, bool secure, const struct address_ranges *allowed);

/* What of that can be told of a URL, which keeps to its rule, before its name is looked up: adds the fault for pointer, and
 * returns false, for http where no addresses are allowed, and for an address that may not be reached. */
bool webhook_check_url(struct text url, const struct address_ranges *allowed, const char *pointer,
                       struct faults *faults);

#endif
