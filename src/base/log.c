/* Where lines go: standard error, a file or syslog. Writing a line may fail (a full disk, a pipe that nobody reads from):
 * the line is lost then, and the request is not. errno stays as it was. */
#include "base/log.h"

#include "log_format.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_FILE_MODE 0640

/* A pipe whose reader has stalled fills up. How long a line waits for room; once one has waited in vain, those after it
 * do not wait, until one gets through. */
#define ROOM_WAIT_MS 100

static struct {
    struct text program;
    char *path; /* NULL: not a file */
    int descriptor;
    bool may_fill; /* a pipe, socket or terminal */
    bool to_syslog;
    enum log_format format;
    enum log_level level;
    pid_t pid;             /* 0: not known */
    _Atomic unsigned lost; /* lines since the last one that found room */
} the_log = {
    .program = {.data = "wares", .length = sizeof "wares" - 1},
    .descriptor = STDERR_FILENO,
    .may_fill = true,
    .format = LOG_FORMAT_TEXT,
    .level = LOG_LEVEL_INFO,
};

/* The lines of requests that wait for each other. */
static struct {
    struct log_text lines;
    unsigned count;
} held;

static _Thread_local bool holds;

static void forget_pid(void)
{
    the_log.pid = 0;
}

/* Kept from one call to the next because getpid is a system call, and forgotten by the child of a fork. */
static pid_t current_pid(void)
{
    static bool watches_forks;
    if (!watches_forks) {
        watches_forks = pthread_atfork(NULL, NULL, forget_pid) == 0;
    }
    if (the_log.pid == 0 || !watches_forks) {
        the_log.pid = getpid();
    }
    return the_log.pid;
}

/* O_NONBLOCK is for a named pipe: one that is full takes no line. A start waits until somebody reads from it. */
static int open_file(const char *path, int flags)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, LOG_FILE_MODE);
    if (descriptor >= 0) {
        (void)fcntl(descriptor, F_SETFL, O_APPEND | O_NONBLOCK);
    }
    return descriptor;
}

/* Standard error or, where that is a pipe, the same pipe opened anew, so that it can be made non-blocking without being
 * so for all who share it. Where that is not allowed the pipe is looked at before each write, which is as good but for
 * others who write at the same moment. */
static int open_stderr(void)
{
    struct stat status;
    int descriptor = -1;
    if (fstat(STDERR_FILENO, &status) == 0 && S_ISFIFO(status.st_mode)) {
        descriptor = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    }
    return descriptor >= 0 ? descriptor : STDERR_FILENO;
}

/* Puts a file, or standard error, in the place of what lines went to. */
static void replace_descriptor(int descriptor)
{
    struct stat status;
    if (the_log.descriptor != STDERR_FILENO) {
        (void)close(the_log.descriptor);
    }
    the_log.descriptor = descriptor;
    the_log.may_fill = fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode);
    the_log.lost = 0;
}

enum status log_open(const char *program, const char *target, enum log_format format, enum log_level level)
{
    int descriptor = STDERR_FILENO;
    bool to_syslog = strcmp(target, "syslog") == 0;
    char *path = NULL;
    if (strcmp(target, "stderr") == 0) {
        descriptor = open_stderr();
    } else if (!to_syslog) {
        descriptor = open_file(target, 0);
        if (descriptor < 0) {
            return STATUS_UNAVAILABLE;
        }
        size_t size = strlen(target) + 1;
        path = memory_new(size, 1);
        memcpy(path, target, size);
    }
    if (the_log.to_syslog) {
        closelog();
    }
    if (to_syslog) {
        openlog(program, LOG_PID, LOG_DAEMON);
    }
    replace_descriptor(descriptor);
    free(the_log.path);
    the_log.path = path;
    the_log.program = text_of(program);
    the_log.to_syslog = to_syslog;
    the_log.format = format;
    the_log.level = level;
    return STATUS_OK;
}

bool log_enabled(enum log_level level)
{
    return level <= the_log.level;
}

static int syslog_priority(enum log_level level)
{
    static const int priorities[] = {
        [LOG_LEVEL_ERROR] = LOG_ERR,
        [LOG_LEVEL_WARNING] = LOG_WARNING,
        [LOG_LEVEL_INFO] = LOG_INFO,
        [LOG_LEVEL_DEBUG] = LOG_DEBUG,
    };
    return priorities[level];
}

static bool has_room(void)
{
    struct pollfd polled = {.fd = the_log.descriptor, .events = POLLOUT};
    return !the_log.may_fill || poll(&polled, 1, the_log.lost > 0 ? 0 : ROOM_WAIT_MS) != 0;
}

/* One write for whole lines; what is left after a short one (a full disk) is not tried again. */
static void write_once(const struct log_text *lines, unsigned count)
{
    ssize_t written;
    do {
        written = write(the_log.descriptor, lines->data, lines->length);
    } while (written < 0 && errno == EINTR);
    if (written < 0 && errno == EAGAIN) {
        the_log.lost += count;
    }
}

/* The stamp of a line now, or NULL where syslog puts its own. */
static const struct log_stamp *stamp_now(enum log_level level, struct log_stamp *stamp)
{
    if (the_log.to_syslog && the_log.format == LOG_FORMAT_TEXT) {
        return NULL;
    }
    *stamp = (struct log_stamp){
        .unix_us = clock_unix_us(),
        .level = level,
        .program = the_log.program,
        .pid = current_pid(),
    };
    return stamp;
}

static void tell_lost(unsigned lost)
{
    char message[80];
    int length = snprintf(message, sizeof message, "%u lines of the log were lost: nobody read them", lost);
    struct log_stamp stamp;
    struct log_text line;
    if (length > 0) {
        log_format_message(&line, the_log.format, stamp_now(LOG_LEVEL_WARNING, &stamp), text_of(message));
        write_once(&line, 1);
    }
}

static void write_lines(const struct log_text *lines, unsigned count)
{
    if (!has_room()) {
        the_log.lost += count;
        return;
    }
    unsigned lost = atomic_exchange(&the_log.lost, 0);
    if (lost > 0 && log_enabled(LOG_LEVEL_WARNING)) {
        tell_lost(lost);
    }
    write_once(lines, count);
}

static void write_held(void)
{
    if (holds && held.count > 0) {
        write_lines(&held.lines, held.count);
        held.lines.length = 0;
        held.count = 0;
    }
}

static void write_line(enum log_level level, const struct log_text *line)
{
    if (the_log.to_syslog) {
        syslog(syslog_priority(level), "%.*s", (int)line->length - 1, line->data);
        return;
    }
    write_held();
    write_lines(line, 1);
}

static void hold_line(const struct log_text *line)
{
    if (held.lines.length + line->length > sizeof held.lines.data) {
        write_held();
    }
    memcpy(held.lines.data + held.lines.length, line->data, line->length);
    held.lines.length += line->length;
    held.count++;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    int saved = errno;
    char message[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        struct log_stamp stamp;
        struct log_text line;
        log_format_message(&line, the_log.format, stamp_now(level, &stamp), text_of(message));
        write_line(level, &line);
    }
    errno = saved;
}

void log_request(const struct log_request *request)
{
    if (!log_enabled(LOG_LEVEL_INFO)) {
        return;
    }
    int saved = errno;
    struct log_stamp stamp;
    struct log_text line;
    log_format_request(&line, the_log.format, stamp_now(LOG_LEVEL_INFO, &stamp), request);
    if (holds && !the_log.to_syslog) {
        hold_line(&line);
    } else {
        write_line(LOG_LEVEL_INFO, &line);
    }
    errno = saved;
}

void log_hold(void)
{
    holds = true;
}

void log_flush(void)
{
    int saved = errno;
    write_held();
    errno = saved;
}

void log_release(void)
{
    log_flush();
    holds = false;
}

bool log_holds_lines(void)
{
    return holds && held.count > 0;
}

void log_reopen(void)
{
    if (the_log.path == NULL) {
        return;
    }
    write_held();
    int descriptor = open_file(the_log.path, O_NONBLOCK);
    if (descriptor < 0) {
        log_error("the log %s cannot be opened anew: %s; the old file stays in use", the_log.path, strerror(errno));
        return;
    }
    replace_descriptor(descriptor);
}
