/* Dates of HTTP: what can be read, in whichever form, is written as a date that is read as the same second. */
#include "fuzz.h"

#include "http/date.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1795511702);
    int64_t unix_s = INT64_MIN;
    int64_t again = INT64_MIN;
    char written[HTTP_DATE_LENGTH + 1];

    if (!http_date_parse(fuzz_text(data, size), now, &unix_s)) {
        must_hold(unix_s == INT64_MIN);
        return 0;
    }
    if (unix_s >= 0 && unix_s <= INT64_C(253402300799)) {
        http_date_format(unix_s, written);
        must_hold(strlen(written) == HTTP_DATE_LENGTH);
        must_hold(http_date_parse(text_of(written), now, &again));
        must_hold(again == unix_s);
    }
    return 0;
}
