/* The url of a Redis. Pure. */
#include "redis_internal.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define PORT_DEFAULT 6379
#define PORT_MAX 65535
#define DATABASE_MAX 65535

static int hex_digit(char c)
{
    const char *const digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return found != NULL ? (int)(found - digits) : -1;
}

/* The text with %XX decoded, on the heap; NULL where a % is not followed by two hex digits, or stands for a NUL. */
static char *decode(struct text text)
{
    char *decoded = memory_new(text.length + 1, 1);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 1 < text.length ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.length ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) {
                free(decoded);
                return NULL;
            }
            c = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        decoded[length++] = c;
    }
    return decoded;
}

static bool number(struct text text, uint64_t maximum, int *value)
{
    uint64_t read = 0;
    if (!text_to_u64(text, &read) || read > maximum) {
        return false;
    }
    *value = (int)read;
    return true;
}

/* Splits at the last separator, unlike text_split: a password may have it. */
static bool split_last(struct text text, char separator, struct text *before, struct text *after)
{
    const char *found = text.length == 0 ? NULL : memrchr(text.data, separator, text.length);
    if (found == NULL) {
        return false;
    }
    *before = (struct text){.data = text.data, .length = (size_t)(found - text.data)};
    *after = (struct text){.data = found + 1, .length = text.length - before->length - 1};
    return true;
}

/* [user]:password */
static const char *parse_credentials(struct text credentials, struct redis_address *address)
{
    struct text password = TEXT_ABSENT;
    struct text user = text_split(credentials, ':', &password);
    if (password.data == NULL || password.length == 0) {
        return "what stands before the @ must be [user]:password";
    }
    address->password = decode(password);
    address->user = user.length > 0 ? decode(user) : NULL;
    if (address->password == NULL || (user.length > 0 && address->user == NULL)) {
        return "a % in the user or password must be followed by two hex digits";
    }
    return NULL;
}

/* host[:port], where a host with colons stands in brackets */
static const char *parse_endpoint(struct text endpoint, struct redis_address *address)
{
    struct text host;
    struct text port = TEXT_ABSENT;
    const char *bracket = endpoint.length == 0 ? NULL : memchr(endpoint.data, ']', endpoint.length);

    if (bracket != NULL && endpoint.data[0] == '[') {
        host = (struct text){.data = endpoint.data + 1, .length = (size_t)(bracket - endpoint.data) - 1};
        struct text rest = {.data = bracket + 1, .length = endpoint.length - host.length - 2};
        if (rest.length > 0 && text_split(rest, ':', &port).length > 0) {
            return "after the ] of an IPv6 address only :port may follow";
        }
    } else {
        host = text_split(endpoint, ':', &port);
    }
    address->port = PORT_DEFAULT;
    if (host.length == 0) {
        return "the host is missing";
    }
    if (port.data != NULL && (!number(port, PORT_MAX, &address->port) || address->port == 0)) {
        return "the port must be a number from 1 to 65535";
    }
    address->host = decode(host);
    return address->host != NULL ? NULL : "a % in the host must be followed by two hex digits";
}

/* redis://[[user]:password@]host[:port][/db] */
static const char *parse_network(struct text rest, struct redis_address *address)
{
    struct text credentials = TEXT_ABSENT;
    struct text database = TEXT_ABSENT;
    const char *fault = NULL;

    if (split_last(rest, '@', &credentials, &rest)) {
        fault = parse_credentials(credentials, address);
    }
    if (fault == NULL) {
        fault = parse_endpoint(text_split(rest, '/', &database), address);
    }
    if (fault == NULL && database.length > 0 && !number(database, DATABASE_MAX, &address->database)) {
        fault = "the database must be a number";
    }
    return fault;
}

/* unix:///path[?db=n] */
static const char *parse_unix(struct text rest, struct redis_address *address)
{
    const struct text key = TEXT("db=");
    struct text query = TEXT_ABSENT;
    struct text path = text_split(rest, '?', &query);

    if (path.length < 2 || path.data[0] != '/') {
        return "unix:// must be followed by the absolute path of a socket";
    }
    address->path = decode(path);
    if (address->path == NULL) {
        return "a % in the path must be followed by two hex digits";
    }
    if (strlen(address->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return "the path of the socket is too long";
    }
    if (query.data != NULL) {
        struct text value = {.data = query.data + key.length, .length = query.length - key.length};
        if (!text_starts_with(query, key) || !number(value, DATABASE_MAX, &address->database)) {
            return "after the path only ?db=number may follow";
        }
    }
    return NULL;
}

static const char *parse(struct text url, struct redis_address *address)
{
    const struct text network = TEXT("redis://");
    const struct text socket = TEXT("unix://");
    const struct text secure = TEXT("rediss://");

    if (text_equal(url, TEXT("off"))) {
        address->off = true;
        return NULL;
    }
    if (text_starts_with(url, network)) {
        return parse_network((struct text){url.data + network.length, url.length - network.length}, address);
    }
    if (text_starts_with(url, socket)) {
        return parse_unix((struct text){url.data + socket.length, url.length - socket.length}, address);
    }
    if (text_starts_with(url, secure)) {
        return "TLS is not supported: let a local proxy add it";
    }
    return "it must be redis://[[user]:password@]host[:port][/db], unix:///path[?db=n] or off";
}

enum status redis_address_parse(const char *url, struct redis_address *address, char *error, size_t error_size)
{
    *address = (struct redis_address){0};
    const char *fault = parse(text_of(url), address);
    if (fault != NULL) {
        (void)snprintf(error, error_size, "the Redis url is not understood: %s", fault);
        redis_address_release(address);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

/* Frees a secret after its bytes are gone from memory. */
static void release_secret(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}

void redis_address_release(struct redis_address *address)
{
    free(address->path);
    free(address->host);
    free(address->user);
    release_secret(address->password);
    *address = (struct redis_address){0};
}
