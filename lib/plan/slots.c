/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/slots.c - the slots of a closed loop over time, as a list of changes.
 *
 * What a stage has more than the one before opens at its beginning, evenly over load.opening: the
 * first at once, the last one n-th of that time before it is over. A ramp changes by one slot at a
 * time, each change where the line passes between two whole numbers.
 */
#include "plan/slots.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>

enum { STEPS_MAX = 1000000 };

struct changes {
    struct slot_step *v; /* slots: by how many, until they are added up */
    size_t count, cap;
    struct err *err;
};

static int add(struct changes *c, int64_t at_ns, int32_t by)
{
    if (c->count >= STEPS_MAX)
        return err_set(c->err, -EINVAL, "load.stages: more than %d changes of slots", STEPS_MAX);
    if (VEC_PUSH(c->v, c->count, c->cap, ((struct slot_step){at_ns, by})) < 0)
        return err_set(c->err, -ENOMEM, "load.stages: out of memory");
    return 0;
}

/* From @now to @then slots at @at_ns. */
static int change(struct changes *c, int64_t at_ns, int32_t now, int32_t then, int64_t opening_ns)
{
    int32_t more = then - now;
    int r = 0;

    if (more <= 0 || opening_ns == 0)
        return more == 0 ? 0 : add(c, at_ns, more);
    for (int32_t k = 0; k < more && r == 0; k++)
        r = add(c, at_ns + llround((double)opening_ns * k / more), 1);
    return r;
}

static int ramp(struct changes *c, int64_t at_ns, const struct plan_stage *s)
{
    int32_t by = s->to_slots > s->from_slots ? 1 : -1, n = abs(s->to_slots - s->from_slots);
    int r = 0;

    for (int32_t k = 0; k < n && r == 0; k++)
        r = add(c, at_ns + llround((double)s->for_ns * (k + 0.5) / n), by);
    return r;
}

static int by_time(const void *a, const void *b)
{
    const struct slot_step *x = a, *y = b;

    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

/* Changes at one time become one step. */
static size_t add_up(struct slot_step *v, size_t count)
{
    int32_t slots = 0;
    size_t n = 0;

    qsort(v, count, sizeof *v, by_time);
    for (size_t i = 0; i < count; i++) {
        slots += v[i].slots;
        n += n == 0 || v[n - 1].at_ns != v[i].at_ns;
        v[n - 1] = (struct slot_step){v[i].at_ns, slots};
    }
    return n;
}

int slots_build(struct schedule *s, const struct plan *p, struct err *err)
{
    struct changes c = {.err = err};
    int64_t at_ns = 0;
    int32_t slots = 0;
    int r = 0;

    if (p->load.arrivals != ARRIVALS_CLOSED || (p->load.lap_count == 0 && !p->load.opening_ns))
        return 0;
    if (p->load.lap_count == 0)
        r = change(&c, 0, 0, p->load.concurrency, p->load.opening_ns);
    for (size_t i = 0; i < p->load.lap_count && r == 0; i++) {
        const struct plan_stage *stage = &p->load.laps[i];

        r = change(&c, at_ns, slots, stage->from_slots, p->load.opening_ns);
        if (r == 0)
            r = ramp(&c, at_ns, stage);
        slots = stage->to_slots;
        at_ns += stage->for_ns;
    }
    s->slot_steps = c.v;
    s->slot_step_count = r == 0 ? add_up(c.v, c.count) : 0;
    return r;
}
