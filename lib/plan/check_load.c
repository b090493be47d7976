/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check_load.c - contradictions in how the load arrives and leaves. */
#include "plan/ramp.h"
#include "plan/reading.h"

/* Stages say what rate and duration say otherwise; the effective plan has their sum. */
int check_stages(struct reading *r)
{
    struct plan *p = r->plan;
    int64_t span_ns = ramp_span_ns(p->load.stages, p->load.stage_count);

    if (p->load.stage_count == 0)
        return 0;
    if (p->load.arrivals == ARRIVALS_REPLAY || p->load.arrivals == ARRIVALS_CLOSED)
        return check_fail(r, "load.stages", "are for arrivals: poisson, gamma or constant only");
    if (p->load.rate_per_s > 0)
        return check_fail(r, "load.rate", "and load.stages exclude each other; keep one");
    if (p->load.requests)
        return check_fail(r, "load.requests", "and load.stages both end a trial; keep one");
    if (p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate",
                          "scales the profile's rate, but load.stages say another; keep one");
    if (p->load.duration_ns && p->load.duration_ns != span_ns)
        return check_fail(r, "load.duration", "is not what load.stages add up to; leave it out");
    if (!(ramp_mean_per_s(p->load.stages, p->load.stage_count) > 0))
        return check_fail(r, "load.stages", "have no arrivals; give at least one a rate above 0");
    p->load.duration_ns = span_ns;
    return 0;
}

int check_hang_up(struct reading *r)
{
    const struct plan *p = r->plan;
    bool share = p->load.hang_up_share > 0, after = p->load.hang_up_after.to > 0;

    if (share && !after)
        return check_fail(r, "load.hang_up.after", "is missing; say when: 5 tokens, 2s");
    if (after && !share)
        return check_fail(r, "load.hang_up.share", "is missing; say how many: 10%");
    if (share && p->load.hang_up_after.tokens && !p->target.stream)
        return check_fail(r, "load.hang_up.after",
                          "counts the tokens of a stream, but target.stream is off; give a time");
    return 0;
}
