/* Tests of base/address.h. */
#include "base/address.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static void one_address_has_one_form(void **state)
{
    static const char *const rows[][2] = {
        {"127.0.0.1", "127.0.0.1"},
        {"::ffff:127.0.0.1", "127.0.0.1"},
        {"::ffff:7f00:1", "127.0.0.1"},
        {"0:0:0:0:0:FFFF:7F00:0001", "127.0.0.1"},
        {"::1", "::1"},
        {"2001:0DB8::1", "2001:db8::1"},
        {"::127.0.0.1", "::127.0.0.1"}, /* no mapped one, but one of IPv6 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;
        char out[ADDRESS_TEXT_SIZE];

        assert_row(address_parse(text_of(rows[i][0]), &address), rows[i][0]);
        address_format(&address, out);
        assert_string_equal(out, rows[i][1]);
    }
}

static void odd_spellings_are_no_addresses(void **state)
{
    static const char *const rows[] = {
        "",           "0x7f.1", "127.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "1.2.3.256",  "127.0.0.01",
        " 127.0.0.1", "::1%lo", "[::1]", "fe80::1%1",  "1.2.3",      "0x7f000001", "::ffff:1.2", "localhost"};
    struct address address;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(!address_parse(text_of(rows[i]), &address), rows[i]);
    }
    assert_false(address_parse(TEXT_ABSENT, &address));
    assert_false(address_parse(TEXT("1.1.1.1\0"), &address));
}

static void sockets_have_addresses(void **state)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0A000001)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct address address;
    char out[ADDRESS_TEXT_SIZE];

    (void)state;
    assert_true(address_of_socket((const struct sockaddr *)&ipv4, &address));
    assert_true(address_is_ipv4(&address));
    address_format(&address, out);
    assert_string_equal(out, "10.0.0.1");
    assert_true(address_of_socket((const struct sockaddr *)&ipv6, &address));
    assert_false(address_is_ipv4(&address));
    address_format(&address, out);
    assert_string_equal(out, "::1");
    assert_false(address_of_socket((const struct sockaddr *)&local, &address));
}

static void ranges_end_where_their_bits_do(void **state)
{
    static const struct {
        const char *range;
        const char *inside;
        const char *outside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"10.0.0.0/8", "10.0.0.0", "9.255.255.255"},
        {"100.64.0.0/10", "100.127.255.255", "100.128.0.0"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.8"},
        {"172.16.0.0/12", "172.31.0.1", "172.32.0.0"},
        {"198.18.0.0/15", "198.19.255.255", "198.20.0.0"},
        {"0.0.0.0/0", "255.255.255.255", "::1"},
        {"fd00::/8", "fdff::1", "fe00::"},
        {"2001::/23", "2001:1ff::1", "2001:200::"},
        {"::/0", "1.2.3.4", NULL},
        {"::1", "::1", "::2"},
        {"127.0.0.0/8", "::ffff:127.1.2.3", "::127.1.2.3"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address_range range;
        struct address address;

        assert_row(address_range_parse(text_of(rows[i].range), &range), rows[i].range);
        assert_true(address_parse(text_of(rows[i].inside), &address));
        assert_row(address_in_range(&address, &range), rows[i].range);
        if (rows[i].outside != NULL) {
            assert_true(address_parse(text_of(rows[i].outside), &address));
            assert_row(!address_in_range(&address, &range), rows[i].range);
        }
    }
}

static void ranges_that_are_none_are_refused(void **state)
{
    static const char *const rows[] = {"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/",    "/8",          "10.0.0.0/x",
                                       "10/8",        "fd00::/129", "fd00::1/8",    "10.0.0.0/-1", "a.b.c.d",
                                       "10.0.0.0/8,", ",",          "10.0.0.0/0008"};
    struct address_ranges ranges;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(!address_ranges_parse(text_of(rows[i]), &ranges), rows[i]);
    }
}

static void lists_of_ranges(void **state)
{
    struct address_ranges ranges;
    struct address address;
    char many[ADDRESS_RANGES_MAX * 10 + 20] = "1.1.1.1";

    (void)state;
    assert_true(address_ranges_parse(TEXT(""), &ranges));
    assert_int_equal(ranges.count, 0);
    assert_true(address_ranges_parse(TEXT(" 10.0.0.0/8, ::1 ,192.0.2.1"), &ranges));
    assert_int_equal(ranges.count, 3);
    assert_true(address_parse(TEXT("::1"), &address) && address_in_ranges(&address, &ranges));
    assert_true(address_parse(TEXT("192.0.2.2"), &address) && !address_in_ranges(&address, &ranges));
    for (size_t i = 1; i < ADDRESS_RANGES_MAX; i++) {
        (void)strcat(many, ",1.1.1.1");
    }
    assert_true(address_ranges_parse(text_of(many), &ranges));
    (void)strcat(many, ",1.1.1.1");
    assert_false(address_ranges_parse(text_of(many), &ranges));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_has_one_form),         cmocka_unit_test(odd_spellings_are_no_addresses),
        cmocka_unit_test(sockets_have_addresses),           cmocka_unit_test(ranges_end_where_their_bits_do),
        cmocka_unit_test(ranges_that_are_none_are_refused), cmocka_unit_test(lists_of_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
