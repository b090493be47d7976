/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wire/http1.c - a state machine over lines and counted spans.
 *
 * Lines (status, headers, chunk sizes, trailers) that lie whole in the input are read in place;
 * only one that is cut by a read is collected in p->line. Either way a line reaches its reader cut
 * to sizeof p->line, with its full length beside, so that the split of the input cannot be seen.
 * Body bytes are never copied. Header fields are read in http1_field.c.
 */
#include "wire/http1_field.h"
#include <string.h>

enum state {
    STATE_STATUS = 0,
    STATE_FIELD,
    STATE_HEAD_DONE, /* the head was reported; what follows is decided by framing */
    STATE_COUNTED,
    STATE_TO_EOF,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_CR,
    STATE_CHUNK_LF,
    STATE_TRAILER,
    STATE_END,
    STATE_BAD_HEAD,
    STATE_BAD_CHUNK,
};

static const char status_prefix[] = "HTTP/1.";

static void forget_head(struct http1 *p)
{
    p->status = 0;
    p->minor = 0;
    p->keep_alive = p->chunked = p->is_sse = p->is_json = p->is_encoded = false;
    p->body_to_eof = p->close = p->persist = false;
    p->content_length = -1;
    p->server[0] = '\0';
}

void http1_init(struct http1 *p)
{
    forget_head(p);
    p->why = NULL;
    p->state = STATE_STATUS;
    p->left = 0;
    p->line_len = 0;
    p->head_len = 0;
}

static enum http1_step bad_head(struct http1 *p, const char *why)
{
    p->why = why;
    p->state = STATE_BAD_HEAD;
    return HTTP1_BAD_HEAD;
}

static enum http1_step bad_chunk(struct http1 *p, const char *why)
{
    p->why = why;
    p->state = STATE_BAD_CHUNK;
    return HTTP1_BAD_CHUNK;
}

static void collect(struct http1 *p, const char *data, size_t n)
{
    if (p->line_len < sizeof p->line) {
        size_t room = sizeof p->line - p->line_len;

        memcpy(p->line + p->line_len, data, n < room ? n : room);
    }
    p->line_len += n;
}

/* Takes bytes up to and with the next LF. True: *line is the line without its LF. */
static bool take_line(struct http1 *p, const char **at, const char *end, struct line *line)
{
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));
    size_t n = (size_t)((lf ? lf : end) - *at);

    p->head_len += n + (lf != NULL);
    if (lf && p->line_len == 0) {
        line->text = *at;
        line->full_len = n;
    } else {
        collect(p, *at, n);
        line->text = p->line;
        line->full_len = p->line_len;
    }
    *at += n + (lf != NULL);
    line->len = line->full_len < sizeof p->line ? line->full_len : sizeof p->line;
    if (lf)
        p->line_len = 0;
    return lf != NULL;
}

static enum http1_step read_status(struct http1 *p, struct line line)
{
    const char *t = line.text;

    line_trim_cr(&line);
    if (line.len < 12 || memcmp(t, status_prefix, 7) != 0 || t[7] < '0' || t[7] > '9' ||
        t[8] != ' ')
        return bad_head(p, "the answer does not begin with an HTTP/1 status line");
    for (int i = 9; i < 12; i++) {
        if (t[i] < '0' || t[i] > '9')
            return bad_head(p, "the status is no number");
        p->status = p->status * 10 + (t[i] - '0');
    }
    if (p->status < 100 || (line.len > 12 && t[12] != ' ') || !line_is_clean(&line))
        return bad_head(p, "malformed status line");
    p->minor = (uint8_t)(t[7] - '0');
    p->state = STATE_FIELD;
    return HTTP1_MORE;
}

/* The empty line has come. HTTP1_MORE: it ended an interim response. */
static enum http1_step end_head(struct http1 *p)
{
    bool bodyless = p->status == 204 || p->status == 304;

    if (p->status == 101)
        return bad_head(p, "the server switches protocols unasked");
    if (p->status < 200) {
        forget_head(p);
        p->state = STATE_STATUS;
        return HTTP1_MORE;
    }
    if (p->chunked && p->content_length >= 0)
        return bad_head(p, "Content-Length beside Transfer-Encoding");
    p->body_to_eof = !bodyless && !p->chunked && p->content_length < 0;
    p->keep_alive = !p->close && (p->minor > 0 || (p->persist && !p->chunked)) && !p->body_to_eof;
    if (bodyless)
        p->chunked = false;
    p->left = bodyless || p->content_length < 0 ? 0 : p->content_length;
    p->head_len = 0;
    p->state = STATE_HEAD_DONE;
    return HTTP1_HEAD;
}

static enum http1_step read_field(struct http1 *p, struct line line)
{
    line_trim_cr(&line);
    if (line.len == 0)
        return end_head(p);
    p->why = http1_field(p, &line);
    return p->why ? bad_head(p, p->why) : HTTP1_MORE;
}

/* What is not HTTP is told at its first wrong byte, not when a line feed happens to come. */
static bool may_be_status(const struct http1 *p)
{
    size_t n = p->line_len < 7 ? p->line_len : 7;

    return p->state != STATE_STATUS || memcmp(p->line, status_prefix, n) == 0;
}

static enum http1_step next_head(struct http1 *p, const char **at, const char *end)
{
    enum http1_step step = HTTP1_MORE;
    struct line line;

    while (step == HTTP1_MORE && *at < end) {
        bool whole = take_line(p, at, end, &line);

        if (p->head_len > HTTP1_HEAD_MAX)
            step = bad_head(p, "the head is longer than 64 KiB");
        else if (!whole && !may_be_status(p))
            step = bad_head(p, "the answer does not begin with an HTTP/1 status line");
        else if (whole)
            step = p->state == STATE_STATUS ? read_status(p, line) : read_field(p, line);
    }
    return step;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http1_step read_chunk_size(struct http1 *p, struct line line)
{
    int64_t size = 0;
    size_t n = 0;

    if (line.full_len > sizeof p->line)
        return bad_chunk(p, "the line of a chunk size is too long");
    if (!line_trim_cr(&line))
        return bad_chunk(p, "a chunk size does not end with CRLF");
    for (int d; n < line.len && (d = hex_digit(line.text[n])) >= 0; n++) {
        if (size > INT64_MAX >> 8)
            return bad_chunk(p, "a chunk size is too large");
        size = size << 4 | d;
    }
    if (n == 0)
        return bad_chunk(p, "a chunk size is no hexadecimal number");
    while (n < line.len && (line.text[n] == ' ' || line.text[n] == '\t'))
        n++;
    if ((n < line.len && line.text[n] != ';') || !line_is_clean(&line))
        return bad_chunk(p, "garbage behind a chunk size");
    p->left = size;
    p->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILER;
    p->head_len = 0;
    return HTTP1_MORE;
}

static enum http1_step read_trailer(struct http1 *p, struct line line)
{
    const char *why;

    if (p->head_len > HTTP1_HEAD_MAX)
        return bad_chunk(p, "the trailers are longer than 64 KiB");
    if (!line_trim_cr(&line) && line.full_len <= sizeof p->line)
        return bad_chunk(p, "a trailer does not end with CRLF");
    if (line.len == 0) {
        p->state = STATE_END;
        return HTTP1_END;
    }
    why = line_is_field(&line);
    return why ? bad_chunk(p, why) : HTTP1_MORE;
}

/* A chunk size or a trailer. Both are bounded while they are still incomplete. */
static enum http1_step next_chunk_line(struct http1 *p, const char **at, const char *end)
{
    struct line line;

    if (take_line(p, at, end, &line))
        return p->state == STATE_CHUNK_SIZE ? read_chunk_size(p, line) : read_trailer(p, line);
    if (p->state == STATE_CHUNK_SIZE && p->line_len > sizeof p->line)
        return bad_chunk(p, "the line of a chunk size is too long");
    if (p->head_len > HTTP1_HEAD_MAX)
        return bad_chunk(p, "the trailers are longer than 64 KiB");
    return HTTP1_MORE;
}

static enum http1_step take_counted(struct http1 *p, const char **at, const char *end,
                                    struct span *piece)
{
    int64_t n = i64_min(end - *at, p->left);

    piece->data = *at;
    piece->len = (size_t)n;
    *at += n;
    p->left -= n;
    if (p->left == 0)
        p->state = p->chunked ? STATE_CHUNK_CR : STATE_END;
    return HTTP1_BODY;
}

static enum http1_step take_all(const char **at, const char *end, struct span *piece)
{
    piece->data = *at;
    piece->len = (size_t)(end - *at);
    *at = end;
    return HTTP1_BODY;
}

static enum http1_step take_chunk_end(struct http1 *p, const char **at)
{
    bool cr = p->state == STATE_CHUNK_CR;

    if (**at != (cr ? '\r' : '\n'))
        return bad_chunk(p, "a chunk is not followed by CRLF");
    (*at)++;
    p->state = cr ? STATE_CHUNK_LF : STATE_CHUNK_SIZE;
    return HTTP1_MORE;
}

static void begin_body(struct http1 *p)
{
    p->state = p->chunked       ? STATE_CHUNK_SIZE
               : p->body_to_eof ? STATE_TO_EOF
               : p->left > 0    ? STATE_COUNTED
                                : STATE_END;
}

/* One state's worth; there is at least one byte. HTTP1_MORE: nothing to report yet. */
static enum http1_step advance(struct http1 *p, const char **at, const char *end,
                               struct span *piece)
{
    switch ((enum state)p->state) {
    case STATE_STATUS:
    case STATE_FIELD:
        return next_head(p, at, end);
    case STATE_COUNTED:
    case STATE_CHUNK_DATA:
        return take_counted(p, at, end, piece);
    case STATE_TO_EOF:
        return take_all(at, end, piece);
    case STATE_CHUNK_SIZE:
    case STATE_TRAILER:
        return next_chunk_line(p, at, end);
    case STATE_CHUNK_CR:
    case STATE_CHUNK_LF:
        return take_chunk_end(p, at);
    case STATE_HEAD_DONE:
    case STATE_END:
    case STATE_BAD_HEAD:
    case STATE_BAD_CHUNK:
        break;
    }
    assert(!"states that take no byte are settled before");
    return HTTP1_MORE;
}

enum http1_step http1_next(struct http1 *p, const char **at, const char *end, struct span *piece)
{
    enum http1_step step = HTTP1_MORE;

    if (p->state == STATE_HEAD_DONE)
        begin_body(p);
    if (p->state >= STATE_END)
        return http1_eof(p);
    while (step == HTTP1_MORE && *at < end)
        step = advance(p, at, end, piece);
    return step;
}

enum http1_step http1_eof(struct http1 *p)
{
    if (p->state == STATE_HEAD_DONE)
        begin_body(p);
    switch (p->state) {
    case STATE_TO_EOF:
        p->state = STATE_END;
        return HTTP1_END;
    case STATE_END:
        return HTTP1_END;
    case STATE_BAD_HEAD:
        return HTTP1_BAD_HEAD;
    case STATE_BAD_CHUNK:
        return HTTP1_BAD_CHUNK;
    default:
        return HTTP1_MORE;
    }
}
