/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our HTTP/1.1 parser beside llhttp (Node's), built only where its sources are installed: what both
 * take, they read alike (status, body, end, persistence); what only one takes is in a table here,
 * by the words of the one that refuses. Bodies of 1xx, 204 and 304 are skipped in both (RFC
 * 9112, 6.3).
 */
#include "split.h"
#include "wire/http1.h"
#include <llhttp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum end { END_CUT, END_WHOLE, END_BAD };

struct view {
    int status; /* 0: the head never ended */
    bool keep_alive;
    uint64_t body_hash;
    size_t body_len;
    enum end end;
    const char *why;
};

/* Where we refuse and llhttp 8 reads on: leniency could lose the framing, or the line is broken. */
static const char *const strict[] = {
    "the answer does not begin with an HTTP/1 status line", /* nor an interim answer before it */
    "the status is no number",
    "malformed status line",
    "the server switches protocols unasked",
    "a folded header line",
    "a header line without a name and a colon",
    "a control character in a header line",
    "a header line that decides the framing is longer than 1 KiB",
    "a Transfer-Encoding other than chunked",
    "the line of a chunk size is too long",
    "garbage behind a chunk size",
    "a chunk size does not end with CRLF",
    "a chunk is not followed by CRLF",
    "a trailer does not end with CRLF",
};

/* Where llhttp refuses and we read on: what stands there says nothing about the framing. */
static const char *const lenient[] = {
    "Invalid HTTP version",            /* HTTP/1.2 to 1.9 */
    "Invalid header token",            /* lines that end with LF alone */
    "Invalid header value char",       /* the same, and bytes over 0x7f in Connection */
    "Invalid character in chunk size", /* blanks behind it */
    "Invalid character in chunk extensions",
    "Invalid character in chunk extensions name",
    "Invalid character in chunk extensions value",
    "Invalid character in chunk extensions quote value",
    "Invalid character in chunk extensions quoted value",
};

static bool is_listed(const char *why, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (why && strcmp(why, list[i]) == 0)
            return true;
    return false;
}

static void add_body(struct view *v, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v->body_hash = (v->body_hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    v->body_len += n;
}

static struct view read_ours(const char *at, const char *end)
{
    struct view v = {0};
    enum http1_step step;
    struct span piece;
    struct http1 p;

    http1_init(&p);
    while ((step = http1_next(&p, &at, end, &piece)) == HTTP1_HEAD || step == HTTP1_BODY) {
        if (step == HTTP1_BODY)
            add_body(&v, piece.data, piece.len);
        v.status = p.status;
        v.keep_alive = p.keep_alive;
    }
    if (step == HTTP1_MORE)
        step = http1_eof(&p);
    v.end = step == HTTP1_END ? END_WHOLE : step == HTTP1_MORE ? END_CUT : END_BAD;
    v.why = p.why;
    return v;
}

static int head_done(llhttp_t *p)
{
    struct view *v = p->data;

    if (p->status_code < 200)
        return 1;
    v->status = p->status_code;
    /* Here, as a trailer may change llhttp's mind. HTTP/1.0 has no chunks: we don't trust it then.
     */
    v->keep_alive = llhttp_should_keep_alive(p) && !(p->http_minor == 0 && (p->flags & F_CHUNKED));
    return p->status_code == 204 || p->status_code == 304;
}

static int body_came(llhttp_t *p, const char *at, size_t n)
{
    add_body(p->data, at, n);
    return 0;
}

static int message_done(llhttp_t *p)
{
    struct view *v = p->data;

    if (p->status_code < 200)
        return 0;
    v->end = END_WHOLE;
    return HPE_PAUSED;
}

static struct view read_theirs(const char *at, size_t n)
{
    struct view v = {0};
    llhttp_settings_t settings;
    llhttp_errno_t code;
    llhttp_t p;

    llhttp_settings_init(&settings);
    settings.on_headers_complete = head_done;
    settings.on_body = body_came;
    settings.on_message_complete = message_done;
    llhttp_init(&p, HTTP_RESPONSE, &settings);
    llhttp_set_lenient_keep_alive(&p, 1); /* an interim response does not end the connection */
    p.data = &v;
    code = llhttp_execute(&p, at, n);
    if (code == HPE_OK)
        (void)llhttp_finish(&p);
    if (v.end == END_WHOLE)
        return v;
    v.end = code == HPE_OK ? END_CUT : END_BAD;
    v.why = code == HPE_OK ? NULL : llhttp_get_error_reason(&p);
    return v;
}

static void show(const char *who, const struct view *v)
{
    fprintf(stderr, "%s: status %d, %zu bytes of body, %s, %s%s%s\n", who, v->status, v->body_len,
            v->keep_alive ? "kept" : "not kept",
            v->end == END_CUT     ? "cut"
            : v->end == END_WHOLE ? "whole"
                                  : "bad",
            v->why ? ": " : "", v->why ? v->why : "");
}

/* What is cut for the one may be bad for the other: we judge a line when it is complete. */
static bool agree(const struct view *a, const struct view *b)
{
    if (a->end == END_WHOLE && b->end == END_BAD)
        return is_listed(b->why, lenient, COUNT_OF(lenient));
    if (a->end == END_BAD && b->end == END_WHOLE)
        return is_listed(a->why, strict, COUNT_OF(strict));
    if (a->end == END_BAD || b->end == END_BAD)
        return true;
    return a->end == b->end && a->status == b->status && a->keep_alive == b->keep_alive &&
           a->body_len == b->body_len && a->body_hash == b->body_hash;
}

/* What llhttp 8 misreads: a CR that no LF follows ends a line there (and a byte is dropped); a tab
 * behind "chunked" makes another coding of it, and one behind a length no length. (A tab is white
 * space there: RFC 9110, 5.6.3.) */
static bool is_misread(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((at[i] == '\r' && (i + 1 == n || at[i + 1] != '\n')) ||
            (at[i] == '\t' && i > 0 &&
             ((at[i - 1] | 0x20) == 'd' || (at[i - 1] >= '0' && at[i - 1] <= '9'))))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *at = (const char *)data + 1; /* the first byte is the cuts', as in fuzz_http1 */
    struct view ours, theirs;

    if (n == 0 || is_misread(at, n - 1))
        return 0;
    ours = read_ours(at, at + n - 1);
    theirs = read_theirs(at, n - 1);
    if (agree(&ours, &theirs))
        return 0;
    show("ours", &ours);
    show("llhttp", &theirs);
    DEMAND(!"the two agree");
    return 0;
}
