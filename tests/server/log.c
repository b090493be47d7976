/* SPDX-License-Identifier: Apache-2.0 */
/* The log of what was sent when: text lines into a buffer that never grows, one write per flush. */
#include "refserver.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_CAP = 1 << 20, LOG_LINE = 384 };
#define LOG_HOLD_NS (5 * NS_PER_MS)

int log_init(struct log *l, int fd)
{
    *l = (struct log){.fd = fd, .oldest_ns = TIME_NONE};
    if (fd < 0)
        return 0;
    l->data = malloc(LOG_CAP);
    if (l->data)
        memset(l->data, 0, LOG_CAP); /* faulted in now, not on the timed path */
    return l->data ? 0 : -ENOMEM;
}

static char *put_text(char *at, const char *text)
{
    size_t n = strlen(text);

    memcpy(at, text, n);
    return at + n;
}

static char *put_i64(char *at, int64_t v)
{
    char digits[24];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *line_begin(struct log *l, int64_t ns)
{
    if (l->len + LOG_LINE > LOG_CAP)
        log_flush(l);
    if (l->oldest_ns == TIME_NONE)
        l->oldest_ns = ns;
    return l->data + l->len;
}

static void line_end(struct log *l, char *at)
{
    *at++ = '\n';
    l->len = (size_t)(at - l->data);
}

void log_event(struct log *l, const char *id, int64_t index, int64_t ns, size_t bytes,
               const char *kind)
{
    char *at;

    if (l->fd < 0)
        return;
    at = put_text(line_begin(l, ns), id);
    *at++ = ' ';
    at = put_i64(at, index);
    *at++ = ' ';
    at = put_i64(at, ns);
    *at++ = ' ';
    at = put_i64(at, (int64_t)bytes);
    *at++ = ' ';
    line_end(l, put_text(at, kind));
}

void log_note(struct log *l, const char *id, const char *what, int64_t ns)
{
    char *at;

    if (l->fd < 0)
        return;
    at = put_text(line_begin(l, ns), id);
    *at++ = ' ';
    at = put_text(at, what);
    *at++ = ' ';
    line_end(l, put_i64(at, ns));
}

void log_hangup(struct log *l, const char *id, int64_t ns, int64_t tokens)
{
    char *at;

    if (l->fd < 0)
        return;
    at = put_i64(put_text(put_text(line_begin(l, ns), id), " hangup "), ns);
    *at++ = ' ';
    line_end(l, put_i64(at, tokens));
}

void log_model(struct log *l, const char *id, int64_t ns, const char *model)
{
    char *at;

    if (l->fd < 0)
        return;
    at = put_i64(put_text(put_text(line_begin(l, ns), id), " model "), ns);
    *at++ = ' ';
    line_end(l, put_text(at, model));
}

static char *put_hex(char *at, uint64_t v)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[v >> shift & 15];
    return at;
}

void log_prompt(struct log *l, const struct request *r, int64_t ns)
{
    char *at;

    if (l->fd < 0)
        return;
    at = put_i64(put_text(put_text(line_begin(l, ns), r->id), " prompt "), ns);
    *at++ = ' ';
    at = put_text(at, r->roles);
    *at++ = ' ';
    at = put_i64(at, r->words);
    *at++ = ' ';
    at = put_i64(at, r->cached);
    *at++ = ' ';
    at = put_hex(at, r->text);
    *at++ = ' ';
    line_end(l, put_hex(at, r->text_then));
}

int64_t log_due(const struct log *l)
{
    return l->oldest_ns == TIME_NONE ? INT64_MAX : l->oldest_ns + LOG_HOLD_NS;
}

void log_flush(struct log *l)
{
    size_t at = 0;

    while (l->fd >= 0 && at < l->len) {
        ssize_t n = write(l->fd, l->data + at, l->len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* the disk is full: a test that reads the log will see the hole */
        at += (size_t)n;
    }
    l->len = 0;
    l->oldest_ns = TIME_NONE;
}

void log_release(struct log *l)
{
    log_flush(l);
    free(TAKE(l->data));
}
