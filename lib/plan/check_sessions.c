/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check_sessions.c - contradictions of workload.sessions. */
#include "plan/api.h"
#include "plan/reading.h"

int check_sessions(struct reading *r)
{
    const struct plan *p = r->plan;
    bool asked = p->sessions.turns.most > 0;

    if (!asked && p->sessions.think_ns)
        return check_fail(r, "workload.sessions.think_time",
                          "is of no sessions; add workload.sessions.turns");
    if (!asked)
        return 0;
    if (p->load.arrivals == ARRIVALS_REPLAY)
        return check_fail(
            r, "workload.sessions.turns",
            "are not for replay, whose sessions are the profile's; leave it out, or write "
            "poisson, gamma, constant or closed");
    if (p->load.arrivals != ARRIVALS_CLOSED && p->load.rate_per_s <= 0 && p->load.stage_count == 0)
        return check_fail(r, "load.rate", "is missing; of sessions it is how many begin: 4/s");
    if (p->target.own_connections)
        return check_fail(r, "target.connection_per_slot",
                          "is for single requests, not for sessions; leave it out");
    if (p->load.capacity_requests)
        return check_fail(
            r, "load.capacity.requests",
            "measures independent requests, but turns wait for answers; leave it out");
    if (!plan_asks_output(p))
        return check_fail(r, "target.api",
                          "gives no answers of some length, which later turns begin with");
    return 0;
}
