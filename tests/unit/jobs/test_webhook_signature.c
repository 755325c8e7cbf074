/* Tests of jobs/webhook_signature.h. */
#include "jobs/webhook_signature.h"

#include "../base/check.h"

#include <string.h>

/* The example that the libraries of the specification test themselves with. */
#define SECRET TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
#define ID TEXT("msg_p5jXN8AQM9LWM0D4loKWxJek")
#define TIMESTAMP TEXT("1614265330")
#define BODY TEXT("{\"test\": 2432232314}")
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void the_example_of_the_specification(void **state)
{
    const struct text secrets[] = {SECRET};
    char out[WEBHOOK_SIGNATURES_SIZE];

    (void)state;
    assert_true(webhook_sign(ID, TIMESTAMP, BODY, secrets, 1, out));
    assert_string_equal(out, SIGNATURE);
}

static void two_secrets_sign_while_one_is_rotated(void **state)
{
    const struct text other = TEXT("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    const struct text both[] = {other, SECRET};
    const struct text one[] = {SECRET, TEXT_ABSENT};
    char out[WEBHOOK_SIGNATURES_SIZE];
    char alone[WEBHOOK_SIGNATURES_SIZE];

    (void)state;
    assert_true(webhook_sign(ID, TIMESTAMP, BODY, both, 2, out));
    assert_true(webhook_sign(ID, TIMESTAMP, BODY, both, 1, alone));
    assert_int_equal(strncmp(out, alone, strlen(alone)), 0);
    assert_string_equal(out + strlen(alone), " " SIGNATURE);
    assert_true(webhook_sign(ID, TIMESTAMP, BODY, one, 2, out));
    assert_string_equal(out, SIGNATURE);
}

static void everything_is_signed(void **state)
{
    const struct text secrets[] = {SECRET};
    const struct text changed[][3] = {
        {TEXT("msg_p5jXN8AQM9LWM0D4loKWxJeK"), TIMESTAMP, BODY},
        {ID, TEXT("1614265331"), BODY},
        {ID, TIMESTAMP, TEXT("{\"test\": 2432232315}")},
        {ID, TIMESTAMP, TEXT("")},
    };
    char out[WEBHOOK_SIGNATURES_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changed); i++) {
        assert_true(webhook_sign(changed[i][0], changed[i][1], changed[i][2], secrets, 1, out));
        assert_string_not_equal(out, SIGNATURE);
    }
}

/* 66 bytes. */
#define TOO_LONG                                                                                                       \
    "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                               \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void secrets_that_are_none_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",  /* no base64 */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==", /* 22 bytes */
        TOO_LONG,
    };
    char out[WEBHOOK_SIGNATURES_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct text secrets[] = {text_of(rows[i])};

        assert_row(!webhook_sign(ID, TIMESTAMP, BODY, secrets, 1, out), rows[i]);
    }
    const struct text none[] = {TEXT_ABSENT};
    assert_false(webhook_sign(ID, TIMESTAMP, BODY, none, 1, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification),
        cmocka_unit_test(two_secrets_sign_while_one_is_rotated),
        cmocka_unit_test(everything_is_signed),
        cmocka_unit_test(secrets_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
