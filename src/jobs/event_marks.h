/* The names of the marks of an epoch (event_relay.c): one at least in each process of the front server.
 *
 * The module nchan gives a channel to a process by its name: CRC-32 of it, modulo the number of processes. A CRC is linear:
 * where names differ at the end alone, the difference of their CRCs is that of the ends, whatever stands before. So the
 * ends are chosen such that the CRCs of the 64 marks of an epoch are 64 numbers in a row, which have every remainder there
 * is with up to 64 processes. With more of them, or another way to give channels away, they are as good as random ones. */
#ifndef JOBS_EVENT_MARKS_H
#define JOBS_EVENT_MARKS_H

#define EVENT_MARKS 64
#define EVENT_MARK_LENGTH 12

/* The name of a mark, from 0 on, in its epoch; that of the first one stands in deploy/nginx/events.conf too. */
void event_mark_name(unsigned mark, char name[EVENT_MARK_LENGTH + 1]);

#endif
