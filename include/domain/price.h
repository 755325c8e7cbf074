/* Prices: exact decimals, kept as the digits that were given and never as a binary fraction. */
#ifndef DOMAIN_PRICE_H
#define DOMAIN_PRICE_H

#include "base/text.h"

#define PRICE_DIGITS_BEFORE 14
#define PRICE_DIGITS_AFTER 4

enum price_fault {
    PRICE_OK = 0,
    PRICE_MALFORMED,    /* not a plain decimal: empty, a sign, an exponent, a bare point, other characters */
    PRICE_LEADING_ZERO, /* "007" */
    PRICE_TOO_LARGE,    /* more than PRICE_DIGITS_BEFORE digits before the point */
    PRICE_TOO_PRECISE,  /* more than PRICE_DIGITS_AFTER digits after it */
    PRICE_NOT_POSITIVE, /* zero */
    PRICE_FAULT_COUNT
};

/* Checks a price. Zero is PRICE_NOT_POSITIVE; a bound of a filter may ignore that one. */
enum price_fault price_check(struct text text);

/* The stable code of a fault ("not_positive") and the clause that says how to mend it. */
const char *price_fault_code(enum price_fault fault);
const char *price_fault_detail(enum price_fault fault);

/* Compares two decimals that price_check took (zero allowed): below 0, 0 or above 0. "1.50" equals "1.5". */
int price_compare(struct text a, struct text b);

#endif
