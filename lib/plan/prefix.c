/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/prefix.h"
#include <stdlib.h>
#include <string.h>

/* The finalizer of splitmix64 over the edge's two halves. */
static size_t slot_of(uint32_t parent, uint32_t block, size_t capacity)
{
    uint64_t z = ((uint64_t)parent << 32 | block) + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(z ^ z >> 31) & (capacity - 1);
}

/* The edge's place: where it is, or where it would go. */
static struct prefix_edge *place(const struct prefix_set *s, uint32_t parent, uint32_t block)
{
    size_t i = slot_of(parent, block, s->capacity);

    while (s->edges[i].node && (s->edges[i].parent != parent || s->edges[i].block != block))
        i = (i + 1) & (s->capacity - 1);
    return &s->edges[i];
}

/* Keeps the table at most half full with @more edges added. */
static int reserve(struct prefix_set *s, size_t more)
{
    struct prefix_set grown = *s;

    if ((s->count + more) * 2 <= s->capacity)
        return 0;
    grown.capacity = s->capacity ? s->capacity : 1024;
    while ((s->count + more) * 2 > grown.capacity)
        grown.capacity *= 2;
    grown.edges = calloc(grown.capacity, sizeof *grown.edges);
    if (!grown.edges)
        return -ENOMEM;
    for (size_t i = 0; i < s->capacity; i++)
        if (s->edges[i].node)
            *place(&grown, s->edges[i].parent, s->edges[i].block) = s->edges[i];
    free(s->edges);
    *s = grown;
    return 0;
}

int prefix_add(struct prefix_set *s, uint32_t *ret_known, const uint32_t *blocks, uint32_t count)
{
    uint32_t node = 0, known = 0;

    if (reserve(s, count) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct prefix_edge *e = place(s, node, blocks[i]);

        if (e->node)
            known++; /* what follows a new node is new: known blocks are leading ones */
        else {
            *e = (struct prefix_edge){node, blocks[i], ++s->nodes};
            s->count++;
        }
        node = e->node;
    }
    *ret_known = known;
    return 0;
}

void prefix_clear(struct prefix_set *s)
{
    if (s->edges)
        memset(s->edges, 0, s->capacity * sizeof *s->edges);
    s->count = 0;
    s->nodes = 0;
}

void prefix_release(struct prefix_set *s)
{
    free(s->edges);
    *s = (struct prefix_set){0};
}
