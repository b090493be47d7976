/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/chain.c - the edges are turned round once, at the start: who comes after an item. What
 * is skipped passes through the same heap, so that a long session needs no recursion. */
#include "load/chain.h"
#include <stdlib.h>

struct node {
    int64_t since_ns; /* the latest end of what it waits for */
    uint32_t waits;   /* for so many */
    uint32_t next_first;
    bool dead; /* one of them did not end well */
};

struct waiting {
    int64_t due_ns;
    uint32_t index;
};

struct group {
    uint32_t left, first;
};

struct chain {
    const struct schedule *schedule;
    const struct load_config *config;
    struct node *nodes; /* of all the trial's items, and one more: the end of the last's edges */
    uint32_t *next;
    struct group *groups;
    uint32_t *roots;
    size_t root_count, dependents, skipped;
    struct waiting *heap;
    size_t heap_count;
};

static const struct item *item_at(const struct chain *c, size_t position)
{
    return &c->schedule->items[c->config->first + position];
}

static size_t position_of(const struct chain *c, uint32_t index)
{
    assert(index >= c->config->first && index - c->config->first < c->config->count);
    return index - c->config->first;
}

static bool any_waits(const struct load_config *config)
{
    for (size_t i = 0; config->schedule->after_count > 0 && i < config->count; i++)
        if (config->schedule->items[config->first + i].after_count > 0)
            return true;
    return false;
}

/* Counts edges by where they begin, makes places of the counts, fills them. */
static void turn_edges(struct chain *c)
{
    const struct schedule *s = c->schedule;
    size_t n = c->config->count;
    uint32_t at = 0;

    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < item_at(c, i)->after_count; k++)
            c->nodes[position_of(c, s->after[item_at(c, i)->after_first + k])].next_first++;
    for (size_t i = 0; i <= n; i++) {
        uint32_t count = c->nodes[i].next_first;

        c->nodes[i].next_first = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < item_at(c, i)->after_count; k++) {
            struct node *from = &c->nodes[position_of(c, s->after[item_at(c, i)->after_first + k])];

            c->next[from->next_first++] = (uint32_t)i;
        }
    for (size_t i = n; i > 0; i--) /* each has moved to where the next one's begin */
        c->nodes[i].next_first = c->nodes[i - 1].next_first;
    c->nodes[0].next_first = 0;
}

static void deal(struct chain *c, int32_t thread, int32_t threads)
{
    for (size_t i = 0; i < c->config->count; i++) {
        const struct item *item = item_at(c, i);
        uint32_t index = (uint32_t)(c->config->first + i);

        c->nodes[i].waits = item->after_count;
        if (c->groups[item->group].left++ == 0)
            c->groups[item->group].first = index;
        if (item->group % (uint32_t)threads != (uint32_t)thread)
            continue;
        if (item->after_count == 0)
            c->roots[c->root_count++] = index;
        else
            c->dependents++;
    }
}

static size_t edges_of(const struct load_config *config)
{
    size_t n = 0;

    for (size_t i = 0; i < config->count; i++)
        n += config->schedule->items[config->first + i].after_count;
    return n;
}

/* Page faults belong before the start. */
static void *touched(size_t count, size_t size)
{
    size_t bytes = (count + 1) * size;
    void *memory = calloc(count + 1, size);
    volatile char *p = memory;

    for (size_t i = 0; memory && i < bytes; i += 4096)
        p[i] = 0;
    return memory;
}

int chain_new(struct chain **ret, const struct load_config *config, int32_t thread, int32_t threads)
{
    AUTO(chain_free) struct chain *c = NULL;

    if (!any_waits(config)) {
        *ret = NULL;
        return 0;
    }
    c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->schedule = config->schedule;
    c->config = config;
    c->nodes = touched(config->count, sizeof *c->nodes);
    c->groups = touched(config->count, sizeof *c->groups);
    c->roots = touched(config->count, sizeof *c->roots);
    c->heap = touched(config->count, sizeof *c->heap);
    c->next = touched(edges_of(config), sizeof *c->next);
    if (!c->nodes || !c->groups || !c->roots || !c->heap || !c->next)
        return -ENOMEM;
    turn_edges(c);
    deal(c, thread, threads);
    *ret = TAKE(c);
    return 0;
}

void chain_free(struct chain *c)
{
    if (!c)
        return;
    free(c->nodes);
    free(c->next);
    free(c->groups);
    free(c->roots);
    free(c->heap);
    free(c);
}

size_t chain_roots(const struct chain *c)
{
    return c->root_count;
}

uint32_t chain_root(const struct chain *c, size_t nth)
{
    assert(nth < c->root_count);
    return c->roots[nth];
}

size_t chain_dependents(const struct chain *c)
{
    return c->dependents;
}

size_t chain_skipped(const struct chain *c)
{
    return c->skipped;
}

static bool before(const struct waiting *a, const struct waiting *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->index < b->index;
}

static void push(struct chain *c, struct waiting w)
{
    size_t place = c->heap_count++;

    assert(place < c->config->count);
    for (; place > 0 && before(&w, &c->heap[(place - 1) / 2]); place = (place - 1) / 2)
        c->heap[place] = c->heap[(place - 1) / 2];
    c->heap[place] = w;
}

static struct waiting pop(struct chain *c)
{
    struct waiting top = c->heap[0], moved = c->heap[--c->heap_count];
    size_t place = 0;

    for (size_t child = 1; child < c->heap_count; child = 2 * place + 1) {
        child += child + 1 < c->heap_count && before(&c->heap[child + 1], &c->heap[child]);
        if (!before(&c->heap[child], &moved))
            break;
        c->heap[place] = c->heap[child];
        place = child;
    }
    c->heap[place] = moved;
    return top;
}

/* An open loop ends by time: what would be due later never is. */
static int64_t end_of(const struct load_config *config)
{
    return config->duration_ns > 0 ? config->start_ns + config->duration_ns : INT64_MAX;
}

/* @position waits for nothing any more. A dead one goes to the top. */
static void let_go(struct chain *c, size_t position)
{
    const struct node *n = &c->nodes[position];
    struct waiting w = {n->dead ? INT64_MIN : n->since_ns + item_at(c, position)->think_ns,
                        (uint32_t)(c->config->first + position)};

    if (w.due_ns < end_of(c->config))
        push(c, w);
}

static void tell_next(struct chain *c, uint32_t index, bool well, int64_t time_ns)
{
    size_t position = position_of(c, index);
    uint32_t end = c->nodes[position + 1].next_first;

    for (uint32_t k = c->nodes[position].next_first; k < end; k++) {
        struct node *n = &c->nodes[c->next[k]];

        assert(n->waits > 0);
        n->since_ns = i64_max(n->since_ns, time_ns);
        n->dead |= !well;
        if (--n->waits == 0)
            let_go(c, c->next[k]);
    }
}

struct chain_end chain_ended(struct chain *c, uint32_t index, bool well, int64_t time_ns)
{
    struct group *g = &c->groups[item_at(c, position_of(c, index))->group];

    g->left--;
    tell_next(c, index, well, time_ns);
    while (c->heap_count > 0 && c->heap[0].due_ns == INT64_MIN) {
        uint32_t dead = pop(c).index;

        c->skipped++;
        g->left--; /* it comes after @index: it is of the same group */
        tell_next(c, dead, false, time_ns);
    }
    return (struct chain_end){g->left == 0, g->first};
}

int64_t chain_due(const struct chain *c)
{
    return c->heap_count > 0 ? c->heap[0].due_ns : INT64_MAX;
}

uint32_t chain_take(struct chain *c)
{
    assert(c->heap_count > 0);
    return pop(c).index;
}
