/* URLs of webhooks and the addresses behind them. */
#include "domain/webhook_target.h"

#include <string.h>

#define HOST_MAX 253
#define LABEL_MAX 63
#define PORT_MAX 65535

/* --- URLs --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool label_is_valid(struct text label)
{
    if (label.length == 0 || label.length > LABEL_MAX || label.data[0] == '-' || label.data[label.length - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.length; i++) {
        const char c = label.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

/* A name whose last label begins with a digit is none: some programs read it as an address (0x7f.1, 2130706433). */
static bool name_is_valid(struct text host)
{
    struct text rest = host;
    struct text label = TEXT_ABSENT;

    if (host.length == 0 || host.length > HOST_MAX) {
        return false;
    }
    while (rest.data != NULL) {
        label = text_split(rest, '.', &rest);
        if (!label_is_valid(label)) {
            return false;
        }
    }
    return !is_digit(label.data[0]);
}

static bool port_is_valid(struct text port)
{
    uint64_t number = 0;

    return port.length <= 5 && text_to_u64(port, &number) && number >= 1 && number <= PORT_MAX;
}

/* Takes the host off the front of the rest, in its brackets or up to a colon. */
static bool take_host(struct text *rest, struct webhook_target *target)
{
    size_t length = 0;

    if (rest->length > 0 && rest->data[0] == '[') {
        const char *end = memchr(rest->data, ']', rest->length);
        if (end == NULL) {
            return false;
        }
        length = (size_t)(end - rest->data) + 1;
        const struct text inside = {.data = rest->data + 1, .length = length - 2};
        if (memchr(inside.data, ':', inside.length) == NULL || !address_parse(inside, &target->address)) {
            return false;
        }
    } else {
        while (length < rest->length && rest->data[length] != ':') {
            length++;
        }
        const struct text host = {.data = rest->data, .length = length};
        if (!address_parse(host, &target->address)) {
            if (!name_is_valid(host)) {
                return false;
            }
            target->host = host;
        }
    }
    rest->data += length;
    rest->length -= length;
    return true;
}

static bool characters_are_valid(struct text url)
{
    for (size_t i = 0; i < url.length; i++) {
        const char c = url.data[i];
        if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c) != NULL) {
            return false;
        }
    }
    return true;
}

const char *webhook_url_fault(struct text url, struct webhook_target *target)
{
    struct webhook_target read = {0};
    struct text rest = url;

    if (url.length > WEBHOOK_URL_MAX) {
        return "must be at most " TEXT_OF(WEBHOOK_URL_MAX) " bytes";
    }
    if (!characters_are_valid(url)) {
        return "must be printable ASCII; encode other characters, and write the host's name in punycode";
    }
    const struct text scheme = text_split(url, ':', &rest);
    read.secure = text_equal_ignoring_case(scheme, TEXT("https"));
    if ((!read.secure && !text_equal_ignoring_case(scheme, TEXT("http"))) || !text_starts_with(rest, TEXT("//"))) {
        return "must be an absolute URL that begins with https://";
    }
    if (memchr(url.data, '#', url.length) != NULL) {
        return "must have no fragment (what follows a #)";
    }
    struct text authority = {.data = rest.data + 2, .length = rest.length - 2};
    for (size_t i = 0; i < authority.length; i++) {
        if (authority.data[i] == '/' || authority.data[i] == '?') {
            authority.length = i;
        }
    }
    if (memchr(authority.data, '@', authority.length) != NULL) {
        return "must have no user or password before the host";
    }
    if (!take_host(&authority, &read)) {
        return "must have a host: a name such as example.org, or an address in its usual notation";
    }
    if (authority.length > 0 && (authority.data[0] != ':' || !port_is_valid((struct text){
                                                                 .data = authority.data + 1,
                                                                 .length = authority.length - 1,
                                                             }))) {
        return "must have a port from 1 to 65535, or none";
    }
    if (target != NULL) {
        *target = read;
    }
    return NULL;
}

/* --- addresses --- */

/* What is not public of IPv4, and of the part of IPv6 from which public addresses are given out. */
static const char *const special[] = {
    "0.0.0.0/8",       /* this network */
    "10.0.0.0/8",      /* private use */
    "100.64.0.0/10",   /* shared by carriers */
    "127.0.0.0/8",     /* loopback */
    "169.254.0.0/16",  /* link-local: metadata of clouds too */
    "172.16.0.0/12",   /* private use */
    "192.0.0.0/24",    /* protocol assignments */
    "192.0.2.0/24",    /* documentation */
    "192.88.99.0/24",  /* relays of 6to4, no more in use */
    "192.168.0.0/16",  /* private use */
    "198.18.0.0/15",   /* benchmarks */
    "198.51.100.0/24", /* documentation */
    "203.0.113.0/24",  /* documentation */
    "224.0.0.0/4",     /* multicast */
    "240.0.0.0/4",     /* reserved, and broadcast */
    "2001::/23",       /* protocol assignments: Teredo and others */
    "2001:db8::/32",   /* documentation */
    "2002::/16",       /* 6to4: stands for addresses of IPv4 */
    "3fff::/20",       /* documentation */
};

static bool is_in(const struct address *address, const char *range)
{
    struct address_range parsed;

    return address_range_parse(text_of(range), &parsed) && address_in_range(address, &parsed);
}

/* The address of IPv4 that one of NAT64 (RFC 6052) stands for. */
static bool embedded(const struct address *address, struct address *ipv4)
{
    if (!is_in(address, "64:ff9b::/96")) {
        return false;
    }
    *ipv4 = *address;
    memset(ipv4->bytes, 0, 10);
    memset(ipv4->bytes + 10, 0xFF, 2);
    return true;
}

bool address_is_public(const struct address *address)
{
    struct address ipv4;
    const struct address *meant = embedded(address, &ipv4) ? &ipv4 : address;

    if (!address_is_ipv4(meant) && !is_in(meant, "2000::/3")) {
        return false;
    }
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        if (is_in(meant, special[i])) {
            return false;
        }
    }
    return true;
}

bool webhook_may_reach(const struct address *address, bool secure, const struct address_ranges *allowed)
{
    return address_in_ranges(address, allowed) || (secure && address_is_public(address));
}

bool webhook_check_url(struct text url, const struct address_ranges *allowed, const char *pointer,
                       struct faults *faults)
{
    struct webhook_target target;

    if (webhook_url_fault(url, &target) != NULL) {
        return true; /* told elsewhere */
    }
    if (!target.secure && allowed->count == 0) {
        faults_add(faults, FAULT_IN_BODY, pointer, "https", "must begin with https://");
        return false;
    }
    if (target.host.data == NULL && !webhook_may_reach(&target.address, target.secure, allowed)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "address",
                   "must not lead to a private or special address, or by http to one that is not allowed for it");
        return false;
    }
    return true;
}
