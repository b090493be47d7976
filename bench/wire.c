/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/wire.c - what it costs to read one 200-byte event: an HTTP chunk with one Server-Sent Event
 * in it, alone in its read as on the wire. Prints a table row: the median round and the range.
 */
#include "base/clock.h"
#include "wire/http1.h"
#include "wire/openai.h"
#include "wire/sse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS = 100000, ROUNDS = 21, EVENT_SIZE = 200 };

struct reader {
    struct http1 http;
    struct sse sse;
    struct openai openai;
    int64_t events, text_bytes; /* so that nothing can be left out */
};

static int64_t cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void dispatch(struct reader *r)
{
    struct openai_event event;

    if (openai_end(&r->openai, &event) < 0 || event.kind != (OPENAI_CONTENT | OPENAI_CHOICES))
        abort();
    r->events++;
    r->text_bytes += event.text_bytes;
    openai_begin(&r->openai);
}

static void read_body(struct reader *r, struct span body)
{
    const char *at = body.data, *end = at + body.len;
    struct span data;

    for (enum sse_step step; (step = sse_next(&r->sse, &at, end, &data)) != SSE_MORE;) {
        if (step == SSE_BAD)
            abort();
        if (step == SSE_DATA)
            openai_feed(&r->openai, data.data, data.len);
        else
            dispatch(r);
    }
}

static void read_bytes(struct reader *r, const char *at, size_t n)
{
    const char *end = at + n;
    struct span piece;

    for (enum http1_step step; (step = http1_next(&r->http, &at, end, &piece)) != HTTP1_MORE;) {
        if (step == HTTP1_BODY)
            read_body(r, piece);
        else if (step != HTTP1_HEAD)
            abort();
    }
}

static void begin(struct reader *r)
{
    const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n";

    http1_init(&r->http);
    sse_init(&r->sse);
    openai_begin(&r->openai);
    r->events = r->text_bytes = 0;
    read_bytes(r, head, sizeof head - 1);
}

static int print_event(char *buf, size_t size, int id_digits)
{
    return snprintf(buf, size,
                    "data: {\"id\":\"chatcmpl-%0*d\",\"object\":\"chat.completion.chunk\","
                    "\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,"
                    "\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n",
                    id_digits, 0);
}

/* A chat delta, its id as long as it takes to make the event EVENT_SIZE bytes. */
static size_t build_chunk(char *chunk, size_t size)
{
    int digits = EVENT_SIZE - print_event(NULL, 0, 1) + 1;
    int n = snprintf(chunk, size, "%x\r\n", (unsigned)EVENT_SIZE);

    n += print_event(chunk + n, size - (size_t)n, digits);
    n += snprintf(chunk + n, size - (size_t)n, "\r\n");
    return (size_t)n;
}

static double round_ns(const char *chunk, size_t n, size_t part)
{
    static struct reader r;
    int64_t before;

    begin(&r);
    before = cpu_ns();
    for (int i = 0; i < EVENTS; i++)
        for (size_t at = 0; at < n; at += part)
            read_bytes(&r, chunk + at, n - at < part ? n - at : part);
    if (r.events != EVENTS || r.text_bytes != 5 * (int64_t)EVENTS)
        abort();
    return (double)(cpu_ns() - before) / EVENTS;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void row(const char *name, const char *chunk, size_t n, size_t part)
{
    double ns[ROUNDS];

    for (int i = 0; i < ROUNDS; i++)
        ns[i] = round_ns(chunk, n, part);
    qsort(ns, ROUNDS, sizeof ns[0], ascending);
    printf("| %s | %.0f | %.0f to %.0f |\n", name, ns[ROUNDS / 2], ns[0], ns[ROUNDS - 1]);
}

int main(void)
{
    char chunk[EVENT_SIZE + 16];
    size_t n = build_chunk(chunk, sizeof chunk);

    printf("| http1 + sse + openai, %d-byte event | ns of CPU per event, median | range |\n"
           "|---|---|---|\n",
           EVENT_SIZE);
    row("one read an event", chunk, n, n);
    row("three reads an event", chunk, n, n / 3 + 1);
    return 0;
}
