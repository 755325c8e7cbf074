/* Lines of text and of JSON, built in place: the line of a request is on the path of each, so there is no printf and no
 * allocation here. Every part has a bound of its own, and together they fit a line. */
#include "log_format.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

/* Bytes of each part once escaped. */
#define PROGRAM_MAX 64
#define METHOD_MAX 32
#define REQUEST_ID_MAX 256
#define TRACE_ID_MAX 64
#define CUT_WORD_MAX 32
#define FIXED_MAX 512 /* names, punctuation, numbers, the time */
#define URI_MAX (LOG_LINE_MAX - FIXED_MAX - PROGRAM_MAX - METHOD_MAX - REQUEST_ID_MAX - TRACE_ID_MAX - CUT_WORD_MAX)
#define MESSAGE_MAX (LOG_LINE_MAX - FIXED_MAX - PROGRAM_MAX)

#define ESCAPE_MAX 6 /* \u001f */
#define CUT_MARK "..."

static_assert(URI_MAX > 2048 && URI_MAX < LOG_LINE_MAX, "the parts of a line fit it");

/* How the bytes of a part are escaped. */
enum escape {
    ESCAPE_PROSE, /* text: a space stays */
    ESCAPE_WORD,  /* text: a space would end the part and is escaped too */
    ESCAPE_JSON,
};

static void put(struct log_text *line, struct text text)
{
    if (text.length > 0) {
        memcpy(line->data + line->length, text.data, text.length);
        line->length += text.length;
    }
}

static void put_char(struct log_text *line, char c)
{
    line->data[line->length++] = c;
}

/* At least width digits, with zeros before. */
static void put_number(struct log_text *line, uint64_t value, size_t width)
{
    char digits[TEXT_U64_MAX];
    const struct text number = text_from_u64(value, digits);
    for (size_t i = number.length; i < width; i++) {
        put_char(line, '0');
    }
    put(line, number);
}

static struct text hexadecimal(char out[ESCAPE_MAX], char letter, uint32_t value, size_t digits)
{
    out[0] = '\\';
    out[1] = letter;
    for (size_t i = digits; i-- > 0;) {
        out[2 + i] = "0123456789abcdef"[value & 0xFU];
        value >>= 4U;
    }
    return (struct text){.data = out, .length = 2 + digits};
}

/* The escaped form of the bytes at the start of rest, in small or in rest itself; *taken tells how many it stands for. */
static struct text escape_text(struct text rest, enum escape escape, char small[ESCAPE_MAX], size_t *taken)
{
    unsigned char byte = (unsigned char)rest.data[0];
    *taken = 1;
    if (byte == '\\') {
        return TEXT("\\\\");
    }
    if (byte < ' ' || byte > '~' || (byte == ' ' && escape == ESCAPE_WORD)) {
        return hexadecimal(small, 'x', byte, 2);
    }
    return (struct text){.data = rest.data, .length = 1};
}

static struct text escape_json(struct text rest, char small[ESCAPE_MAX], size_t *taken)
{
    uint32_t code_point;
    size_t length = utf8_decode(rest, &code_point);
    if (length == 0) {
        *taken = 1;
        return TEXT("\\ufffd");
    }
    *taken = length;
    if (code_point == '"') {
        return TEXT("\\\"");
    }
    if (code_point == '\\') {
        return TEXT("\\\\");
    }
    if (utf8_is_control(code_point)) {
        return hexadecimal(small, 'u', code_point, 4);
    }
    return (struct text){.data = rest.data, .length = length};
}

/* The bytes at the start of the text, at most limit of them, that stand for themselves. */
static size_t plain_run(struct text text, enum escape escape, size_t limit)
{
    static const char also_special[] = {[ESCAPE_PROSE] = '\\', [ESCAPE_WORD] = ' ', [ESCAPE_JSON] = '"'};
    const char special = also_special[escape];
    const size_t end = text.length < limit ? text.length : limit;
    size_t length = 0;
    while (length < end) {
        const char c = text.data[length];
        if (c < ' ' || c > '~' || c == '\\' || c == special) {
            break;
        }
        length++;
    }
    return length;
}

/* Puts a part escaped, cut so that it takes at most bound bytes. */
static void put_escaped(struct log_text *line, struct text text, enum escape escape, size_t bound)
{
    const size_t end = line->length + bound;
    const size_t last_cut = end - strlen(CUT_MARK); /* behind which the mark has no room */
    size_t cut_here = line->length;
    while (text.length > 0) {
        size_t run = plain_run(text, escape, end - line->length);
        if (line->length <= last_cut) {
            cut_here = line->length + run < last_cut ? line->length + run : last_cut;
        }
        put(line, (struct text){.data = text.data, .length = run});
        text.data += run;
        text.length -= run;
        if (text.length == 0) {
            return;
        }
        char small[ESCAPE_MAX];
        size_t taken;
        struct text escaped =
            escape == ESCAPE_JSON ? escape_json(text, small, &taken) : escape_text(text, escape, small, &taken);
        if (escaped.length > end - line->length) {
            line->length = cut_here;
            put(line, TEXT(CUT_MARK));
            return;
        }
        put(line, escaped);
        text.data += taken;
        text.length -= taken;
    }
}

/* A word of a text line, or a string of a JSON object with its name and what stands before it. */
static void put_word(struct log_text *line, enum log_format format, struct text before, struct text value, size_t bound)
{
    put(line, before);
    if (format == LOG_FORMAT_JSON) {
        put_char(line, '"');
        put_escaped(line, value, ESCAPE_JSON, bound);
        put_char(line, '"');
    } else {
        /* An empty word would shift those behind it. */
        put_escaped(line, value.length > 0 ? value : TEXT("-"), ESCAPE_WORD, bound);
    }
}

static void put_stamp(struct log_text *line, enum log_format format, const struct log_stamp *stamp)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format_micros(stamp->unix_us, time);
    if (format == LOG_FORMAT_JSON) {
        put_word(line, format, TEXT("{\"ts\":"), text_of(time), sizeof time);
        put_word(line, format, TEXT(",\"level\":"), text_of(log_level_name(stamp->level)), sizeof time);
        put_word(line, format, TEXT(",\"program\":"), stamp->program, PROGRAM_MAX);
        put(line, TEXT(",\"pid\":"));
        put_number(line, (uint64_t)stamp->pid, 1);
    } else {
        put(line, text_of(time));
        put_word(line, format, TEXT(" "), text_of(log_level_name(stamp->level)), sizeof time);
        put_word(line, format, TEXT(" "), stamp->program, PROGRAM_MAX);
        put_char(line, '[');
        put_number(line, (uint64_t)stamp->pid, 1);
        put(line, TEXT("] "));
    }
}

void log_format_message(struct log_text *line, enum log_format format, const struct log_stamp *stamp,
                        struct text message)
{
    line->length = 0;
    if (stamp != NULL) {
        put_stamp(line, format, stamp);
    }
    if (format == LOG_FORMAT_JSON) {
        put_word(line, format, TEXT(",\"message\":"), message, MESSAGE_MAX);
        put_char(line, '}');
    } else {
        put_escaped(line, message, ESCAPE_PROSE, MESSAGE_MAX);
    }
    put_char(line, '\n');
}

static void put_milliseconds(struct log_text *line, int64_t duration_ns)
{
    uint64_t us = duration_ns > 0 ? ((uint64_t)duration_ns + 500) / 1000 : 0;
    put_number(line, us / 1000, 1);
    put_char(line, '.');
    put_number(line, us % 1000, 3);
}

void log_format_request(struct log_text *line, enum log_format format, const struct log_stamp *stamp,
                        const struct log_request *request)
{
    line->length = 0;
    bool json = format == LOG_FORMAT_JSON;
    if (stamp != NULL) {
        put_stamp(line, format, stamp);
    }
    put_word(line, format, json ? TEXT(",\"method\":") : TEXT(""), request->method, METHOD_MAX);
    put_word(line, format, json ? TEXT(",\"uri\":") : TEXT(" "), request->uri, URI_MAX);
    put(line, json ? TEXT(",\"status\":") : TEXT(" "));
    put_number(line, request->status > 0 ? (uint64_t)request->status : 0, 1);
    put(line, json ? TEXT(",\"duration_ms\":") : TEXT(" "));
    put_milliseconds(line, request->duration_ns);
    put_word(line, format, json ? TEXT(",\"request_id\":") : TEXT("ms id="), request->request_id, REQUEST_ID_MAX);
    put(line, json ? TEXT(",\"bytes\":") : TEXT(" bytes="));
    put_number(line, request->bytes, 1);
    if (request->trace_id.data != NULL) {
        put_word(line, format, json ? TEXT(",\"trace_id\":") : TEXT(" trace="), request->trace_id, TRACE_ID_MAX);
    }
    if (request->cut.data != NULL) {
        put_word(line, format, json ? TEXT(",\"cut\":") : TEXT(" cut="), request->cut, CUT_WORD_MAX);
    }
    put(line, json ? TEXT("}\n") : TEXT("\n"));
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error",
        [LOG_LEVEL_WARNING] = "warning",
        [LOG_LEVEL_INFO] = "info",
        [LOG_LEVEL_DEBUG] = "debug",
    };
    return names[level];
}
