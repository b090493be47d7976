/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/groups.c - which items hang together: union-find with path halving (Tarjan and van
 * Leeuwen 1984), the smallest position being the root, then numbers in order of first appearance.
 */
#include "plan/building.h"
#include <stdlib.h>

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void number_trial(struct schedule *s, uint32_t *parent, size_t first, size_t end)
{
    uint32_t groups = 0;

    for (size_t i = first; i < end; i++)
        parent[i] = (uint32_t)i;
    for (size_t i = first; i < end; i++)
        for (uint32_t k = 0; k < s->items[i].after_count; k++)
            join(parent, (uint32_t)i, s->after[s->items[i].after_first + k]);
    for (size_t i = first; i < end; i++) {
        uint32_t root = root_of(parent, (uint32_t)i);

        s->items[i].group = root == i ? groups++ : s->items[root].group;
    }
}

int groups_number(struct schedule *s)
{
    AUTO(free) uint32_t *parent = NULL;

    if (s->after_count == 0)
        return 0;
    parent = calloc(s->count, sizeof *parent);
    if (!parent)
        return -ENOMEM;
    for (size_t t = 0; t < s->trials; t++)
        number_trial(s, parent, s->trial_first[t], s->trial_first[t + 1]);
    return 0;
}
