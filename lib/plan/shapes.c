/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/shapes.c - when the requests of a trial arrive, by the plan's load.arrivals. */
#include "plan/building.h"
#include "plan/ramp.h"
#include <math.h>

/* When a replayed row is due; longer than the clock counts never is. */
static int64_t replay_time(const struct plan *p, int64_t row_ns)
{
    double at = round((double)row_ns / (p->load.speedup * p->scale_rate));

    return at < 9e18 ? (int64_t)at : INT64_MAX;
}

static int64_t most_items(const struct plan *p)
{
    return p->load.requests ? p->load.requests : INT64_MAX;
}

/* How many items the trial has so far. */
static int64_t built(const struct building *b, uint32_t trial)
{
    return (int64_t)(b->s->count - b->s->trial_first[trial]);
}

static int build_replay(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t limit = most_items(p);
    int64_t end_ns = p->load.duration_ns ? p->load.duration_ns : INT64_MAX;

    struct kind *k;

    for (size_t i = 0; i < b->kind_count; i++)
        b->kinds[i].next_row = 0;
    while (built(b, trial) < limit && (k = mixture_next_row(b))) {
        size_t at = k->next_row++;
        const struct profile_row *row = &k->profile.rows[at];
        struct item item = {.at_ns = replay_time(p, row->at_ns),
                            .trial = trial,
                            .trigger = TRIGGER_AT,
                            .component = (uint8_t)(k - b->kinds),
                            .input_tokens = building_scaled(row->input_tokens, p->scale_lengths),
                            .output_tokens = building_scaled(row->output_tokens, p->scale_lengths)};
        int r;

        if (item.at_ns >= end_ns)
            break;
        if (k->positions)
            k->positions[at] = b->s->count;
        r = building_row(b, item, at);
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_open(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    struct item item = {.trial = trial, .trigger = TRIGGER_AT};
    int64_t end_ns = p->load.duration_ns ? p->load.duration_ns : INT64_MAX;
    int64_t left;

    while ((left = most_items(p) - built(b, trial)) > 0) {
        int64_t gap = built(b, trial) == 0 && p->load.arrivals == ARRIVALS_CONSTANT
                          ? 0
                          : draw_gap(&b->draw, p->load.arrivals, b->rate_per_s, p->load.burstiness);
        int r;

        if (gap >= end_ns - item.at_ns)
            break;
        item.at_ns += gap;
        r = building_arrival(b, item, left);
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_stages(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t at_ns = 0;

    for (int64_t i = 0;; i++) {
        double unit = i == 0 && p->load.arrivals == ARRIVALS_CONSTANT
                          ? 0
                          : draw_unit_gap(&b->draw, p->load.arrivals, p->load.burstiness);
        int r;

        at_ns = ramp_next(p->load.laps, p->load.lap_count, at_ns, unit);
        if (at_ns == TIME_NONE)
            return 0;
        r = building_arrival(
            b, (struct item){.at_ns = at_ns, .trial = trial, .trigger = TRIGGER_AT}, INT64_MAX);
        if (r < 0)
            return r;
    }
}

static int build_closed(struct building *b, uint32_t trial)
{
    const struct plan *p = b->p;
    int64_t n = p->load.requests ? p->load.requests : SCHEDULE_CLOSED_ITEMS;
    struct item item = {.at_ns = TIME_NONE, .trial = trial, .trigger = TRIGGER_SLOT_FREE};

    while (built(b, trial) < n) {
        int r;

        item.think_ns = draw_think(&b->draw, p->load.think_ns, p->load.think_exponential);
        r = building_arrival(b, item, n - built(b, trial));
        if (r < 0)
            return r;
    }
    return 0;
}

/* The same kind of requests as the trials', evenly from the whole slice, as fast as they are
 * served. */
static int build_capacity(struct building *b, uint32_t trial)
{
    struct item item = {.at_ns = TIME_NONE, .trial = trial, .trigger = TRIGGER_SLOT_FREE};
    int64_t n = b->p->load.capacity_requests;

    for (int64_t i = 0; i < n; i++) {
        struct kind *k;
        int r;

        item.component = mixture_draw(b);
        k = kind_of(b, &item);
        if (k->profile.rows)
            k->lengths.next_row = (size_t)(i * (int64_t)k->profile.row_count / n);
        r = building_drawn(b, item);
        if (r < 0)
            return r;
    }
    return 0;
}

int shape_build(struct building *b, uint32_t trial)
{
    if (trial == (uint32_t)b->p->trials.count)
        return build_capacity(b, trial);
    switch (b->p->load.arrivals) {
    case ARRIVALS_REPLAY:
        return build_replay(b, trial);
    case ARRIVALS_CLOSED:
        return build_closed(b, trial);
    default:
        return b->p->load.stage_count ? build_stages(b, trial) : build_open(b, trial);
    }
}
