/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/schedule.h - the plan's frozen list of items: what is to be sent, and when. Nothing in
 * it is learned from the target; it is the same for any number of threads and for every target.
 *
 * Trials follow each other in the list. A replay repeats the same rows in each trial (with other
 * prompt text); drawn arrivals and lengths go on in their streams, so that trials are independent.
 * A later turn of a session, and a call that waits for others, is due after the end of their
 * answers. Its history is text of the requested lengths, never what a target answered.
 *
 * With load.capacity a closed-loop pilot follows as trial number plan->trials.count: it is executed
 * and recorded like the others, and excluded by its own rule.
 */
#pragma once
#include "base/base.h"
#include "base/digest.h"
#include "plan/plan.h"

enum trigger { TRIGGER_AT = 0, TRIGGER_SLOT_FREE = 1, TRIGGER_AFTER = 2 };

struct item {
    int64_t at_ns;    /* TRIGGER_AT: since its trial's start; else TIME_NONE */
    int64_t think_ns; /* TRIGGER_SLOT_FREE: how long its slot rests after its answer (a session's:
                       * after its last); TRIGGER_AFTER: from the end of the last item that it comes
                       * after until it is due; else 0 */

    int64_t hang_up_ns; /* its client hangs up so long after its release; 0: not by time */

    uint32_t trial;
    int32_t hang_up_events; /* or once so many content events have come; 0: not by count */
    int32_t input_tokens, output_tokens;
    int32_t reuse_tokens; /* leading tokens whose blocks an earlier item of the trial had */
    uint32_t block_first, block_count; /* into schedule->blocks */
    uint32_t after_first, after_count; /* into schedule->after: TRIGGER_AFTER only */
    uint32_t turn;                     /* how many items, one after the other, it comes after */
    uint32_t group;  /* of its trial: what comes after one another, on one I/O thread; set where the
                      * schedule has any such items, else each item is by itself */
    bool history;    /* its prompt begins with that of the first item that it comes after, and an
                      * answer to it */
    uint8_t trigger; /* enum trigger */
    uint8_t component; /* of workload.mix; else 0 */
};

struct slot_step { /* of a closed loop: from then on it has so many slots */
    int64_t at_ns; /* since its trial's start */
    int32_t slots;
};

struct schedule {
    struct item *items;
    size_t count;
    uint32_t *blocks;
    size_t block_count;
    uint32_t *after; /* positions of items; an item comes after earlier ones only */
    size_t after_count;
    int32_t block_tokens; /* after scaling; 0: none; of a mix see schedule_block_tokens() */
    size_t components;    /* of workload.mix; 0: no mix */
    int32_t component_block_tokens[PLAN_MAX_COMPONENTS];
    size_t *trial_first; /* trials + 1 entries: items of trial t are [first[t], first[t+1]) */
    size_t trials;
    struct slot_step *slot_steps; /* rising times; of the trials, not of the capacity pilot */
    size_t slot_step_count;       /* 0: as many slots as the plan says, from the start to the end */
    uint64_t prompt_seed;
    double offered_per_s; /* mean arrival rate of an open loop; 0: answers decide it */
    double production_rate_per_s, production_span_s; /* of the profile's slice, unscaled; 0: none */
    struct digest profile_digest;
    struct digest digest; /* of the items, their blocks and the prompt seed; not of the target */
};

enum {
    SCHEDULE_MAX_ITEMS = 50000000,  /* over all trials; more is refused */
    SCHEDULE_CLOSED_ITEMS = 100000, /* a trial, of a closed loop that ends by duration */
    SCHEDULE_MAX_TURNS = 1000,      /* of a session */
};

/* What one of @item's blocks stands for. */
static inline int32_t schedule_block_tokens(const struct schedule *s, const struct item *item)
{
    return s->components ? s->component_block_tokens[item->component] : s->block_tokens;
}

NODISCARD int schedule_build(struct schedule **ret, const struct plan *p, struct err *err);
void schedule_free(struct schedule *s);
DEFINE_AUTO(struct schedule *, schedule_free)

/* The turn whose prompt and answer @item's prompt begins with. Only where it has @history. */
static inline const struct item *schedule_history(const struct schedule *s, const struct item *item)
{
    assert(item->history && item->after_count > 0);
    return &s->items[s->after[item->after_first]];
}

/* When the last item of @trial that waits for no answer is due; TIME_NONE: all do. */
int64_t schedule_last_at(const struct schedule *s, size_t trial);
