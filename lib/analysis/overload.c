/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than the target can serve: the number of requests that are out grows as long as a trial
 * lasts. Then requests are worth next to nothing as independent values, and no interval tells what
 * is plain. The rule: means of 12 batches of the outstanding over the arrivals of each trial, and
 * stats_grows() of them.
 */
#include "analysis/row.h"
#include "stats/trend.h"
#include <math.h>

enum { BATCHES = STATS_TREND_BATCHES, POINTS = 10 * BATCHES, LEAST = 60 };

/* The first point in time at or after @at_ns. */
static int point_after(int64_t at_ns, int64_t from_ns, double step_ns)
{
    double k = ceil((double)(at_ns - from_ns) / step_ns);

    return k <= 0 ? 0 : k >= POINTS ? POINTS : (int)k;
}

/* Batch means of the requests that are out; the count of rows, fewer than LEAST tell nothing. */
static size_t outstanding(double mean[BATCHES], const struct analysis *a, size_t trial)
{
    double out[POINTS + 1] = {0}, now = 0;
    int64_t from = INT64_MAX, to = INT64_MIN;
    size_t n = 0;

    for (size_t i = 0; i < a->row_count; i++)
        if (a->rows[i].trial == trial && !a->rows[i].warm_up) {
            from = i64_min(from, a->rows[i].due_ns);
            to = i64_max(to, a->rows[i].due_ns);
            n++;
        }
    if (n < LEAST || to <= from)
        return 0;
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];
        double step = (double)(to - from) / POINTS;

        if (r->trial != trial || r->end_ns == TIME_NONE)
            continue;
        out[point_after(r->due_ns, from, step)]++;
        out[point_after(r->end_ns, from, step)]--;
    }
    for (int k = 0; k < POINTS; k++) {
        now += out[k];
        mean[k / (POINTS / BATCHES)] += now / (POINTS / BATCHES);
    }
    return n;
}

bool overloaded(const struct analysis *a)
{
    const struct plan *p = a->in.plan;

    if (p->load.arrivals == ARRIVALS_CLOSED || p->load.arrivals == ARRIVALS_REPLAY ||
        p->load.stage_count > 0 || a->in.trial_count == 0)
        return false; /* its load is not the same all along */
    for (size_t t = 0; t < a->in.trial_count; t++) {
        double mean[BATCHES] = {0};

        if (outstanding(mean, a, t) == 0 || !stats_grows(mean))
            return false;
    }
    return true;
}
