/* Currencies: the codes of ISO 4217. */
#ifndef DOMAIN_CURRENCY_H
#define DOMAIN_CURRENCY_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* True for a code in use (list one of the maintenance agency: currencies, funds, metals, XXX and XTS), in capitals. */
bool currency_known(struct text code);

/* All of them, in their order. */
size_t currency_count(void);
struct text currency_at(size_t index);

#endif
