/* Timestamps as text. */
#include "domain/timestamp.h"

#include "base/clock.h"

#include <string.h>

#define DATE_LENGTH 10 /* 2026-11-23 */
#define TIME_LENGTH 8  /* 09:15:02 */
#define FRACTION_DIGITS 6
#define FRACTION_START (DATE_LENGTH + 1 + TIME_LENGTH + 1)
#define US_PER_S 1000000

/* Years 1 to 9999. */
#define UNIX_US_LEAST (INT64_C(-62135596800) * US_PER_S)
#define UNIX_US_MOST (INT64_C(253402300800) * US_PER_S - 1)

/* Reads count digits; -1 where one is none. */
static int digits_at(const char *at, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

struct date {
    int year;
    int month;
    int day;
};

/* At least DATE_LENGTH bytes. */
static bool read_date(const char *text, struct date *date)
{
    *date = (struct date){digits_at(text, 4), digits_at(text + 5, 2), digits_at(text + 8, 2)};
    return text[4] == '-' && text[7] == '-' && date->year >= 1 && date->month >= 1 && date->month <= 12 &&
           date->day >= 1 && date->day <= days_in_month(date->year, date->month);
}

/* At least TIME_LENGTH bytes. Seconds since midnight; -1 where it is no time. */
static int read_time(const char *text)
{
    int hour = digits_at(text, 2);
    int minute = digits_at(text + 3, 2);
    int second = digits_at(text + 6, 2);
    bool valid = text[2] == ':' && text[5] == ':' && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
                 second >= 0 && second < 60;
    return valid ? (hour * 60 + minute) * 60 + second : -1;
}

bool timestamp_from_postgres(struct text text, char out[TIMESTAMP_LENGTH + 1])
{
    const struct text utc = TEXT("+00");
    const size_t whole = DATE_LENGTH + 1 + TIME_LENGTH;
    struct date date;
    if (text.length < whole + utc.length || text.data[DATE_LENGTH] != ' ' || !read_date(text.data, &date) ||
        read_time(text.data + DATE_LENGTH + 1) < 0) {
        return false;
    }
    /* Postgres writes no fraction for whole seconds, and no zeros at its end. */
    struct text fraction = {.data = text.data + whole, .length = text.length - whole - utc.length};
    struct text zone = {.data = fraction.data + fraction.length, .length = utc.length};
    if (!text_equal(zone, utc) || fraction.length == 1 || fraction.length > 1 + FRACTION_DIGITS) {
        return false;
    }
    if (fraction.length > 0 && (fraction.data[0] != '.' || digits_at(fraction.data + 1, fraction.length - 1) < 0)) {
        return false;
    }
    memcpy(out, text.data, whole);
    out[DATE_LENGTH] = 'T';
    memcpy(out + whole, ".000000Z", sizeof ".000000Z");
    memcpy(out + whole, fraction.data, fraction.length);
    return true;
}

/* Days since 1970-01-01, with years that begin on 1 March (Howard Hinnant, days_from_civil). */
static int64_t days_of(struct date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

bool timestamp_to_micros(struct text text, int64_t *unix_us)
{
    struct date date;
    if (text.length != TIMESTAMP_LENGTH || text.data[DATE_LENGTH] != 'T' || text.data[FRACTION_START - 1] != '.' ||
        text.data[TIMESTAMP_LENGTH - 1] != 'Z' || !read_date(text.data, &date)) {
        return false;
    }
    int seconds = read_time(text.data + DATE_LENGTH + 1);
    int micros = digits_at(text.data + FRACTION_START, FRACTION_DIGITS);
    if (seconds < 0 || micros < 0) {
        return false;
    }
    *unix_us = (days_of(date) * 86400 + seconds) * US_PER_S + micros;
    return true;
}

/* Reads the fraction after the seconds, if there is one, into microseconds and moves *rest behind it. False where a point
 * has no digits. */
static bool take_fraction(struct text *rest, int *micros)
{
    *micros = 0;
    if (rest->length == 0 || rest->data[0] != '.') {
        return true;
    }
    size_t digits = 0;
    while (1 + digits < rest->length && digits_at(rest->data + 1 + digits, 1) >= 0) {
        digits++;
    }
    for (size_t i = 0; i < FRACTION_DIGITS; i++) {
        *micros = *micros * 10 + (i < digits ? rest->data[1 + i] - '0' : 0);
    }
    *rest = (struct text){.data = rest->data + 1 + digits, .length = rest->length - 1 - digits};
    return digits > 0;
}

/* "Z" or "+01:00", which must be all that is left. */
static bool read_offset(struct text rest, int *seconds)
{
    *seconds = 0;
    if (rest.length == 1) {
        return rest.data[0] == 'Z' || rest.data[0] == 'z';
    }
    if (rest.length != sizeof "+01:00" - 1 || (rest.data[0] != '+' && rest.data[0] != '-') || rest.data[3] != ':') {
        return false;
    }
    int hours = digits_at(rest.data + 1, 2);
    int minutes = digits_at(rest.data + 4, 2);
    *seconds = (hours * 60 + minutes) * 60 * (rest.data[0] == '-' ? -1 : 1);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool timestamp_from_rfc3339(struct text text, char out[TIMESTAMP_LENGTH + 1])
{
    const size_t whole = DATE_LENGTH + 1 + TIME_LENGTH;
    struct date date;
    char formatted[CLOCK_TEXT_SIZE];
    int micros = 0;
    int offset = 0;
    int64_t made_us = 0;
    if (text.length < whole || (text.data[DATE_LENGTH] != 'T' && text.data[DATE_LENGTH] != 't') ||
        !read_date(text.data, &date)) {
        return false;
    }
    int seconds = read_time(text.data + DATE_LENGTH + 1);
    struct text rest = {.data = text.data + whole, .length = text.length - whole};
    if (seconds < 0 || !take_fraction(&rest, &micros) || !read_offset(rest, &offset)) {
        return false;
    }
    int64_t unix_us = (days_of(date) * 86400 + seconds - offset) * US_PER_S + micros;
    if (unix_us < UNIX_US_LEAST || unix_us > UNIX_US_MOST) {
        return false;
    }
    clock_format_micros(unix_us, formatted);
    if (!timestamp_to_micros(text_of(formatted), &made_us) || made_us != unix_us) {
        return false;
    }
    memcpy(out, formatted, TIMESTAMP_LENGTH + 1);
    return true;
}
