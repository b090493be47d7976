/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/slots.c - a closed loop's slots where their number changes: new ones are free from the
 * moment that the schedule says; of what is too much, free ones go at once and the others when
 * their answer is complete, so that nothing is cut off and nothing drains.
 */
#include "load/inside.h"

/* This thread's share of @slots, as evenly as whole numbers go. */
static int32_t share_of(const struct engine *e, int32_t slots)
{
    int32_t own = slots / e->threads + (e->thread < slots % e->threads ? 1 : 0);

    return own < e->cap ? own : e->cap; /* fewer items than slots */
}

static const struct slot_step *next_step(const struct engine *e)
{
    return e->slot_step < e->config->slot_step_count ? &e->config->slot_steps[e->slot_step] : NULL;
}

static void open_slots(struct engine *e, int64_t at_ns)
{
    while (e->slots_open < e->slots_wanted) {
        e->slots_open++;
        pace_slot_free(e, at_ns);
    }
}

void slots_init(struct engine *e)
{
    if (e->config->slot_step_count > 0)
        return; /* the first step opens the first ones */
    e->slots_wanted = e->cap;
    open_slots(e, e->config->start_ns);
}

static void step(struct engine *e, int32_t slots, int64_t at_ns)
{
    e->slots_wanted = share_of(e, slots);
    open_slots(e, at_ns);
    for (; e->slots_open > e->slots_wanted && e->slots > 0; e->slots_open--)
        e->slots--; /* the heap's last leaf: as good as any */
}

void slots_adjust(struct engine *e)
{
    const struct slot_step *s;

    while ((s = next_step(e)) && e->config->start_ns + s->at_ns <= e->now_ns) {
        e->slot_step++;
        step(e, s->slots, e->config->start_ns + s->at_ns);
    }
}

int64_t slots_next_ns(const struct engine *e)
{
    const struct slot_step *s = next_step(e);

    return s ? e->config->start_ns + s->at_ns : INT64_MAX;
}

bool slots_retire(struct engine *e)
{
    bool too_many = e->slots_open > e->slots_wanted;

    e->slots_open -= too_many;
    return too_many;
}
