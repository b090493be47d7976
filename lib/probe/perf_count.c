/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/perf_count.c - open addressing, linear probes, nothing is removed. */
#include "probe/perf_count.h"
#include <stdlib.h>

int perf_counts_init(struct perf_counts *c, size_t size)
{
    assert(size >= 8 && (size & (size - 1)) == 0);
    *c = (struct perf_counts){.slots = calloc(size, sizeof *c->slots), .size = size};
    return c->slots ? 0 : -ENOMEM;
}

/* splitmix64's finaliser (Steele, Lea, Flood 2014) */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Its slot, or the free one where it would be. The table is never quite full. */
static struct perf_count *slot_of(const struct perf_counts *c, uint32_t phase, uint32_t object,
                                  uint64_t offset)
{
    size_t i = (size_t)mixed(offset ^ mixed((uint64_t)phase << 32 | object)) & (c->size - 1);
    struct perf_count *s;

    for (;; i = (i + 1) & (c->size - 1)) {
        s = &c->slots[i];
        if (s->samples == 0 || (s->offset == offset && s->object == object && s->phase == phase))
            return s;
    }
}

void perf_counts_add(struct perf_counts *c, uint32_t phase, uint32_t object, uint64_t offset)
{
    struct perf_count *s = slot_of(c, phase, object, offset);

    if (s->samples == 0 && c->count >= c->size / 4 * 3) { /* the last quarter is for objects */
        offset = PERF_NOWHERE;
        s = slot_of(c, phase, object, offset);
    }
    if (s->samples == 0 && c->count == c->size - 1) {
        c->dropped++;
        return;
    }
    c->count += s->samples == 0;
    *s = (struct perf_count){offset, object, phase, s->samples + 1};
}

static int by_place(const void *pa, const void *pb)
{
    const struct perf_count *a = pa, *b = pb;

    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->phase < b->phase ? -1 : a->phase > b->phase;
}

void perf_counts_sort(struct perf_counts *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->size; i++)
        if (c->slots[i].samples > 0)
            c->slots[n++] = c->slots[i];
    assert(n == c->count);
    qsort(c->slots, n, sizeof *c->slots, by_place);
}

void perf_counts_release(struct perf_counts *c)
{
    free(c->slots);
    *c = (struct perf_counts){0};
}
