/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/schedule.h - the plan's frozen list of items: what is to be sent, and when. Nothing in
 * it is learned from the target; it is the same for any number of threads and for every target.
 *
 * Trials follow each other in the list. A replay repeats the same rows in each trial (with other
 * prompt text); drawn arrivals and lengths go on in their streams, so that trials are independent.
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
    int64_t think_ns; /* TRIGGER_SLOT_FREE: how long its slot rests after its answer; else 0 */
    uint32_t trial;
    int32_t input_tokens, output_tokens;
    int32_t reuse_tokens; /* leading tokens whose blocks an earlier item of the trial had */
    uint32_t block_first, block_count; /* into schedule->blocks */
    uint8_t trigger;                   /* enum trigger */
};

struct schedule {
    struct item *items;
    size_t count;
    uint32_t *blocks;
    size_t block_count;
    int32_t block_tokens; /* after scaling; 0: none */
    size_t *trial_first;  /* trials + 1 entries: items of trial t are [first[t], first[t+1]) */
    size_t trials;
    uint64_t prompt_seed;
    double offered_per_s; /* mean arrival rate of an open loop; 0 for a closed one */
    double production_rate_per_s, production_span_s; /* of the profile's slice, unscaled; 0: none */
    struct digest profile_digest;
    struct digest digest; /* of the items, their blocks and the prompt seed; not of the target */
};

enum {
    SCHEDULE_MAX_ITEMS = 50000000,  /* over all trials; more is refused */
    SCHEDULE_CLOSED_ITEMS = 100000, /* a trial, of a closed loop that ends by duration */
};

NODISCARD int schedule_build(struct schedule **ret, const struct plan *p, struct err *err);
void schedule_free(struct schedule *s);
DEFINE_AUTO(struct schedule *, schedule_free)
