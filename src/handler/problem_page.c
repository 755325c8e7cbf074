/* The pages at /problems: what each type of problem means, for people in HTML or plain text and for programs in JSON. */
#include "handler/operation.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "problem_table.h"
#include "reply.h"
#include "json/writer.h"

#include <string.h>

#define OPENAPI_PATH "/api/v1/openapi.json"

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}\n"
    "h1{line-height:1.2}h2{font-size:1rem;margin:1.5rem 0 0}p{margin:.25rem 0 0}\n"
    "pre{overflow:auto;padding:1rem;border:1px solid;border-radius:.25rem;opacity:.85;white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n"
    "code,pre{font:.875rem/1.5 ui-monospace,monospace}a{color:inherit}nav,footer{margin:2rem 0 0}\n"
    "@media(prefers-color-scheme:light){body{background:#fff;color:#1a1a1a}}\n"
    "@media(prefers-color-scheme:dark){body{background:#121212;color:#e6e6e6}}\n"
    "</style>\n";

/* --- what a problem is --- */

/* All of them, one after the other: the service's own, then those of the front server. */
static const struct problem_kind *kind_at(size_t index)
{
    return index < PROBLEM_COUNT ? &problem_kinds[index] : &front_problem_kinds[index - PROBLEM_COUNT];
}

static size_t kind_count(void)
{
    return PROBLEM_COUNT + front_problem_count;
}

static bool find(struct text name, size_t *index)
{
    for (size_t i = 0; i < kind_count(); i++) {
        if (text_equal(text_of(kind_at(i)->name), name)) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* The front server writes fewer members. */
static void write_example(struct strbuf *out, size_t index)
{
    const struct problem_kind *kind = kind_at(index);
    bool first = true;

    if (index < PROBLEM_COUNT) {
        problem_write_example(out, (enum problem)index);
        return;
    }
    strbuf_append_char(out, '{');
    json_write_key(out, &first, "type");
    strbuf_printf(out, "\"" PROBLEM_TYPE_PREFIX "%s\"", kind->name);
    json_write_member(out, &first, "title", text_of(kind->title));
    json_write_member_i64(out, &first, "status", kind->http_status);
    json_write_member(out, &first, "detail", text_of(kind->example));
    strbuf_append_char(out, '}');
}

/* --- JSON --- */

static void write_json(struct strbuf *out, size_t index)
{
    const struct problem_kind *kind = kind_at(index);
    bool first = true;

    strbuf_append_char(out, '{');
    json_write_key(out, &first, "type");
    strbuf_printf(out, "\"" PROBLEM_TYPE_PREFIX "%s\"", kind->name);
    json_write_member(out, &first, "title", text_of(kind->title));
    json_write_member_i64(out, &first, "status", kind->http_status);
    json_write_member(out, &first, "meaning", text_of(kind->meaning));
    json_write_member(out, &first, "cause", text_of(kind->cause));
    json_write_member(out, &first, "remedy", text_of(kind->remedy));
    json_write_key(out, &first, "example");
    write_example(out, index);
    strbuf_append_char(out, '}');
}

/* --- plain text --- */

static void write_text(struct strbuf *out, size_t index)
{
    const struct problem_kind *kind = kind_at(index);

    strbuf_printf(out, "%d %s (" PROBLEM_TYPE_PREFIX "%s)\n\n%s\n\nWhy: %s\n\nHow to mend it: %s\n\nExample: ",
                  kind->http_status, kind->title, kind->name, kind->meaning, kind->cause, kind->remedy);
    write_example(out, index);
    strbuf_append_char(out, '\n');
}

/* --- HTML --- */

static void append_escaped(struct strbuf *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        switch (text.data[i]) {
        case '&':
            strbuf_append_text(out, TEXT("&amp;"));
            break;
        case '<':
            strbuf_append_text(out, TEXT("&lt;"));
            break;
        case '>':
            strbuf_append_text(out, TEXT("&gt;"));
            break;
        default:
            strbuf_append_char(out, text.data[i]);
            break;
        }
    }
}

static void write_section(struct strbuf *out, const char *title, const char *prose)
{
    strbuf_printf(out, "<h2>%s</h2>\n<p>", title);
    append_escaped(out, text_of(prose));
    strbuf_append_text(out, TEXT("</p>\n"));
}

/* The members of an object one a line: a comma that begins a member stands before a quote and behind the end of a value. */
static void append_broken(struct strbuf *out, struct text json)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < json.length; i++) {
        const char c = json.data[i];

        quoted = quoted != (c == '"' && json.data[i - 1] != '\\');
        depth += !quoted && (c == '{' || c == '[');
        depth -= !quoted && (c == '}' || c == ']');
        if (!quoted && depth == 0 && i > 0) {
            strbuf_append_char(out, '\n');
        }
        append_escaped(out, (struct text){.data = &json.data[i], .length = 1});
        if (!quoted && depth == 1 && (c == ',' || c == '{')) {
            strbuf_append_text(out, TEXT("\n  "));
        }
    }
}

static void write_html(struct strbuf *out, size_t index)
{
    const struct problem_kind *kind = kind_at(index);
    struct strbuf example;

    strbuf_append_text(out, text_of(page_head));
    strbuf_printf(out, "<title>%s</title>\n<h1>%d %s</h1>\n<p><code>" PROBLEM_TYPE_PREFIX "%s</code></p>\n",
                  kind->title, kind->http_status, kind->title, kind->name);
    write_section(out, "What it means", kind->meaning);
    write_section(out, "Why it happens", kind->cause);
    write_section(out, "How to mend it", kind->remedy);
    strbuf_init(&example, RESPONSE_BODY_MAX);
    write_example(&example, index);
    strbuf_append_text(out, TEXT("<h2>An example</h2>\n<pre>"));
    append_broken(out, strbuf_text(&example));
    strbuf_append_text(out, TEXT("</pre>\n<footer><a href=\"/problems\">All problems</a> · <a href=\"" OPENAPI_PATH
                                 "\">OpenAPI document</a></footer>\n</html>\n"));
    strbuf_free(&example);
}

static void write_html_list(struct strbuf *out)
{
    strbuf_append_text(out, text_of(page_head));
    strbuf_append_text(out, TEXT("<title>Problems</title>\n<h1>Problems</h1>\n<p>What this service answers where it "
                                 "cannot do what it is asked: the type of each is the path of its page.</p>\n<ul>\n"));
    for (size_t i = 0; i < kind_count(); i++) {
        const struct problem_kind *kind = kind_at(i);

        strbuf_printf(out, "<li><a href=\"" PROBLEM_TYPE_PREFIX "%s\">%d %s</a></li>\n", kind->name, kind->http_status,
                      kind->title);
    }
    strbuf_append_text(out,
                       TEXT("</ul>\n<footer><a href=\"" OPENAPI_PATH "\">OpenAPI document</a></footer>\n</html>\n"));
}

/* --- answers --- */

static bool is_media(const struct exchange *exchange, const char *type)
{
    return strcmp(exchange->media, type) == 0;
}

static void reply_page(struct exchange *exchange)
{
    const bool is_json = is_media(exchange, "application/json");

    exchange->response.status = 200;
    response_header(&exchange->response, "Content-Type",
                    is_json ? TEXT("application/json")
                            : arena_printf(exchange->scope.arena, "%s; charset=utf-8", exchange->media));
    response_header(&exchange->response, "Cache-Control", TEXT("max-age=3600"));
    response_header(&exchange->response, "Vary", TEXT("Accept"));
    response_header(&exchange->response, "Content-Security-Policy",
                    TEXT("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'"));
}

void problem_page_get(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.body;
    size_t index = 0;

    if (!input_without_parameters(exchange)) {
        return;
    }
    if (!find(exchange->match.parameters[0], &index)) {
        problem_answer(exchange, PROBLEM_NOT_FOUND, "There is no such problem; /problems has all of them.");
        return;
    }
    reply_page(exchange);
    if (is_media(exchange, "text/html")) {
        write_html(out, index);
    } else if (is_media(exchange, "text/plain")) {
        write_text(out, index);
    } else {
        write_json(out, index);
    }
}

void problem_page_list(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.body;
    const bool is_text = is_media(exchange, "text/plain");

    if (!input_without_parameters(exchange)) {
        return;
    }
    reply_page(exchange);
    if (is_media(exchange, "text/html")) {
        write_html_list(out);
        return;
    }
    for (size_t i = 0; i < kind_count(); i++) {
        strbuf_append_text(out, is_text ? (i == 0 ? TEXT("") : TEXT("\n")) : (i == 0 ? TEXT("[") : TEXT(",")));
        if (is_text) {
            write_text(out, i);
        } else {
            write_json(out, i);
        }
    }
    strbuf_append_text(out, is_text ? TEXT("") : TEXT("]"));
}
