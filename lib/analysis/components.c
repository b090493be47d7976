/* SPDX-License-Identifier: Apache-2.0 */
/* The components of a mix, each by itself: counts, and percentiles where its requests carry them.
 * A description beside the figures of the whole, without intervals. */
#include "analysis/row.h"
#include <math.h>
#include <stdlib.h>

static double at_share(const double *sorted, size_t n, double p)
{
    bool carried = n > 0 && (int64_t)n >= stats_quantile_need(p, STATS_LEVEL);
    double v = carried ? sorted[i64_max(1, (int64_t)ceil((double)n * p - 1e-9)) - 1] : (double)NAN;

    return isinf(v) ? (double)NAN : v; /* beyond every observed value */
}

static struct component_times times_of(const struct analysis *a, size_t component,
                                       const struct metric *m, double *v)
{
    struct component_times t = {.p50 = NAN, .p90 = NAN, .p99 = NAN};

    if (metric_void(a, m, a->slo_good))
        return t;
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];
        double value = r->value[m - metric_at(0)];

        if (!r->warm_up && r->component == component && !isnan(value))
            v[t.n++] = value;
    }
    stats_sort(v, t.n);
    t.p50 = at_share(v, t.n, 0.5);
    t.p90 = at_share(v, t.n, 0.9);
    t.p99 = at_share(v, t.n, 0.99);
    return t;
}

static void count(struct component *c, const struct row *r)
{
    c->counted++;
    c->failed += outcome_failed((enum outcome)r->outcome);
    c->hung_up += r->outcome == OUTCOME_HUNG_UP;
    c->input_tokens += r->input_tokens;
    c->output_tokens += r->output_tokens;
}

int components_make(struct analysis *a)
{
    bool closed = a->in.plan->load.arrivals == ARRIVALS_CLOSED;
    const struct metric *ttft = metric_find(closed ? "ttft.content.sent@1" : "ttft.content.due@1");
    const struct metric *latency = metric_find(closed ? "latency.sent@1" : "latency.due@1");
    AUTO(free) double *v = NULL;

    a->component_count = a->in.plan->mix_count;
    if (a->component_count == 0)
        return 0;
    v = malloc((a->row_count + 1) * sizeof *v);
    if (!v)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++)
        if (!a->rows[i].warm_up && a->rows[i].component < a->component_count)
            count(&a->components[a->rows[i].component], &a->rows[i]);
    for (size_t i = 0; i < a->component_count; i++) {
        a->components[i].ttft = times_of(a, i, ttft, v);
        a->components[i].latency = times_of(a, i, latency, v);
    }
    return 0;
}
