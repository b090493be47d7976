/* SPDX-License-Identifier: Apache-2.0 */
/* First byte even: the text of /proc/PID/maps. Odd: what stands in a sampling ring. */
#include "probe/perf_maps.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define DEMAND(x)                                                                                  \
    do {                                                                                           \
        if (!(x))                                                                                  \
            abort();                                                                               \
    } while (0)

struct table {
    struct perf_maps maps;
    struct perf_objects objects;
};

static void demand_order(const struct table *t)
{
    for (size_t i = 0; i < t->maps.count; i++) {
        const struct perf_mapping *a = &t->maps.items[i];

        DEMAND(a->start < a->end && a->object < t->objects.count);
        for (size_t j = 0; j < i && t->maps.count < 200; j++)
            DEMAND(a->end <= t->maps.items[j].start || a->start >= t->maps.items[j].end);
    }
}

static void on_sample(void *ctx, uint64_t ip, bool user)
{
    struct table *t = ctx;
    const struct perf_mapping *m = perf_maps_find(&t->maps, ip);

    (void)user;
    DEMAND(!m || (ip >= m->start && ip < m->end));
}

static void on_map(void *ctx, const struct perf_map *m)
{
    struct table *t = ctx;

    DEMAND(strlen(m->path) < 8192);
    DEMAND(perf_maps_add(&t->maps, &t->objects, m) == 0);
}

/* @n bytes at the end of a ring of the next power of two, and again across its end. */
static void read_ring(struct table *t, const uint8_t *data, size_t n)
{
    const struct perf_visitor v = {.sample = on_sample, .map = on_map, .ctx = t};
    size_t size = 64;
    unsigned char *ring;

    while (size < n)
        size *= 2;
    for (size_t at = size - n, round = 0; round < 2; round++, at += n / 2) {
        ring = calloc(1, size);
        DEMAND(ring);
        for (size_t i = 0; i < n; i++)
            ring[(at + i) & (size - 1)] = data[i];
        perf_records(ring, size, at, at + n, &v);
        free(ring);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct table t = {.maps = {0}};
    char *text;

    if (n == 0)
        return 0;
    DEMAND(perf_objects_init(&t.objects) == 0);
    text = strndup((const char *)data + 1, n - 1);
    DEMAND(text);
    if (data[0] & 1)
        read_ring(&t, data + 1, n - 1);
    else
        DEMAND(perf_maps_parse(&t.maps, &t.objects, text) == 0);
    demand_order(&t);
    free(text);
    perf_maps_release(&t.maps);
    perf_objects_release(&t.objects);
    return 0;
}
