/* Ends of names by the bits of the CRC that they change. */
#include "event_marks.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* Twelve digits of three bits each. These turn bit 0, 1, 2, ... of the CRC of whatever they are combined with by exclusive
 * or, and no other bit; tests/unit/jobs/test_event_marks.c holds them against the CRC itself. */
static const uint64_t turns[] = {
    UINT64_C(03575557143),  UINT64_C(0113575771533), UINT64_C(05754551014),
    UINT64_C(016103654154), UINT64_C(0102542107656), UINT64_C(014254141426),
};

_Static_assert(EVENT_MARKS == 1U << (sizeof turns / sizeof turns[0]), "each combination is a mark");

void event_mark_name(unsigned mark, char name[EVENT_MARK_LENGTH + 1])
{
    uint64_t digits = 0;

    for (unsigned bit = 0; bit < sizeof turns / sizeof turns[0]; bit++) {
        digits ^= (mark >> bit & 1U) != 0 ? turns[bit] : 0;
    }
    (void)snprintf(name, EVENT_MARK_LENGTH + 1, "%0*" PRIo64, EVENT_MARK_LENGTH, digits);
}
