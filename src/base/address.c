/* Addresses and ranges of them. */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define MAPPED_BITS 96
#define MAPPED_BYTES (MAPPED_BITS / 8)

static const unsigned char mapped[MAPPED_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static void map(const void *ipv4, struct address *address)
{
    memcpy(address->bytes, mapped, MAPPED_BYTES);
    memcpy(address->bytes + MAPPED_BYTES, ipv4, ADDRESS_BYTES - MAPPED_BYTES);
}

bool address_parse(struct text text, struct address *address)
{
    char string[ADDRESS_TEXT_SIZE];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text.length == 0 || text.length >= sizeof string || memchr(text.data, '\0', text.length) != NULL) {
        return false;
    }
    (void)snprintf(string, sizeof string, "%.*s", TEXT_PRINT(text));
    if (inet_pton(AF_INET, string, &ipv4) == 1) {
        map(&ipv4, address);
        return true;
    }
    if (inet_pton(AF_INET6, string, &ipv6) == 1) {
        memcpy(address->bytes, &ipv6, ADDRESS_BYTES);
        return true;
    }
    return false;
}

bool address_of_socket(const struct sockaddr *socket, struct address *address)
{
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, socket, sizeof ipv4);
        map(&ipv4.sin_addr, address);
        return true;
    }
    if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, socket, sizeof ipv6);
        memcpy(address->bytes, &ipv6.sin6_addr, ADDRESS_BYTES);
        return true;
    }
    return false;
}

bool address_is_ipv4(const struct address *address)
{
    return memcmp(address->bytes, mapped, MAPPED_BYTES) == 0;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
    const bool is_ipv4 = address_is_ipv4(address);

    if (inet_ntop(is_ipv4 ? AF_INET : AF_INET6, address->bytes + (is_ipv4 ? MAPPED_BYTES : 0), out,
                  ADDRESS_TEXT_SIZE) == NULL) {
        out[0] = '\0';
    }
}

/* --- ranges --- */

/* The bits of byte i that count in a range. */
static unsigned mask_of(unsigned bits, unsigned i)
{
    if (bits >= (i + 1) * 8) {
        return 0xFF;
    }
    return bits <= i * 8 ? 0 : 0xFFU << (8 - (bits - i * 8)) & 0xFFU;
}

bool address_range_parse(struct text text, struct address_range *range)
{
    struct address_range read = {.bits = ADDRESS_BYTES * 8};
    struct text digits = TEXT_ABSENT;
    const struct text address = text_split(text, '/', &digits);
    uint64_t bits = 0;

    if (!address_parse(address, &read.first)) {
        return false;
    }
    if (digits.data != NULL) {
        const unsigned base = memchr(address.data, ':', address.length) == NULL ? MAPPED_BITS : 0;
        if (digits.length > 3 || !text_to_u64(digits, &bits) || bits > ADDRESS_BYTES * 8 - base) {
            return false;
        }
        read.bits = base + (unsigned)bits;
    }
    for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
        if (((unsigned)read.first.bytes[i] & ~mask_of(read.bits, i)) != 0) {
            return false;
        }
    }
    *range = read;
    return true;
}

bool address_ranges_parse(struct text text, struct address_ranges *ranges)
{
    struct text rest = text_trim_ows(text);

    *ranges = (struct address_ranges){0};
    if (rest.length == 0) {
        return true;
    }
    while (rest.data != NULL) {
        const struct text one = text_trim_ows(text_split(rest, ',', &rest));
        if (ranges->count == ADDRESS_RANGES_MAX || !address_range_parse(one, &ranges->item[ranges->count])) {
            return false;
        }
        ranges->count++;
    }
    return true;
}

bool address_in_range(const struct address *address, const struct address_range *range)
{
    for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
        if (((unsigned)(address->bytes[i] ^ range->first.bytes[i]) & mask_of(range->bits, i)) != 0) {
            return false;
        }
    }
    return true;
}

bool address_in_ranges(const struct address *address, const struct address_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        if (address_in_range(address, &ranges->item[i])) {
            return true;
        }
    }
    return false;
}
