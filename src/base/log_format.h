/* The form of a line: pure, from values to bytes. src/base/log.c writes what stands here. */
#ifndef BASE_LOG_FORMAT_H
#define BASE_LOG_FORMAT_H

#include "base/log.h"

#include <sys/types.h>

/* What the start of every line tells. */
struct log_stamp {
    int64_t unix_us;
    enum log_level level;
    struct text program;
    pid_t pid;
};

struct log_text {
    size_t length;
    char data[LOG_LINE_MAX]; /* not terminated */
};

/* Each makes one line, with its newline. What has no room is cut, with "..." in its place. stamp is NULL where syslog
 * puts its own before the line (text only). */
void log_format_message(struct log_text *line, enum log_format format, const struct log_stamp *stamp,
                        struct text message);
void log_format_request(struct log_text *line, enum log_format format, const struct log_stamp *stamp,
                        const struct log_request *request);

/* The name of a level, such as "info". */
const char *log_level_name(enum log_level level);

#endif
