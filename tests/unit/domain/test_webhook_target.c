/* Tests of domain/webhook_target.h. */
#include "domain/webhook_target.h"

#include "../base/check.h"

#include <string.h>

static void urls_that_are_taken(void **state)
{
    static const struct {
        const char *url;
        bool secure;
        const char *host; /* NULL: an address */
    } rows[] = {
        {"https://example.org", true, "example.org"},
        {"https://example.org/", true, "example.org"},
        {"HTTPS://Example.ORG:8443/a/b?c=d&e=%20", true, "Example.ORG"},
        {"https://example.org?x", true, "example.org"},
        {"https://xn--mnchen-3ya.example/h", true, "xn--mnchen-3ya.example"},
        {"https://a_b.example/", true, "a_b.example"},
        {"https://erp/hook", true, "erp"},
        {"https://1password.example/", true, "1password.example"},
        {"http://intranet.example:80/", false, "intranet.example"},
        {"https://93.184.216.34/", true, NULL},
        {"https://[2606:2800:220:1::1]:443/x", true, NULL},
        {"https://example.org/a@b:c", true, "example.org"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct webhook_target target;

        assert_row(webhook_url_fault(text_of(rows[i].url), &target) == NULL, rows[i].url);
        assert_row(target.secure == rows[i].secure, rows[i].url);
        assert_text(target.host, rows[i].host);
    }
}

/* Each of them has led some program somewhere else than it seems. */
static void urls_that_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:alert(1)",
        "https:/example.org",
        "https:example.org",
        "https://",
        "https:///path",
        "https://?x",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org:443@127.0.0.1/",
        "https://example.org/#fragment",
        "https://example.org#@127.0.0.1/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org\\.evil.example/",
        "https://example.org /",
        "https://exa\tmple.org/",
        "https://example.org/\r\nHost: x",
        "https://m\xc3\xbcnchen.example/",
        "https://127.0.0.1%00.example.org/",
        "https://%31%32%37.0.0.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://example.org./",
        "https://.example.org/",
        "https://exa..mple.org/",
        "https://-a.example/",
        "https://a-.example/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:0x7f.1]/",
        "https://::1/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:/",
        "https://example.org:80a/",
        "https://example.org:-1/",
        "https://example.org:8 0/",
        "https://exam\"ple.org/",
        "https://example.org/{a}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *fault = webhook_url_fault(text_of(rows[i]), NULL);

        assert_row(fault != NULL, rows[i]);
        assert_row(strncmp(fault, "must ", 5) == 0, rows[i]);
    }
}

static void urls_have_a_length(void **state)
{
    char url[WEBHOOK_URL_MAX + 2] = "https://example.org/";

    (void)state;
    memset(url + strlen(url), 'a', sizeof url - 1 - strlen(url));
    assert_non_null(webhook_url_fault(text_of(url), NULL));
    url[WEBHOOK_URL_MAX] = '\0';
    assert_null(webhook_url_fault(text_of(url), NULL));
}

/* RFC 6890 and the registries of IANA that it began: the first and the last of each range, and their neighbours. */
static void special_addresses_are_not_public(void **state)
{
    static const struct {
        const char *address;
        bool is_public;
    } rows[] = {
        {"0.0.0.0", false},
        {"0.255.255.255", false},
        {"1.0.0.0", true},
        {"9.255.255.255", true},
        {"10.0.0.0", false},
        {"10.255.255.255", false},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.64.0.0", false},
        {"100.127.255.255", false},
        {"100.128.0.0", true},
        {"126.255.255.255", true},
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"128.0.0.0", true},
        {"169.253.255.255", true},
        {"169.254.0.0", false},
        {"169.254.169.254", false},
        {"169.255.0.0", true},
        {"172.15.255.255", true},
        {"172.16.0.0", false},
        {"172.31.255.255", false},
        {"172.32.0.0", true},
        {"192.0.0.0", false},
        {"192.0.0.192", false},
        {"192.0.1.0", true},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.167.255.255", true},
        {"192.168.0.1", false},
        {"192.168.255.255", false},
        {"192.169.0.0", true},
        {"198.17.255.255", true},
        {"198.18.0.0", false},
        {"198.19.255.255", false},
        {"198.20.0.0", true},
        {"198.51.100.1", false},
        {"203.0.113.1", false},
        {"223.255.255.255", true},
        {"224.0.0.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::127.0.0.1", false},
        {"::8.8.8.8", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:169.254.169.254", false},
        {"::ffff:8.8.8.8", true},
        {"::ffff:0:8.8.8.8", false},
        {"64:ff9b::127.0.0.1", false},
        {"64:ff9b::10.1.2.3", false},
        {"64:ff9b::8.8.8.8", true},
        {"64:ff9b:1::8.8.8.8", false},
        {"100::1", false},
        {"2000::1", true},
        {"2001::1", false},
        {"2001:0:5ef5:79fb::1", false},
        {"2001:20::1", false},
        {"2001:1ff:ffff::1", false},
        {"2001:200::1", true},
        {"2001:db8::1", false},
        {"2001:db9::1", true},
        {"2002:7f00:1::1", false},
        {"2002:808:808::1", false},
        {"2606:2800:220:1::1", true},
        {"3ffe::1", true},
        {"3fff::1", false},
        {"3fff:fff:ffff::1", false},
        {"3fff:1000::1", true},
        {"4000::1", false},
        {"5f00::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"febf::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
        {"ff0e::1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;

        assert_row(address_parse(text_of(rows[i].address), &address), rows[i].address);
        assert_row(address_is_public(&address) == rows[i].is_public, rows[i].address);
    }
}

static void what_is_allowed_may_be_reached_by_http_too(void **state)
{
    static const struct {
        const char *address;
        bool secure;
        bool may;
    } rows[] = {
        {"10.1.2.3", true, true}, {"10.1.2.3", false, true}, {"10.2.0.1", true, false},
        {"8.8.8.8", true, true},  {"8.8.8.8", false, false}, {"::ffff:10.1.2.3", false, true},
        {"fd00::1", false, true}, {"fe80::1", true, false},  {"127.0.0.1", true, false},
    };
    struct address_ranges allowed;

    (void)state;
    assert_true(address_ranges_parse(TEXT("10.1.0.0/16, fd00::/8"), &allowed));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;

        assert_true(address_parse(text_of(rows[i].address), &address));
        assert_row(webhook_may_reach(&address, rows[i].secure, &allowed) == rows[i].may, rows[i].address);
    }
}

static void a_url_is_checked_before_its_name_is_known(void **state)
{
    static const struct {
        const char *url;
        const char *allowed;
        bool good;
    } rows[] = {
        {"https://example.org/", "", true},
        {"http://example.org/", "", false},
        {"http://example.org/", "10.0.0.0/8", true}, /* told by its address, later */
        {"https://10.0.0.1/", "", false},
        {"https://10.0.0.1/", "10.0.0.0/8", true},
        {"http://10.0.0.1/", "10.0.0.0/8", true},
        {"https://[::ffff:127.0.0.1]/", "10.0.0.0/8", false},
        {"https://[64:ff9b::7f00:1]/", "", false},
        {"https://93.184.216.34/", "", true},
        {"http://93.184.216.34/", "10.0.0.0/8", false},
        {"https://169.254.169.254/latest/meta-data", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_new(1024);
        struct address_ranges allowed;
        struct faults faults;

        faults_init(&faults, arena);
        assert_true(address_ranges_parse(text_of(rows[i].allowed), &allowed));
        assert_row(webhook_check_url(text_of(rows[i].url), &allowed, "/url", &faults) == rows[i].good, rows[i].url);
        assert_int_equal(faults.count, rows[i].good ? 0 : 1);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_are_taken),
        cmocka_unit_test(urls_that_are_refused),
        cmocka_unit_test(urls_have_a_length),
        cmocka_unit_test(special_addresses_are_not_public),
        cmocka_unit_test(what_is_allowed_may_be_reached_by_http_too),
        cmocka_unit_test(a_url_is_checked_before_its_name_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
