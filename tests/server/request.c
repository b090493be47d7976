/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's head and JSON body. The body is scanned in place, in one pass and without
 * allocation, because it is read between two deadlines of other streams. Tokens are words: runs of
 * characters that are no white space, in the texts of the prompt, in order.
 */
#include "refserver.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SCAN_DEPTH = 32, MAX_BODY = 64 << 20 };

static void copy_text(char *to, size_t cap, const char *from, size_t n)
{
    n = n < cap ? n : cap - 1;
    memcpy(to, from, n);
    to[n] = '\0';
}

static bool is_header(const char *line, size_t n, const char *name, struct slice *ret)
{
    size_t len = strlen(name);

    if (n <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
        return false;
    line += len + 1;
    n -= len + 1;
    for (; n > 0 && (*line == ' ' || *line == '\t'); n--)
        line++;
    while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
        n--;
    *ret = (struct slice){line, n};
    return true;
}

static void header_line(struct request *r, const char *line, size_t n)
{
    struct slice v;

    if (is_header(line, n, "content-length", &v)) {
        char digits[16];

        copy_text(digits, sizeof digits, v.data, v.len);
        r->body_len = strtoll(digits, NULL, 10);
    } else if (is_header(line, n, "x-request-id", &v)) {
        copy_text(r->id, sizeof r->id, v.data, v.len);
        for (char *c = r->id; *c; c++)
            if (*c <= ' ' || *c == '"' || *c == '\\')
                *c = '_';
    } else if (is_header(line, n, "connection", &v)) {
        r->keep_alive = v.len != 5 || strncasecmp(v.data, "close", 5) != 0;
    } else if (is_header(line, n, "expect", &v)) {
        r->expects = true;
    } else if (is_header(line, n, "authorization", &v)) {
        copy_text(r->key, sizeof r->key, v.data, v.len);
    }
}

/* The path of the whole URL that a client sends to a proxy (RFC 9112, 3.2.2). */
static void take_path(struct request *r, const char *at, size_t n)
{
    const char *slash = n > 7 && strncmp(at, "http://", 7) == 0 ? memchr(at + 7, '/', n - 7) : at;

    if (slash)
        copy_text(r->path, sizeof r->path, slash, n - (size_t)(slash - at));
}

static int request_line(struct request *r, const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n), *end;

    if (!space || n < 14)
        return -EINVAL;
    copy_text(r->method, sizeof r->method, line, (size_t)(space - line));
    end = memchr(space + 1, ' ', n - (size_t)(space + 1 - line));
    if (!end || strncmp(end + 1, "HTTP/1.", 7) != 0)
        return -EINVAL;
    take_path(r, space + 1, (size_t)(end - space - 1));
    r->keep_alive = end[8] != '0';
    return 0;
}

int request_head(struct request *r, const char *head, size_t n)
{
    const char *at = head, *end = head + n;
    bool first = true;

    *r = (struct request){.keep_alive = true, .max_tokens = -1};
    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));

        if (!nl)
            return -EINVAL;
        if (first && request_line(r, at, (size_t)(nl - at)) < 0)
            return -EINVAL;
        if (!first)
            header_line(r, at, (size_t)(nl - at));
        first = false;
        at = nl + 1;
    }
    return r->body_len >= 0 && r->body_len <= MAX_BODY ? 0 : -EINVAL;
}

struct scan {
    const char *at, *end;
    struct request *request;
    struct prefix_set *prefixes;
    uint64_t hash; /* of the words so far */
    uint64_t then; /* request->text before the message */
    bool shared;   /* every word so far was part of an earlier prompt's prefix */
    int depth;
};

static char peek(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
    return s->at < s->end ? *s->at : '\0';
}

static bool take(struct scan *s, char c)
{
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

static int scan_string(struct scan *s, struct slice *ret)
{
    const char *from;

    if (!take(s, '"'))
        return -EINVAL;
    for (from = s->at; s->at < s->end; s->at++) {
        if (*s->at == '\\')
            s->at++;
        else if (*s->at == '"') {
            *ret = (struct slice){from, (size_t)(s->at++ - from)};
            return 0;
        }
    }
    return -EINVAL;
}

typedef int member_fn(struct scan *s, struct slice key);
static int skip_value(struct scan *s);

static int scan_object(struct scan *s, member_fn *member)
{
    struct slice key;

    if (!take(s, '{') || ++s->depth > SCAN_DEPTH)
        return -EINVAL;
    if (!take(s, '}')) {
        do
            if (scan_string(s, &key) < 0 || !take(s, ':') || member(s, key) < 0)
                return -EINVAL;
        while (take(s, ','));
        if (!take(s, '}'))
            return -EINVAL;
    }
    s->depth--;
    return 0;
}

static int scan_array(struct scan *s, int (*item)(struct scan *))
{
    if (!take(s, '[') || ++s->depth > SCAN_DEPTH)
        return -EINVAL;
    if (!take(s, ']')) {
        do
            if (item(s) < 0)
                return -EINVAL;
        while (take(s, ','));
        if (!take(s, ']'))
            return -EINVAL;
    }
    s->depth--;
    return 0;
}

static int skip_member(struct scan *s, struct slice key)
{
    (void)key;
    return skip_value(s);
}

static int skip_value(struct scan *s)
{
    struct slice ignored;
    char c = peek(s);
    const char *from = s->at;

    if (c == '"')
        return scan_string(s, &ignored);
    if (c == '{')
        return scan_object(s, skip_member);
    if (c == '[')
        return scan_array(s, skip_value);
    while (s->at < s->end && (strchr("+-.", *s->at) || (*s->at >= '0' && *s->at <= '9') ||
                              (*s->at >= 'a' && *s->at <= 'z') || *s->at == 'E'))
        s->at++;
    return s->at > from ? 0 : -EINVAL;
}

static void add_word(struct scan *s, uint64_t word)
{
    s->request->words++;
    if (!s->prefixes->slots)
        return;
    s->hash = (s->hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    s->hash ^= s->hash >> 29;
    s->shared = prefix_set_add(s->prefixes, s->hash) && s->shared;
    s->request->cached += s->shared;
}

/* White space of the raw JSON text: a blank, or an escape that stands for one. */
static size_t blank_at(struct slice t, size_t i)
{
    if (t.data[i] == ' ')
        return 1;
    if (t.data[i] == '\\' && i + 1 < t.len && strchr("ntr", t.data[i + 1]))
        return 2;
    return 0;
}

static void add_text(struct request *r, struct slice t)
{
    for (size_t i = 0; i < t.len; i++)
        r->text = (r->text ^ (uint8_t)t.data[i]) * UINT64_C(0x100000001b3);
    r->text = (r->text ^ 0x100) * UINT64_C(0x100000001b3); /* where a text ends counts, too */
}

static void add_words(struct scan *s, struct slice t)
{
    const uint64_t basis = UINT64_C(0xcbf29ce484222325);
    uint64_t hash = basis;
    bool in_word = false;

    add_text(s->request, t);
    for (size_t i = 0, blank; i < t.len; i += blank ? blank : 1) {
        blank = blank_at(t, i);
        if (blank == 0)
            hash = (hash ^ (uint8_t)t.data[i]) * UINT64_C(0x100000001b3);
        else if (in_word)
            add_word(s, hash);
        in_word = blank == 0;
        if (blank)
            hash = basis;
    }
    if (in_word)
        add_word(s, hash);
}

static bool key_is(struct slice key, const char *name)
{
    return key.len == strlen(name) && memcmp(key.data, name, key.len) == 0;
}

static int part_member(struct scan *s, struct slice key)
{
    struct slice text;

    if (!key_is(key, "text") || peek(s) != '"')
        return skip_value(s);
    if (scan_string(s, &text) < 0)
        return -EINVAL;
    add_words(s, text);
    return 0;
}

/* A prompt or a part of one: a text, a token id, or a list or object of such. */
static int scan_text(struct scan *s)
{
    struct slice text;
    char c = peek(s);

    if (c == '[')
        return scan_array(s, scan_text);
    if (c == '{')
        return scan_object(s, part_member);
    if (c != '"') { /* a token id is a word of its own */
        const char *from = s->at;

        if (skip_value(s) < 0)
            return -EINVAL;
        add_words(s, (struct slice){from, (size_t)(s->at - from)});
        return 0;
    }
    if (scan_string(s, &text) < 0)
        return -EINVAL;
    add_words(s, text);
    return 0;
}

static int take_role(struct scan *s)
{
    struct request *r = s->request;
    size_t n = strlen(r->roles);
    struct slice role;

    if (scan_string(s, &role) < 0 || role.len == 0)
        return -EINVAL;
    add_text(r, role);
    if (n + 1 < sizeof r->roles)
        r->roles[n] = role.data[0];
    return 0;
}

static int message_member(struct scan *s, struct slice key)
{
    if (key_is(key, "role") && peek(s) == '"')
        return take_role(s);
    return key_is(key, "content") ? scan_text(s) : skip_value(s);
}

static int scan_message(struct scan *s)
{
    s->request->text_then = s->then;
    s->then = s->request->text;
    return scan_object(s, message_member);
}

static int option_member(struct scan *s, struct slice key)
{
    if (key_is(key, "include_usage"))
        s->request->include_usage = peek(s) == 't';
    return skip_value(s);
}

static int take_model(struct scan *s)
{
    struct slice text;

    if (scan_string(s, &text) < 0)
        return -EINVAL;
    if (text.len < sizeof s->request->model) /* a longer one isn't echoed */
        copy_text(s->request->model, sizeof s->request->model, text.data, text.len);
    return 0;
}

/* An input of the KServe protocol: its data is text. */
static int input_member(struct scan *s, struct slice key)
{
    return key_is(key, "data") ? scan_text(s) : skip_value(s);
}

static int scan_input(struct scan *s)
{
    return scan_object(s, input_member);
}

static int scan_document(struct scan *s)
{
    s->request->documents++;
    return scan_text(s);
}

static int top_member(struct scan *s, struct slice key)
{
    if (key_is(key, "input") || key_is(key, "query"))
        return scan_text(s);
    if (key_is(key, "inputs"))
        return scan_array(s, scan_input);
    if (key_is(key, "documents"))
        return scan_array(s, scan_document);
    if (key_is(key, "model"))
        return take_model(s);
    if (key_is(key, "messages"))
        return scan_array(s, scan_message);
    if (key_is(key, "prompt")) {
        s->request->roles[0] = '-';
        return scan_text(s);
    }
    if (key_is(key, "stream_options") && peek(s) == '{')
        return scan_object(s, option_member);
    if (key_is(key, "stream"))
        s->request->stream = peek(s) == 't';
    if (key_is(key, "max_tokens") || key_is(key, "max_completion_tokens") ||
        key_is(key, "max_output_tokens")) {
        char c = peek(s);

        if (c >= '0' && c <= '9') /* ends at the body's NUL at the latest */
            s->request->max_tokens = strtoll(s->at, NULL, 10);
    }
    return skip_value(s);
}

int request_body(struct request *r, const char *body, size_t n, struct prefix_set *p)
{
    struct scan s = {.at = body, .end = body + n, .request = r, .prefixes = p, .shared = true};

    if (scan_object(&s, top_member) < 0)
        return -EINVAL;
    return peek(&s) == '\0' ? 0 : -EINVAL;
}
