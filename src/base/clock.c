/* Clocks, timestamps as text, and jitter. */
#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define US_PER_S INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)

static int64_t read_ns(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* fails for an unknown clock only */
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_deadline_in_ms(int64_t milliseconds)
{
    int64_t span;
    int64_t deadline;
    if (__builtin_mul_overflow(milliseconds, CLOCK_NS_PER_MS, &span) ||
        __builtin_add_overflow(clock_monotonic_ns(), span, &deadline)) {
        return CLOCK_FOREVER;
    }
    return deadline;
}

int clock_poll_timeout(int64_t deadline_ns)
{
    int64_t now = clock_monotonic_ns();
    if (deadline_ns <= now) {
        return 0;
    }
    int64_t left_ns = deadline_ns - now;
    int64_t left_ms = left_ns / CLOCK_NS_PER_MS + (left_ns % CLOCK_NS_PER_MS > 0);
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

int64_t clock_unix_us(void)
{
    return read_ns(CLOCK_REALTIME) / CLOCK_NS_PER_US;
}

struct calendar {
    int64_t year;
    unsigned month;
    unsigned day;
    unsigned hour;
    unsigned minute;
    unsigned second;
    unsigned micros;
};

/* The proleptic Gregorian date: days counted in eras of 400 years that begin on 1 March, so that the leap day is the
 * last of its year (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days). gmtime_r(3) takes
 * the time zone's lock for the same, and each line of the log needs it. */
static struct calendar calendar_of(int64_t unix_us)
{
    int64_t micros = unix_us % US_PER_S;
    int64_t seconds = unix_us / US_PER_S;
    if (micros < 0) {
        micros += US_PER_S;
        seconds--;
    }
    int64_t in_day = seconds % SECONDS_PER_DAY;
    int64_t days = seconds / SECONDS_PER_DAY;
    if (in_day < 0) {
        in_day += SECONDS_PER_DAY;
        days--;
    }
    days += 719468; /* from 0000-03-01 to 1970-01-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct calendar){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = (unsigned)month,
        .day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .hour = (unsigned)(in_day / 3600),
        .minute = (unsigned)(in_day / 60 % 60),
        .second = (unsigned)(in_day % 60),
        .micros = (unsigned)micros,
    };
}

/* Writes the last width digits of the value and returns where they end. */
static char *put_digits(char *at, unsigned value, size_t width)
{
    for (size_t i = width; i-- > 0;) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

/* "2026-11-23T09:15:02"; returns where it ends. */
static char *put_calendar(char *at, const struct calendar *calendar)
{
    if (calendar->year >= 0 && calendar->year <= 9999) {
        at = put_digits(at, (unsigned)calendar->year, 4);
    } else {
        at += snprintf(at, CLOCK_TEXT_SIZE, "%lld", (long long)calendar->year);
    }
    *at++ = '-';
    at = put_digits(at, calendar->month, 2);
    *at++ = '-';
    at = put_digits(at, calendar->day, 2);
    *at++ = 'T';
    at = put_digits(at, calendar->hour, 2);
    *at++ = ':';
    at = put_digits(at, calendar->minute, 2);
    *at++ = ':';
    return put_digits(at, calendar->second, 2);
}

void clock_format_seconds(int64_t unix_us, char out[CLOCK_TEXT_SIZE])
{
    struct calendar calendar = calendar_of(unix_us);
    char *at = put_calendar(out, &calendar);
    *at++ = 'Z';
    *at = '\0';
}

void clock_format_micros(int64_t unix_us, char out[CLOCK_TEXT_SIZE])
{
    struct calendar calendar = calendar_of(unix_us);
    char *at = put_calendar(out, &calendar);
    *at++ = '.';
    at = put_digits(at, calendar.micros, 6);
    *at++ = 'Z';
    *at = '\0';
}

/* A process that was forked has another pid than the one that seeded, and seeds anew: workers that came from one parent
 * must not all wait the same time. */
static uint64_t jitter_state(void)
{
    static pid_t seeded_by;
    static uint64_t state;
    pid_t pid = getpid();
    if (seeded_by != pid) {
        if (getrandom(&state, sizeof state, GRND_NONBLOCK) != (ssize_t)sizeof state) {
            state = (uint64_t)clock_monotonic_ns() ^ (uint64_t)pid << 32U;
        }
        seeded_by = pid;
    }
    /* SplitMix64 (Steele, Lea, Flood 2014). */
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = state;
    mixed = (mixed ^ mixed >> 30U) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27U) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31U;
}

uint32_t clock_jitter(uint32_t bound)
{
    /* The high half of the product is uniform enough below any bound (Lemire's reduction). */
    return (uint32_t)((jitter_state() >> 32U) * bound >> 32U);
}
