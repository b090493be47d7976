/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/split.h - the invariant that all stream parsers share: however the input is cut, the
 * same things happen. What happens goes into a hash: steps as they are, payload bytes one by one,
 * so that adjacent payload merges. Each part is fed from its own allocation, so that a sanitizer
 * sees a read beyond it. The first byte of a fuzz input chooses the cuts.
 */
#pragma once
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEMAND(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct seen {
    uint64_t hash;
    int64_t steps, payload;
};

static inline void see(struct seen *s, char what, uint64_t value)
{
    s->hash = (s->hash ^ (unsigned char)what ^ value << 8) * UINT64_C(0x9e3779b97f4a7c15);
    s->hash ^= s->hash >> 29;
}

static inline void see_step(struct seen *s, char what, int64_t value)
{
    see(s, what, (uint64_t)value);
    s->steps++;
}

static inline void see_payload(struct seen *s, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        see(s, 'p', (unsigned char)data[i]);
    s->payload += (int64_t)n;
}

/* One way of feeding: begin, feed each part, end. */
struct target {
    void (*begin)(struct seen *s);
    void (*feed)(struct seen *s, const char *at, const char *end);
    void (*end)(struct seen *s, size_t total);
};

static inline void feed_part(const struct target *t, struct seen *s, const uint8_t *data, size_t n)
{
    char *copy = malloc(n ? n : 1);

    DEMAND(copy);
    memcpy(copy, data, n);
    t->feed(s, copy, copy + n);
    free(copy);
}

/* @cuts 0: whole; else parts of 1 to 8 bytes, now and then of up to 255. */
static inline struct seen feed_cut(const struct target *t, const uint8_t *data, size_t n,
                                   uint32_t cuts)
{
    struct seen s = {0};
    size_t at = 0;

    t->begin(&s);
    while (at < n) {
        size_t part = n - at;

        if (cuts) {
            cuts = cuts * 1664525 + 1013904223;
            part = 1 + ((cuts >> 24) & (cuts >> 20 & 7 ? 7 : 255));
            part = part < n - at ? part : n - at;
        }
        feed_part(t, &s, data + at, part);
        at += part;
    }
    t->end(&s, n);
    return s;
}

static inline void same_however_cut(const struct target *t, const uint8_t *data, size_t n)
{
    struct seen whole, cut;

    if (n == 0)
        return;
    whole = feed_cut(t, data + 1, n - 1, 0);
    cut = feed_cut(t, data + 1, n - 1, data[0] + 1u);
    DEMAND(whole.steps == cut.steps);
    DEMAND(whole.payload == cut.payload);
    DEMAND(whole.hash == cut.hash);
}
