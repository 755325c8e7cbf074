/* Time: a monotonic clock for deadlines and durations, wall time for what people read. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NS_PER_US INT64_C(1000)
#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S INT64_C(1000000000)
#define CLOCK_FOREVER INT64_MAX

/* Nanoseconds of CLOCK_MONOTONIC. A deadline is such a point in time. */
int64_t clock_monotonic_ns(void);

/* The deadline that is milliseconds from now. */
int64_t clock_deadline_in_ms(int64_t milliseconds);

/* Milliseconds until the deadline, rounded up, 0 where it has passed, at most INT_MAX: poll(2)'s timeout. */
int clock_poll_timeout(int64_t deadline_ns);

/* Microseconds since 1970 of the wall clock. */
int64_t clock_unix_us(void);

/* RFC 3339 in UTC: "2026-11-23T09:15:02Z" and "2026-11-23T09:15:02.123456Z". Each fits in CLOCK_TEXT_SIZE. */
#define CLOCK_TEXT_SIZE 32
void clock_format_seconds(int64_t unix_us, char out[CLOCK_TEXT_SIZE]);
void clock_format_micros(int64_t unix_us, char out[CLOCK_TEXT_SIZE]);

/* A number below bound from a small non-cryptographic generator, seeded per process: for jitter. bound > 0. */
uint32_t clock_jitter(uint32_t bound);

#endif
