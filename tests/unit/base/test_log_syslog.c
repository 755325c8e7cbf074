/* Tests of base/log.h: to syslog, whose functions are ours here. */
#include "base/log.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

/* <syslog.h> would define syslog inline where _FORTIFY_SOURCE is on; these are the numbers of RFC 5424. */
enum {
    SEVERITY_ERROR = 3,
    SEVERITY_WARNING = 4,
    SEVERITY_INFORMATIONAL = 6,
    SEVERITY_DEBUG = 7,
    FACILITY_DAEMON = 3 << 3
};

static struct {
    const char *name;
    int facility;
    unsigned opened;
    unsigned closed;
    int priority;
    char line[LOG_LINE_MAX + 1];
} the_syslog;

void openlog(const char *name, int option, int facility);
void closelog(void);
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

void openlog(const char *name, int option, int facility)
{
    assert_int_equal(option, 1); /* LOG_PID */
    the_syslog.name = name;
    the_syslog.facility = facility;
    the_syslog.opened++;
}

void closelog(void)
{
    the_syslog.closed++;
}

static void keep_line(int priority, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static void keep_line(int priority, const char *format, va_list arguments)
{
    the_syslog.priority = priority;
    (void)vsnprintf(the_syslog.line, sizeof the_syslog.line, format, arguments);
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep_line(priority, format, arguments);
    va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    keep_line(priority, format, arguments);
    va_end(arguments);
}

/* syslogd puts time, program and pid before each line. */
static void text_has_no_stamp_of_ours(void **state)
{
    (void)state;
    assert_int_equal(log_open("wares.fcgi", "syslog", LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG), STATUS_OK);
    assert_string_equal(the_syslog.name, "wares.fcgi");
    assert_int_equal(the_syslog.facility, FACILITY_DAEMON);
    log_info("100 %% of %s\n", "it");
    assert_string_equal(the_syslog.line, "100 % of it\\x0a");
    struct log_request request = {.method = TEXT("GET"), .uri = TEXT("/livez%s"), .status = 200};
    log_request(&request);
    assert_string_equal(the_syslog.line, "GET /livez%s 200 0.000ms id=- bytes=0");
}

static void levels_become_severities(void **state)
{
    (void)state;
    static const struct {
        enum log_level level;
        int severity;
    } rows[] = {
        {LOG_LEVEL_ERROR, SEVERITY_ERROR},
        {LOG_LEVEL_WARNING, SEVERITY_WARNING},
        {LOG_LEVEL_INFO, SEVERITY_INFORMATIONAL},
        {LOG_LEVEL_DEBUG, SEVERITY_DEBUG},
    };
    assert_int_equal(log_open("test", "syslog", LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        log_line(rows[i].level, "x");
        assert_int_equal(the_syslog.priority, rows[i].severity);
    }
}

static void json_is_the_whole_object(void **state)
{
    (void)state;
    assert_int_equal(log_open("test", "syslog", LOG_FORMAT_JSON, LOG_LEVEL_INFO), STATUS_OK);
    log_info("x");
    assert_int_equal(strncmp(the_syslog.line, "{\"ts\":\"", 7), 0);
    assert_non_null(strstr(the_syslog.line, "\"message\":\"x\"}"));
    assert_int_equal(the_syslog.line[strlen(the_syslog.line) - 1], '}');
}

static void it_is_closed_when_the_log_moves_on(void **state)
{
    (void)state;
    assert_int_equal(log_open("test", "syslog", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    log_reopen();
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR), STATUS_OK);
    assert_int_equal(the_syslog.opened, the_syslog.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_no_stamp_of_ours),
        cmocka_unit_test(levels_become_severities),
        cmocka_unit_test(json_is_the_whole_object),
        cmocka_unit_test(it_is_closed_when_the_log_moves_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
