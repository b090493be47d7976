/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request has the fields and the framing of a response, but for its first line: that one is read
 * here, and http1.c is given a status line in its place. Without Content-Length and chunks a
 * request has no body, where a response would end with its connection.
 */
#include "wire/http1_request.h"
#include <string.h>
#include <strings.h>

enum { STATE_LINE, STATE_HEAD, STATE_BODY, STATE_END, STATE_BAD };

static const char version[] = "HTTP/1.";

void http1_request_init(struct http1_request *r)
{
    memset(r, 0, offsetof(struct http1_request, framing));
    http1_init(&r->framing);
    r->state = STATE_LINE;
    r->target = false;
    r->line_len = 0;
    memset(r->tail, 0, sizeof r->tail);
}

static enum http1_step bad(struct http1_request *r, const char *why)
{
    r->why = why;
    r->state = STATE_BAD;
    return HTTP1_BAD_HEAD;
}

/* The line is complete: its end says HTTP/1.x. */
static enum http1_step begin_head(struct http1_request *r)
{
    static const char status[] = "HTTP/1.1 200 OK\r\n";
    const char *at = status;
    struct span piece;

    if (memcmp(r->tail, version, sizeof version - 1) != 0)
        return bad(r, "the request line names no HTTP/1 version");
    (void)http1_next(&r->framing, &at, status + sizeof status - 1, &piece);
    r->state = STATE_HEAD;
    r->line_len = 0;
    return HTTP1_MORE;
}

static bool method_takes(struct http1_request *r, char c)
{
    size_t n = strlen(r->method);

    if (c == ' ' && n > 0) {
        r->target = true;
        return true;
    }
    if (c < 'A' || c > 'Z' || n + 1 == sizeof r->method)
        return false;
    r->method[n] = c;
    return true;
}

/* Empty lines before a request are passed over (RFC 9112, section 2.2). */
static enum http1_step line_byte(struct http1_request *r, char c)
{
    if (r->line_len == 0 && (c == '\r' || c == '\n'))
        return HTTP1_MORE;
    if (++r->line_len > HTTP1_HEAD_MAX)
        return bad(r, "the request line is too long");
    if (!r->target)
        return method_takes(r, c) ? HTTP1_MORE : bad(r, "no request method");
    if (c == '\n')
        return begin_head(r);
    if (c == '\r')
        return HTTP1_MORE;
    memmove(r->tail, r->tail + 1, sizeof r->tail - 1);
    r->tail[sizeof r->tail - 1] = c;
    return HTTP1_MORE;
}

static enum http1_step line_bytes(struct http1_request *r, const char **at, const char *end)
{
    enum http1_step step = HTTP1_MORE;

    while (step == HTTP1_MORE && r->state == STATE_LINE && *at < end)
        step = line_byte(r, *(*at)++);
    return step;
}

static void take_field(struct http1_request *r)
{
    static const char name[] = "X-Request-Id:";
    const char *from, *end;

    if (r->line_len > sizeof r->line || r->line_len < sizeof name ||
        strncasecmp(r->line, name, sizeof name - 1) != 0)
        return;
    from = r->line + sizeof name - 1;
    end = r->line + r->line_len;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    if ((size_t)(end - from) >= sizeof r->id)
        return;
    memcpy(r->id, from, (size_t)(end - from));
    r->id[end - from] = '\0';
}

/* Looks over bytes of the head that the framing has taken. */
static void look_for_id(struct http1_request *r, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '\n') {
            take_field(r);
            r->line_len = 0;
            continue;
        }
        if (r->line_len < sizeof r->line)
            r->line[r->line_len] = *at;
        r->line_len++;
    }
}

static bool has_body(const struct http1_request *r)
{
    return r->framing.chunked || r->framing.content_length > 0;
}

static enum http1_step framing_step(struct http1_request *r, enum http1_step step)
{
    if (step == HTTP1_HEAD) {
        r->state = has_body(r) ? STATE_BODY : STATE_END;
    } else if (step == HTTP1_END) {
        r->state = STATE_END;
    } else if (step >= HTTP1_BAD_HEAD) {
        r->why = r->framing.why ? r->framing.why : "malformed request";
        r->state = STATE_BAD;
    }
    return step;
}

enum http1_step http1_request_next(struct http1_request *r, const char **at, const char *end)
{
    enum http1_step step = HTTP1_MORE;
    struct span piece;

    if (r->state == STATE_LINE)
        step = line_bytes(r, at, end);
    if (r->state == STATE_END)
        return HTTP1_END;
    if (r->state == STATE_BAD)
        return HTTP1_BAD_HEAD;
    while (step == HTTP1_MORE && r->state != STATE_LINE) {
        const char *from = *at;

        step = http1_next(&r->framing, at, end, &piece);
        if (r->state == STATE_HEAD)
            look_for_id(r, from, *at);
        if (step == HTTP1_MORE)
            break;
        step = step == HTTP1_BODY ? HTTP1_MORE : framing_step(r, step);
    }
    return step;
}
