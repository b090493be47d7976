/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/wire/feed.h - one input, every way it can arrive: whole, byte by byte, and at each
 * two-way split. Each part lies so that its last byte touches a page that cannot be read; what the
 * parser has done is written down as text, adjacent payload merged, and must always be the same.
 */
#pragma once
#include "base/str.h"
#include "harness/unit.h"
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *map;
    char *wall; /* the first byte that cannot be read */
    size_t size;
};

static inline void guard_open(struct guard *g, size_t room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    g->size = (room + page - 1) / page * page + page;
    g->map = mmap(NULL, g->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->map != MAP_FAILED);
    g->wall = g->map + g->size - page;
    assert_int_equal(mprotect(g->wall, page, PROT_NONE), 0);
}

static inline const char *guard_place(struct guard *g, const char *data, size_t n)
{
    return memcpy(g->wall - n, data, n);
}

static inline void guard_close(struct guard *g)
{
    assert_int_equal(munmap(g->map, g->size), 0);
}

/* What a parser did. begin() and end() frame an input; feed() gets each part of it. */
struct trace {
    struct str text;
    struct str payload; /* not yet written to @text */
};

struct feed_ops {
    void (*begin)(struct trace *t);
    void (*feed)(struct trace *t, const char *at, const char *end);
    void (*end)(struct trace *t);
};

static inline void trace_flush(struct trace *t)
{
    if (t->payload.len > 0) {
        str_add(&t->text, "<");
        str_addn(&t->text, t->payload.data, t->payload.len);
        str_add(&t->text, ">");
        str_clear(&t->payload);
    }
}

static inline void trace_say(struct trace *t, const char *word)
{
    trace_flush(t);
    if (t->text.len > 0)
        str_add(&t->text, " ");
    str_add(&t->text, word);
}

static inline void trace_payload(struct trace *t, const char *data, size_t n)
{
    str_addn(&t->payload, data, n);
}

/* Feeds @first bytes, then the rest @step at a time, and compares the trace with @want. */
static inline void feed_split(const struct feed_ops *ops, struct guard *g, const char *data,
                              size_t n, size_t first, size_t step, const char *want)
{
    struct trace t = {0};

    ops->begin(&t);
    for (size_t at = 0, part = first; at < n; at += part, part = step) {
        const char *placed;

        if (part > n - at)
            part = n - at;
        placed = guard_place(g, data + at, part);
        ops->feed(&t, placed, placed + part);
    }
    ops->end(&t);
    trace_flush(&t);
    assert_true(str_ok(&t.text) && str_ok(&t.payload));
    if (strcmp(t.text.data, want) != 0)
        fail_msg("first %zu, then by %zu, of\n%.*s\ngave %s\nnot  %s", first, step, (int)n, data,
                 t.text.data, want);
    str_release(&t.text);
    str_release(&t.payload);
}

static inline void feed_every_way(const struct feed_ops *ops, const char *data, size_t n,
                                  const char *want)
{
    struct guard g;

    guard_open(&g, n + 1);
    feed_split(ops, &g, data, n, n, n, want);
    feed_split(ops, &g, data, n, 1, 1, want);
    for (size_t first = 1; first < n; first++)
        feed_split(ops, &g, data, n, first, n, want);
    guard_close(&g);
}
