/* Dates of HTTP, written and read. Pure. The calendar is Howard Hinnant's "days from civil", which needs no table. */
#include "http/date.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097) /* of 400 years */

static const char day_names[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970 began on a Thursday */
static const char *const long_day_names[7] = {"Thursday", "Friday",  "Saturday", "Sunday",
                                              "Monday",   "Tuesday", "Wednesday"};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

static int64_t days_of(struct civil civil)
{
    const int64_t year = civil.month <= 2 ? civil.year - 1 : civil.year;
    const int64_t era = year / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1;

    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static struct civil civil_of(int64_t days)
{
    const int64_t shifted = days + 719468;
    const int64_t era = shifted / DAYS_PER_ERA;
    const int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t part = (5 * day_of_year + 2) / 153;
    const int64_t month = part + (part < 10 ? 3 : -9);

    return (struct civil){.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
                          .month = month,
                          .day = day_of_year - (153 * part + 2) / 5 + 1};
}

/* --- writing --- */

static char *put_text(char *out, const char *text)
{
    while (*text != '\0') {
        *out++ = *text++;
    }
    return out;
}

static char *put_digits(char *out, int64_t value, int count)
{
    for (int i = count; i-- > 0; value /= 10) {
        out[i] = (char)('0' + value % 10);
    }
    return out + count;
}

void http_date_format(int64_t unix_s, char out[HTTP_DATE_LENGTH + 1])
{
    const int64_t days = unix_s / SECONDS_PER_DAY;
    const int64_t second = unix_s % SECONDS_PER_DAY;
    const struct civil civil = civil_of(days);

    out = put_text(out, day_names[days % 7]);
    out = put_text(out, ", ");
    out = put_digits(out, civil.day, 2);
    *out++ = ' ';
    out = put_text(out, month_names[civil.month - 1]);
    *out++ = ' ';
    out = put_digits(out, civil.year, 4);
    *out++ = ' ';
    out = put_digits(out, second / 3600, 2);
    *out++ = ':';
    out = put_digits(out, second / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, second % 60, 2);
    out = put_text(out, " GMT");
    *out = '\0';
}

/* --- reading --- */

/* What is left to read; false once anything was not as it must be. */
struct reader {
    struct text rest;
    bool good;
};

static void take(struct reader *reader, const char *expected)
{
    const struct text text = text_of(expected);

    reader->good = reader->good && text_starts_with(reader->rest, text);
    if (reader->good) {
        reader->rest.data += text.length;
        reader->rest.length -= text.length;
    }
}

/* A number of so many digits; a space counts as a leading zero where that is said. */
static int64_t take_number(struct reader *reader, size_t digits, bool padded)
{
    int64_t value = 0;

    reader->good = reader->good && reader->rest.length >= digits;
    for (size_t i = 0; reader->good && i < digits; i++) {
        char c = reader->rest.data[i];
        if (padded && i == 0 && c == ' ') {
            c = '0';
        }
        reader->good = c >= '0' && c <= '9';
        value = value * 10 + (c - '0');
    }
    if (reader->good) {
        reader->rest.data += digits;
        reader->rest.length -= digits;
    }
    return value;
}

static int64_t take_month(struct reader *reader)
{
    for (int64_t i = 0; i < 12; i++) {
        if (text_starts_with(reader->rest, text_of(month_names[i]))) {
            take(reader, month_names[i]);
            return i + 1;
        }
    }
    reader->good = false;
    return 1;
}

static int64_t take_time(struct reader *reader)
{
    const int64_t hour = take_number(reader, 2, false);
    take(reader, ":");
    const int64_t minute = take_number(reader, 2, false);
    take(reader, ":");
    const int64_t second = take_number(reader, 2, false);

    reader->good = reader->good && hour < 24 && minute < 60 && second <= 60; /* 60: a leap second */
    return hour * 3600 + minute * 60 + second;
}

/* What stands behind "Mon, ": "23 Nov 2026 09:15:02 GMT". */
static int64_t take_fixdate(struct reader *reader, struct civil *civil)
{
    civil->day = take_number(reader, 2, false);
    take(reader, " ");
    civil->month = take_month(reader);
    take(reader, " ");
    civil->year = take_number(reader, 4, false);
    take(reader, " ");
    const int64_t time = take_time(reader);
    take(reader, " GMT");
    return time;
}

/* What stands behind "Monday, ": "23-Nov-26 09:15:02 GMT". A year that would be more than 50 years ahead is of the
 * century before. */
static int64_t take_rfc850(struct reader *reader, int64_t now_unix_s, struct civil *civil)
{
    const int64_t now = civil_of(now_unix_s / SECONDS_PER_DAY).year;

    civil->day = take_number(reader, 2, false);
    take(reader, "-");
    civil->month = take_month(reader);
    take(reader, "-");
    civil->year = now - now % 100 + take_number(reader, 2, false);
    civil->year -= civil->year > now + 50 ? 100 : 0;
    take(reader, " ");
    const int64_t time = take_time(reader);
    take(reader, " GMT");
    return time;
}

/* What stands behind "Mon ": "Nov  3 09:15:02 2026". */
static int64_t take_asctime(struct reader *reader, struct civil *civil)
{
    civil->month = take_month(reader);
    take(reader, " ");
    civil->day = take_number(reader, 2, true);
    take(reader, " ");
    const int64_t time = take_time(reader);
    take(reader, " ");
    civil->year = take_number(reader, 4, false);
    return time;
}

/* Whether the text goes on with a day's name and what stands behind it; the reader is behind both then. */
static bool goes_on(struct reader *reader, const char *day, const char *behind)
{
    struct reader ahead = *reader;

    take(&ahead, day);
    take(&ahead, behind);
    if (ahead.good) {
        *reader = ahead;
    }
    return ahead.good;
}

static bool is_day(struct civil civil)
{
    const struct civil again = civil_of(days_of(civil));
    return civil.year >= 1 && civil.day >= 1 && again.month == civil.month && again.day == civil.day;
}

bool http_date_parse(struct text text, int64_t now_unix_s, int64_t *unix_s)
{
    struct reader reader = {.rest = text, .good = true};
    struct civil civil = {0};
    int64_t time = 0;
    bool known = false;

    for (size_t i = 0; i < 7 && !known; i++) {
        known = true;
        if (goes_on(&reader, day_names[i], ", ")) {
            time = take_fixdate(&reader, &civil);
        } else if (goes_on(&reader, long_day_names[i], ", ")) {
            time = take_rfc850(&reader, now_unix_s, &civil);
        } else if (goes_on(&reader, day_names[i], " ")) {
            time = take_asctime(&reader, &civil);
        } else {
            known = false;
        }
    }
    if (!known || !reader.good || reader.rest.length != 0 || !is_day(civil)) {
        return false;
    }
    *unix_s = days_of(civil) * SECONDS_PER_DAY + time;
    return true;
}
