/* Addresses of hosts, and ranges of them in the notation of RFC 4632 and RFC 4291: "10.0.0.0/8", "fd00::/8". An address of
 * IPv4 is kept as its mapped one of IPv6 (::ffff:10.0.0.1), so that both spellings are one. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

#define ADDRESS_BYTES 16
#define ADDRESS_TEXT_SIZE 48
#define ADDRESS_RANGES_MAX 32

struct address {
    unsigned char bytes[ADDRESS_BYTES];
};

struct address_range {
    struct address first;
    unsigned bits; /* that count, of 128 */
};

struct address_ranges {
    struct address_range item[ADDRESS_RANGES_MAX];
    size_t count;
};

/* From four numbers of at most three digits with points between, or a form of RFC 4291 without a zone. False, and *address
 * untouched, for everything else: other notations of IPv4 (hexadecimal, octal, fewer numbers) are none here. */
bool address_parse(struct text text, struct address *address);

/* From what a socket is connected to; false where it is of neither family. */
bool address_of_socket(const struct sockaddr *socket, struct address *address);

bool address_is_ipv4(const struct address *address);

/* As people write it, terminated. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

/* An address, or a range of which no bit beyond its length is set. */
bool address_range_parse(struct text text, struct address_range *range);

/* Ranges with commas, and perhaps spaces, between them; none in an empty text. */
bool address_ranges_parse(struct text text, struct address_ranges *ranges);

bool address_in_range(const struct address *address, const struct address_range *range);
bool address_in_ranges(const struct address *address, const struct address_ranges *ranges);

#endif
