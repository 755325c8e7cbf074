/* The log: lines of text or JSON to standard error, a file or syslog. The one global of the program.
 * Lines leave whole, so that processes that share a file or a pipe do not mix theirs. A line is at most LOG_LINE_MAX bytes;
 * a longer one is cut and stays valid. Bytes that are not printable are escaped: a request cannot forge a line.
 * Nobody waits for long for who reads the lines: where a pipe is full they are lost, and how many were is told once it
 * is read again. (Only syslog may keep its callers waiting: that is the C library's.) */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX 4096

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Opens the log. target is "stderr", "syslog" or the path of a file that is appended to (made with mode 0640).
 * program is the name in each line and must stay valid. STATUS_UNAVAILABLE, with errno set, where the file cannot be
 * opened: the log stays what it was. Before the first call lines go to standard error as text at level info. */
MUST_CHECK enum status log_open(const char *program, const char *target, enum log_format format, enum log_level level);

/* Opens the file anew after a rotation; the old one stays in use where that fails. Not for signal handlers. */
void log_reopen(void);

/* True where a line of this level would be written: guards work that only serves the line. */
bool log_enabled(enum log_level level);

/* One line. format makes the message, without a newline at its end. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* What the line of a request tells. Never a body, a key or a header that could carry one. */
struct log_request {
    struct text method;
    struct text uri;
    int status;
    int64_t duration_ns;
    struct text request_id;
    struct text trace_id; /* of a valid traceparent, or absent */
    uint64_t bytes;       /* of the body sent */
    struct text cut;      /* why the answer broke off, in a word; absent where it did not */
};

/* The line of one request, at level info: method, uri, status, duration in ms with three decimals, request id, bytes,
 * trace id
 * and cut where there is one; the worker's pid stands in every line. */
void log_request(const struct log_request *request);

/* From log_hold on, the lines of requests that this thread logs wait for each other, and leave many with one write: where
 * the next does not fit into LOG_LINE_MAX bytes, before a line of another kind, with log_flush, and with log_release, after
 * which they wait no more. One thread of a process may do so. (syslog gets each at once.) */
void log_hold(void);
void log_flush(void);
void log_release(void);

/* True where lines wait: who holds them sees to it that they do not do so for long. */
bool log_holds_lines(void);

#endif
