/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event on the wire: "data: PAYLOAD\n\n" in a chunk of its own, in one write of its own. The
 * payload is built in the worker's scratch buffer, with room before it for the framing, so that
 * the timed path copies each byte once.
 */
#include "refserver.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64, HUGE_BYTES = 1 << 20, FLOOD_LINES = 70 };

static const char chat_tail[] = "\"},\"logprobs\":null,\"finish_reason\":null}]}";
static const char text_tail[] = "\",\"logprobs\":null,\"finish_reason\":null}]}";

const char *emit_word(int64_t i)
{
    static const char *const words[] = {" the", " measure", " of",   " a",  " thing", " as",
                                        " run", " is",      " what", " it", " does",  "."};

    return words[(uint64_t)i % COUNT_OF(words)];
}

void emit_prepare(struct conn *c)
{
    const struct request *r = &c->request;
    int n = snprintf(c->prefix, sizeof c->prefix,
                     "{\"id\":\"cmpl-%s\",\"object\":\"%s\",\"created\":0,\"model\":\"%s\","
                     "\"choices\":[",
                     r->id, r->chat ? "chat.completion.chunk" : "text_completion", r->model);

    c->prefix_len = (size_t)n;
    c->index = 0;
    c->sent = 0;
    c->head_at = 0;
    c->held_count = 0;
}

static void add_flood(struct str *s)
{
    char value[1001];

    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < FLOOD_LINES; i++)
        str_addf(s, "X-Flood-%02d: %s\r\n", i, value);
}

/* All of it at once, or one byte a call (the caller comes again until head_at is 0). */
void emit_head(struct worker *w, struct conn *c)
{
    AUTO(str_release) struct str s = {0};

    str_add(&s, "HTTP/1.1 200 OK\r\nServer: refserver\r\n"
                "Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n");
    if (c->mis == MIS_FLOOD_HEADERS)
        add_flood(&s);
    if (c->mis == MIS_GZIP)
        str_add(&s, "Content-Encoding: gzip\r\n");
    str_addf(&s, "Connection: %s\r\nTransfer-Encoding: chunked\r\n\r\n", answer_connection(w, c));
    if (c->mis != MIS_SLOW_HEAD && c->mis != MIS_DRIP) {
        conn_send(w, c, s.data, s.len);
        return;
    }
    conn_send(w, c, s.data + c->head_at, 1);
    c->head_at = c->head_at + 1 < s.len ? c->head_at + 1 : 0;
}

static void reserve(struct worker *w, size_t n)
{
    char *grown;

    if (n + 2 * (size_t)ROOM <= w->scratch_cap)
        return;
    grown = realloc(w->scratch, n + 2 * (size_t)ROOM);
    if (!grown)
        abort(); /* a test server without memory has nothing to say */
    w->scratch = grown;
    w->scratch_cap = n + 2 * (size_t)ROOM;
}

static void send_split(struct worker *w, struct conn *c, const char *data, size_t n)
{
    while (n > 0 && c->state != CONN_DEAD) {
        size_t piece = 1 + (size_t)rng_below(&c->rng, n < 80 ? n : 80);

        conn_send(w, c, data, piece);
        data += piece;
        n -= piece;
    }
}

static void hold(struct conn *c, const char *kind, size_t bytes, const char *data, size_t n)
{
    c->held[c->held_count++] = (struct held){c->index++, bytes, kind};
    str_addn(&c->hold, data, n);
}

void emit_flush(struct worker *w, struct conn *c)
{
    int64_t now = clock_mono_ns();

    for (size_t i = 0; i < c->held_count; i++)
        log_event(&w->log, c->request.id, c->held[i].index, now, c->held[i].bytes, c->held[i].kind);
    if (c->held_count > 0)
        conn_send(w, c, c->hold.data, c->hold.len);
    c->held_count = 0;
    str_clear(&c->hold);
}

static void send_event(struct worker *w, struct conn *c, const char *kind, size_t bytes,
                       const char *data, size_t n)
{
    if (c->mis == MIS_COALESCE) {
        hold(c, kind, bytes, data, n);
        if (c->held_count == HOLD)
            emit_flush(w, c);
        return;
    }
    w->sent_ns = clock_mono_ns();
    log_event(&w->log, c->request.id, c->index++, w->sent_ns, bytes, kind);
    if (c->mis == MIS_SPLIT)
        send_split(w, c, data, n);
    else
        conn_send(w, c, data, n);
}

static size_t put_hex(char *end, size_t v)
{
    size_t n = 0;

    do
        *--end = "0123456789abcdef"[v % 16], n++;
    while ((v /= 16) > 0);
    return n;
}

/* Wraps @n bytes that already lie at the scratch buffer's payload place. */
static void wrap(struct worker *w, struct conn *c, const char *kind, size_t n)
{
    char *at = w->scratch + ROOM;
    size_t digits;

    memcpy(at + n, "\n\n\r\n", 4);
    memcpy(at - 8, "\r\ndata: ", 8);
    digits = put_hex(at - 8, n + 8);
    send_event(w, c, kind, n, at - 8 - digits, digits + 8 + n + 4);
}

void emit(struct worker *w, struct conn *c, const char *kind, const char *payload, size_t n)
{
    reserve(w, n);
    memcpy(w->scratch + ROOM, payload, n);
    wrap(w, c, kind, n);
}

void emit_raw(struct worker *w, struct conn *c, const char *kind, const char *event, size_t n)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s, "%zx\r\n%.*s\r\n", n, (int)n, event);
    send_event(w, c, kind, n, s.data, s.len);
}

void emit_typed(struct worker *w, struct conn *c, const char *kind, const char *type,
                const struct str *payload)
{
    AUTO(str_release) struct str s = {0}, event = {0};

    str_addf(&event, "event: %s\ndata: %s\n\n", type, payload->data);
    str_addf(&s, "%zx\r\n%s\r\n", event.len, event.data);
    send_event(w, c, kind, payload->len, s.data, s.len);
}

static char *put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

static char *content_begin(struct worker *w, const struct conn *c)
{
    const bool chat = c->request.chat;
    const char *open = chat ? "{\"index\":0,\"delta\":{\"content\":\"" : "{\"index\":0,\"text\":\"";

    return put(put(w->scratch + ROOM, c->prefix, c->prefix_len), open, strlen(open));
}

static void content_end(struct worker *w, struct conn *c, char *at)
{
    at = c->request.chat ? put(at, chat_tail, sizeof chat_tail - 1)
                         : put(at, text_tail, sizeof text_tail - 1);
    wrap(w, c, "content", (size_t)(at - w->scratch) - ROOM);
}

void emit_content(struct worker *w, struct conn *c, const char *text)
{
    content_end(w, c, put(content_begin(w, c), text, strlen(text)));
}

void emit_huge(struct worker *w, struct conn *c)
{
    char *at;

    reserve(w, HUGE_BYTES + sizeof c->prefix + 256);
    at = content_begin(w, c);
    memset(at, 'x', HUGE_BYTES);
    content_end(w, c, at + HUGE_BYTES);
}
