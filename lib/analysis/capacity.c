/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/row.h"
#include <math.h>

void capacity_split(struct analysis *a, const struct evidence_trial *trials, size_t count)
{
    size_t own = (size_t)a->in.plan->trials.count;

    a->pilot_first_ns = a->pilot_last_ns = TIME_NONE;
    if (count <= own)
        return;
    a->pilot = trials[own];
    a->in.trial_count = own;
}

bool capacity_takes(const struct analysis *a, uint32_t id)
{
    return id >= a->pilot.first && id - a->pilot.first < a->pilot.count;
}

int capacity_add(struct analysis *a, const struct sample *s, struct err *err)
{
    struct capacity *c = &a->capacity;

    if (s->trial != a->pilot.trial)
        return err_set(err, -EBADMSG, "sample %u is not among the items of trial %u", s->id,
                       s->trial);
    c->requests++;
    c->failed += s->outcome != OUTCOME_OK;
    if (a->pilot_first_ns == TIME_NONE || s->due_ns < a->pilot_first_ns)
        a->pilot_first_ns = s->due_ns;
    a->pilot_last_ns = i64_max(a->pilot_last_ns, s->due_ns);
    return 0;
}

static double offered_per_s(const struct analysis *a)
{
    int64_t span_ns = 0, gaps = 0;

    for (size_t i = 1; i < a->row_count; i++)
        if (a->rows[i].trial == a->rows[i - 1].trial) {
            span_ns += a->rows[i].due_ns - a->rows[i - 1].due_ns;
            gaps++;
        }
    return span_ns > 0 ? (double)gaps * 1e9 / (double)span_ns : (double)NAN;
}

void capacity_make(struct analysis *a)
{
    struct capacity *c = &a->capacity;
    int64_t span_ns = a->pilot_last_ns - a->pilot_first_ns;

    c->concurrency = a->in.plan->load.capacity_concurrency;
    c->per_s = c->share = NAN;
    c->offered_per_s =
        a->in.plan->load.arrivals == ARRIVALS_CLOSED ? (double)NAN : offered_per_s(a);
    if (c->requests < 2 * (int64_t)c->concurrency || span_ns <= 0 || c->failed > 0)
        return;
    c->per_s = (double)(c->requests - c->concurrency) * 1e9 / (double)span_ns;
    c->share = c->offered_per_s / c->per_s;
}
