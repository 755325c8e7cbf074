/* Tests of base/log.h: to a file and to standard error. write(2) is ours here, to count calls and to fail. */
#include "base/log.h"

#include "base/utf8.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned writes;
static unsigned interruptions; /* of the next writes */

/* Takes the place of the C library's. */
ssize_t write(int descriptor, const void *bytes, size_t size)
{
    writes++;
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_write, descriptor, bytes, size);
}

/* --- the file that the lines go to --- */

struct log_file {
    char folder[64];
    char path[96];
    char content[1 << 20];
    size_t length;
};

static int make_folder(void **state)
{
    struct log_file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    (void)snprintf(file->folder, sizeof file->folder, "/tmp/wares-test-log-XXXXXX");
    assert_non_null(mkdtemp(file->folder));
    (void)snprintf(file->path, sizeof file->path, "%s/log", file->folder);
    *state = file;
    return 0;
}

static int remove_folder(void **state)
{
    struct log_file *file = *state;
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    char old[128];
    (void)snprintf(old, sizeof old, "%s.1", file->path);
    (void)unlink(old);
    (void)unlink(file->path);
    assert_int_equal(rmdir(file->folder), 0);
    free(file);
    return 0;
}

static void open_log(struct log_file *file, enum log_format format, enum log_level level)
{
    assert_int_equal(log_open("wares.fcgi", file->path, format, level), STATUS_OK);
}

/* Reads the file, as one terminated string. */
static const char *read_file(struct log_file *file, const char *path)
{
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    file->length = fread(file->content, 1, sizeof file->content - 1, stream);
    file->content[file->length] = '\0';
    assert_int_equal(fclose(stream), 0);
    return file->content;
}

/* --- what lines look like --- */

#define STAMP_PATTERN "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"

static bool matches(const char *text, const char *pattern)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static void assert_matches(const char *text, const char *pattern)
{
    if (!matches(text, pattern)) {
        fail_msg("\"%s\" does not match \"%s\"", text, pattern);
    }
}

/* Steps over a JSON string; NULL where it is not one (RFC 8259, section 7). */
static const char *skip_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    while (*at != '"') {
        if ((unsigned char)*at < ' ') {
            return NULL;
        }
        if (*at != '\\') {
            at++;
        } else if (at[1] == 'u' && strspn(at + 2, "0123456789abcdef") >= 4) {
            at += 6;
        } else if (at[1] == '"' || at[1] == '\\') {
            at += 2;
        } else {
            return NULL;
        }
    }
    return at + 1;
}

/* One flat object of strings and numbers and a newline, all of it UTF-8. */
static void assert_json_line(const char *line)
{
    assert_int_equal(utf8_valid_prefix(text_of(line)), strlen(line));
    const char *at = line;
    char separator = '{';
    while (*at == separator) {
        at = skip_string(at + 1);
        assert_non_null(at);
        assert_int_equal(*at++, ':');
        const char *behind = *at == '"' ? skip_string(at) : at + strspn(at, "0123456789.");
        assert_non_null(behind);
        assert_ptr_not_equal(behind, at);
        at = behind;
        separator = ',';
    }
    assert_string_equal(at, "}\n");
}

static struct log_request sample_request(void)
{
    return (struct log_request){
        .method = TEXT("GET"),
        .uri = TEXT("/api/v1/products?limit=2"),
        .status = 200,
        .duration_ns = 412499,
        .request_id = TEXT("0af7651916cd43dd"),
        .bytes = 512,
    };
}

/* --- tests --- */

static void text_lines_have_their_form(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    static const struct {
        enum log_level level;
        const char *name;
    } levels[] = {
        {LOG_LEVEL_ERROR, "error"},
        {LOG_LEVEL_WARNING, "warning"},
        {LOG_LEVEL_INFO, "info"},
        {LOG_LEVEL_DEBUG, "debug"},
    };
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        assert_int_equal(truncate(file->path, 0), 0);
        log_line(levels[i].level, "%s is %d", "it", 42);
        char pattern[256];
        (void)snprintf(pattern, sizeof pattern, "^" STAMP_PATTERN " %s wares\\.fcgi\\[%s\\] it is 42\n$",
                       levels[i].name, pid);
        assert_matches(read_file(file, file->path), pattern);
    }
}

static void the_line_of_a_request_in_text(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    log_request(&request);
    assert_matches(read_file(file, file->path),
                   "^" STAMP_PATTERN " info wares\\.fcgi\\[[0-9]+\\] GET /api/v1/products\\?limit=2 200 0\\.412ms "
                   "id=0af7651916cd43dd bytes=512\n$");
    assert_int_equal(truncate(file->path, 0), 0);
    request.trace_id = TEXT("0af7651916cd43dd8448eb211c80319c");
    request.duration_ns = INT64_C(61002999600);
    log_request(&request);
    assert_matches(read_file(file, file->path),
                   " 61003\\.000ms id=[0-9a-f]+ bytes=512 trace=0af7651916cd43dd8448eb211c80319c\n$");
    request.cut = TEXT("client gone");
    log_request(&request);
    assert_matches(read_file(file, file->path), " trace=[0-9a-f]+ cut=client\\\\x20gone\n$");
}

static void the_line_of_a_request_in_json(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    request.trace_id = TEXT("0af7651916cd43dd8448eb211c80319c");
    log_request(&request);
    const char *line = read_file(file, file->path);
    assert_json_line(line);
    assert_matches(line,
                   "^\\{\"ts\":\"" STAMP_PATTERN "\",\"level\":\"info\",\"program\":\"wares.fcgi\",\"pid\":[0-9]+,"
                   "\"method\":\"GET\",\"uri\":\"/api/v1/products\\?limit=2\",\"status\":200,"
                   "\"duration_ms\":0\\.412,\"request_id\":\"0af7651916cd43dd\",\"bytes\":512,"
                   "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"\\}\n$");
}

static void an_answer_that_broke_off_says_so(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    request.cut = TEXT("client_gone");
    log_request(&request);
    const char *line = read_file(file, file->path);
    assert_json_line(line);
    assert_matches(line, "\"bytes\":512,\"cut\":\"client_gone\"\\}\n$");
}

static unsigned lines_in(const char *text)
{
    unsigned lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void held_lines_leave_with_one_write(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    writes = 0;
    log_hold();
    for (unsigned i = 0; i < 3; i++) {
        log_request(&request);
    }
    assert_int_equal(writes, 0);
    log_release();
    assert_int_equal(writes, 1);
    assert_int_equal(lines_in(read_file(file, file->path)), 3);
    log_request(&request);
    assert_int_equal(writes, 2);
}

static void held_lines_stay_whole_and_in_order(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    writes = 0;
    log_hold();
    for (unsigned i = 0; i < 100; i++) {
        log_request(&request);
    }
    assert_in_range(writes, 1, 4);
    log_info("a message");
    assert_matches(read_file(file, file->path), " bytes=512\n.* a message\n$");
    assert_int_equal(lines_in(read_file(file, file->path)), 101);
    log_release();
    assert_int_equal(lines_in(read_file(file, file->path)), 101);
}

static void a_message_in_json(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_warning("disk %d %% full", 90);
    const char *line = read_file(file, file->path);
    assert_json_line(line);
    assert_matches(line, "\"level\":\"warning\",.*,\"message\":\"disk 90 % full\"\\}\n$");
}

static void durations_have_three_decimals(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        {0, " 0.000ms "},       {-5, " 0.000ms "},        {499, " 0.000ms "},
        {500, " 0.001ms "},     {999499, " 0.999ms "},    {999500, " 1.000ms "},
        {1001000, " 1.001ms "}, {10010000, " 10.010ms "}, {INT64_MAX, " 9223372036854.776ms "},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(truncate(file->path, 0), 0);
        struct log_request request = sample_request();
        request.duration_ns = rows[i].ns;
        log_request(&request);
        assert_row(strstr(read_file(file, file->path), rows[i].text) != NULL, rows[i].text);
    }
}

static void text_escapes_what_is_not_printable(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    log_info("%s", "a\nb\r\tc\x1b[2J \\x0a \x7f\xC3\xBC\xE2\x80\xA8~");
    assert_matches(
        read_file(file, file->path),
        "\\] a\\\\x0ab\\\\x0d\\\\x09c\\\\x1b\\[2J \\\\\\\\x0a \\\\x7f\\\\xc3\\\\xbc\\\\xe2\\\\x80\\\\xa8~\n$");
}

/* A space in the URI would shift what stands behind it. */
static void a_request_cannot_forge_words_or_lines(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = {
        .method = TEXT("GE T"),
        .uri = TEXT("/a 200 0.001ms id=x bytes=1\n2026-11-23T09:15:02.123456Z error forged\0"),
        .status = 404,
        .request_id = TEXT(""),
    };
    log_request(&request);
    const char *line = read_file(file, file->path);
    assert_matches(line, "\\] GE\\\\x20T /a\\\\x20200\\\\x200\\.001ms[^ ]*forged\\\\x00 404 0\\.000ms id=- bytes=0\n$");
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void absent_parts_keep_their_place(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = {.status = -1};
    log_request(&request);
    assert_matches(read_file(file, file->path), "\\] - - 0 0\\.000ms id=- bytes=0\n$");
    assert_int_equal(truncate(file->path, 0), 0);
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_request(&request);
    const char *line = read_file(file, file->path);
    assert_json_line(line);
    assert_non_null(strstr(line, "\"method\":\"\",\"uri\":\"\",\"status\":0,"));
}

static void json_escapes_and_stays_utf8(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_info("%s", "\"q\" \\ \n\x01\x7f\xC2\x80 \xC3\xBC \xF0\x9F\x98\x80 \xFF \xC3 \xED\xA0\x80.");
    const char *line = read_file(file, file->path);
    assert_json_line(line);
    assert_non_null(strstr(line, "\"message\":\"\\\"q\\\" \\\\ \\u000a\\u0001\\u007f\\u0080 \xC3\xBC \xF0\x9F\x98\x80 "
                                 "\\ufffd \\ufffd \\ufffd\\ufffd\\ufffd.\"}"));
}

/* What fills a line: each grows differently when escaped. */
static const char *const fillers[] = {"a", "\n", "\"", "\xC3\xBC", "\xF0\x9F\x98\x80", "\xFF", " "};

static size_t fill(char *out, size_t size, const char *filler)
{
    size_t step = strlen(filler);
    size_t length = 0;
    while (length + step <= size) {
        memcpy(out + length, filler, step);
        length += step;
    }
    return length;
}

static void long_messages_are_cut_and_stay_valid(void **state)
{
    struct log_file *file = *state;
    static char long_text[20000];
    static const enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON};
    for (size_t i = 0; i < COUNT_OF(fillers) * COUNT_OF(formats); i++) {
        enum log_format format = formats[i % COUNT_OF(formats)];
        size_t length = fill(long_text, sizeof long_text, fillers[i / COUNT_OF(formats)]);
        open_log(file, format, LOG_LEVEL_INFO);
        /* every length near the bound, so that the cut falls on each byte of an escape */
        for (size_t size = 550; size < length; size += size < 3700 ? 1 : 4001) {
            assert_int_equal(truncate(file->path, 0), 0);
            log_info("%.*s", (int)size, long_text);
            const char *line = read_file(file, file->path);
            assert_true(file->length <= LOG_LINE_MAX);
            assert_int_equal(line[file->length - 1], '\n');
            if (format == LOG_FORMAT_JSON) {
                assert_json_line(line);
            }
        }
        const char *end = format == LOG_FORMAT_JSON ? "...\"}\n" : "...\n";
        assert_string_equal(file->content + file->length - strlen(end), end);
    }
}

static void long_requests_are_cut_and_keep_every_part(void **state)
{
    struct log_file *file = *state;
    static char long_text[20000];
    for (size_t i = 0; i < COUNT_OF(fillers); i++) {
        struct text filled = {.data = long_text, .length = fill(long_text, sizeof long_text, fillers[i])};
        struct log_request request = {
            .method = filled,
            .uri = filled,
            .status = 414,
            .duration_ns = INT64_MAX,
            .request_id = filled,
            .trace_id = filled,
            .bytes = UINT64_MAX,
        };
        open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
        assert_int_equal(truncate(file->path, 0), 0);
        log_request(&request);
        assert_matches(read_file(file, file->path),
                       "\\] [^ ]+\\.\\.\\. [^ ]{2500,}\\.\\.\\. 414 9223372036854\\.776ms id=[^ ]{200,}\\.\\.\\. "
                       "bytes=18446744073709551615 trace=[^ ]+\\.\\.\\.\n$");
        assert_true(file->length <= LOG_LINE_MAX);

        open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
        assert_int_equal(truncate(file->path, 0), 0);
        log_request(&request);
        assert_json_line(read_file(file, file->path));
        assert_true(file->length <= LOG_LINE_MAX);
    }
}

static void a_part_that_fits_exactly_is_not_cut(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    request.method = TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
    log_request(&request);
    assert_non_null(strstr(read_file(file, file->path), " ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 /api"));
    assert_int_equal(truncate(file->path, 0), 0);
    request.method = TEXT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456");
    log_request(&request);
    assert_non_null(strstr(read_file(file, file->path), " ABCDEFGHIJKLMNOPQRSTUVWXYZ012... /api"));
}

static void the_level_rules_what_is_written(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_true(log_enabled(LOG_LEVEL_WARNING));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    log_error("one");
    log_warning("two");
    log_info("three");
    log_debug("four");
    struct log_request request = sample_request();
    log_request(&request);
    assert_matches(read_file(file, file->path), "^[^\n]* one\n[^\n]* two\n$");
}

static void a_line_is_one_write_and_keeps_errno(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    struct log_request request = sample_request();
    writes = 0;
    errno = ENOTTY;
    log_request(&request);
    assert_int_equal(writes, 1);
    log_error("%s", strerror(errno));
    assert_int_equal(writes, 2);
    assert_int_equal(errno, ENOTTY);
    assert_non_null(strstr(read_file(file, file->path), strerror(ENOTTY)));
    assert_int_equal(truncate(file->path, 0), 0);

    interruptions = 2;
    log_info("interrupted");
    assert_int_equal(writes, 5);
    assert_non_null(strstr(read_file(file, file->path), "interrupted"));
}

static void a_full_disk_costs_the_line_only(void **state)
{
    (void)state;
    assert_int_equal(log_open("test", "/dev/full", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    errno = 0;
    log_error("lost");
    assert_int_equal(errno, 0);
}

static void a_file_that_cannot_be_opened_changes_nothing(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    errno = 0;
    assert_int_equal(log_open("other", "/nowhere/at/all", LOG_FORMAT_JSON, LOG_LEVEL_ERROR), STATUS_UNAVAILABLE);
    assert_int_equal(errno, ENOENT);
    log_info("still here");
    assert_matches(read_file(file, file->path), " info wares\\.fcgi\\[[0-9]+\\] still here\n$");
}

static void a_new_file_is_not_for_everyone(void **state)
{
    struct log_file *file = *state;
    mode_t old = umask(0);
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    umask(old);
    struct stat attributes;
    assert_int_equal(stat(file->path, &attributes), 0);
    assert_int_equal(attributes.st_mode & 07777, 0640);
}

static void a_rotated_file_is_opened_anew(void **state)
{
    struct log_file *file = *state;
    char old[128];
    (void)snprintf(old, sizeof old, "%s.1", file->path);
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    log_info("first");
    assert_int_equal(rename(file->path, old), 0);
    log_info("second");
    log_reopen();
    log_info("third");
    assert_matches(read_file(file, old), "^[^\n]* first\n[^\n]* second\n$");
    assert_matches(read_file(file, file->path), "^[^\n]* third\n$");
}

static void a_failed_reopening_keeps_the_old_file(void **state)
{
    struct log_file *file = *state;
    char old[128];
    (void)snprintf(old, sizeof old, "%s.1", file->path);
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    assert_int_equal(rename(file->path, old), 0);
    assert_int_equal(mkdir(file->path, 0700), 0);
    log_reopen();
    log_info("still here");
    assert_int_equal(rmdir(file->path), 0);
    assert_matches(read_file(file, old), "^[^\n]* error [^\n]*cannot be opened anew[^\n]*\n[^\n]* still here\n$");
}

static int open_descriptors(void)
{
    int count = 0;
    for (int descriptor = 0; descriptor < 256; descriptor++) {
        count += fcntl(descriptor, F_GETFD) >= 0;
    }
    return count;
}

static void descriptors_do_not_leak(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    int before = open_descriptors();
    for (unsigned i = 0; i < 10; i++) {
        log_reopen();
        open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    }
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    int with_stderr = open_descriptors();
    assert_true(with_stderr <= before); /* none of its own, or one where standard error is a pipe */
    for (unsigned i = 0; i < 10; i++) {
        log_reopen();
        assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    }
    assert_int_equal(open_descriptors(), with_stderr);
}

static void standard_error_is_the_default(void **state)
{
    struct log_file *file = *state;
    int kept = dup(STDERR_FILENO);
    int descriptor = open(file->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(kept >= 0 && descriptor >= 0);
    assert_int_equal(dup2(descriptor, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    log_info("to standard error");
    log_reopen();
    log_info("again");
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(descriptor);
    assert_matches(read_file(file, file->path), "^[^\n]* test\\[[0-9]+\\] to standard error\n[^\n]* again\n$");
}

static void a_child_logs_its_own_pid(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    log_info("parent");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        log_info("child");
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    char pattern[128];
    (void)snprintf(pattern, sizeof pattern, "\\[%d\\] parent\n[^\n]*\\[%d\\] child\n$", (int)getpid(), (int)child);
    assert_matches(read_file(file, file->path), pattern);
}

#define WRITERS 4
#define LINES_EACH 300

static void processes_do_not_mix_their_lines(void **state)
{
    struct log_file *file = *state;
    open_log(file, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct log_request request = sample_request();
            for (unsigned i = 0; i < LINES_EACH; i++) {
                log_request(&request);
            }
            _exit(0);
        }
    }
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        assert_true(wait(NULL) > 0);
    }
    const char *at = read_file(file, file->path);
    unsigned lines = 0;
    while (*at != '\0') {
        char line[LOG_LINE_MAX + 1] = {0};
        size_t length = strcspn(at, "\n") + 1;
        assert_true(length < sizeof line);
        memcpy(line, at, length);
        assert_json_line(line);
        at += length;
        lines++;
    }
    assert_int_equal(lines, WRITERS * LINES_EACH);
}

/* --- a reader that has stalled --- */

#define TOO_MANY_LINES 500

/* Empties a pipe. How many bytes there were; the first of them are kept, terminated. */
static size_t drain(int reader, char *kept, size_t size)
{
    static char dropped[65536];
    size_t total = 0;
    ssize_t count;
    kept[0] = '\0';
    while ((count = read(reader, dropped, sizeof dropped)) > 0) {
        if (total == 0) {
            size_t length = (size_t)count < size ? (size_t)count : size - 1;
            memcpy(kept, dropped, length);
            kept[length] = '\0';
        }
        total += (size_t)count;
    }
    return total;
}

static void write_too_many_lines(void)
{
    char words[LOG_LINE_MAX / 4];
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    (void)alarm(20); /* ends a test that hangs */
    for (int i = 0; i < TOO_MANY_LINES; i++) {
        log_info("%s", words);
    }
    (void)alarm(0);
}

static void assert_loss_is_told(int reader)
{
    char told[512];
    assert_true(drain(reader, told, sizeof told) < (size_t)TOO_MANY_LINES * LOG_LINE_MAX / 4);
    log_info("read again");
    (void)drain(reader, told, sizeof told);
    assert_non_null(strstr(told, " lines of the log were lost: nobody read them\n"));
    assert_non_null(strstr(told, "read again\n"));
    log_info("once");
    (void)drain(reader, told, sizeof told);
    assert_null(strstr(told, "lost"));
    assert_non_null(strstr(told, "once\n"));
}

static void a_named_pipe_that_is_full_keeps_nobody_waiting(void **state)
{
    struct log_file *file = *state;
    assert_int_equal(mkfifo(file->path, 0600), 0);
    int reader = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    write_too_many_lines();
    assert_loss_is_told(reader);
    close(reader);
}

static void a_named_pipe_without_a_reader_keeps_no_reopening_waiting(void **state)
{
    struct log_file *file = *state;
    char told[512];
    assert_int_equal(mkfifo(file->path, 0600), 0);
    int reader = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    open_log(file, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    assert_int_equal(unlink(file->path), 0);
    assert_int_equal(mkfifo(file->path, 0600), 0);
    (void)alarm(20);
    log_reopen();
    (void)alarm(0);
    (void)drain(reader, told, sizeof told);
    assert_non_null(strstr(told, "cannot be opened anew"));
    close(reader);
}

static void standard_error_that_is_full_keeps_nobody_waiting(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    int kept = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    write_too_many_lines();
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0); /* it is not ours alone */
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    assert_loss_is_told(ends[0]);
    assert_int_equal(log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_INFO), STATUS_OK);
    close(ends[0]);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(text_lines_have_their_form),
        WITH_FOLDER(the_line_of_a_request_in_text),
        WITH_FOLDER(the_line_of_a_request_in_json),
        WITH_FOLDER(an_answer_that_broke_off_says_so),
        WITH_FOLDER(held_lines_leave_with_one_write),
        WITH_FOLDER(held_lines_stay_whole_and_in_order),
        WITH_FOLDER(a_message_in_json),
        WITH_FOLDER(durations_have_three_decimals),
        WITH_FOLDER(text_escapes_what_is_not_printable),
        WITH_FOLDER(a_request_cannot_forge_words_or_lines),
        WITH_FOLDER(absent_parts_keep_their_place),
        WITH_FOLDER(json_escapes_and_stays_utf8),
        WITH_FOLDER(long_messages_are_cut_and_stay_valid),
        WITH_FOLDER(long_requests_are_cut_and_keep_every_part),
        WITH_FOLDER(a_part_that_fits_exactly_is_not_cut),
        WITH_FOLDER(the_level_rules_what_is_written),
        WITH_FOLDER(a_line_is_one_write_and_keeps_errno),
        WITH_FOLDER(a_full_disk_costs_the_line_only),
        WITH_FOLDER(a_file_that_cannot_be_opened_changes_nothing),
        WITH_FOLDER(a_new_file_is_not_for_everyone),
        WITH_FOLDER(a_rotated_file_is_opened_anew),
        WITH_FOLDER(a_failed_reopening_keeps_the_old_file),
        WITH_FOLDER(descriptors_do_not_leak),
        WITH_FOLDER(standard_error_is_the_default),
        WITH_FOLDER(a_child_logs_its_own_pid),
        WITH_FOLDER(a_named_pipe_that_is_full_keeps_nobody_waiting),
        WITH_FOLDER(a_named_pipe_without_a_reader_keeps_no_reopening_waiting),
        WITH_FOLDER(standard_error_that_is_full_keeps_nobody_waiting),
        WITH_FOLDER(processes_do_not_mix_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
