/* SPDX-License-Identifier: Apache-2.0 */
/* Reduced series for charts: what is drawn is what is digested. */
#include "claim/parts.h"
#include <math.h>

enum { CDF_POINTS = 200, RATE_POINTS = 600 };

static json_t *cdf_json(const struct metric *m, const struct column *s)
{
    size_t points = s->n < CDF_POINTS ? s->n : CDF_POINTS;
    json_t *o = json_object(), *x = json_array(), *p = json_array();

    for (size_t i = 0; i < points; i++) {
        size_t rank = points > 1 ? 1 + i * (s->n - 1) / (points - 1) : s->n;

        json_push(x, claim_number(s->sorted[rank - 1]));
        json_push(p, claim_number((double)rank / (double)s->n));
    }
    json_put_str(o, "figure", "cdf");
    json_put_str(o, "metric", m->id);
    json_put_i64(o, "n", (int64_t)s->n);
    json_put(o, "x", x);
    json_put(o, "p", p);
    return o;
}

/* Means of @step seconds each. */
static json_t *thinned(const double *v, size_t n, size_t step)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i += step) {
        size_t k = n - i < step ? n - i : step;

        json_push(list, claim_number(stats_mean(v + i, k)));
    }
    return list;
}

static json_t *rate_json(const struct trial_rates *t, size_t trial)
{
    size_t step = (t->seconds + RATE_POINTS - 1) / RATE_POINTS;
    json_t *o = json_object();

    json_put_str(o, "figure", "rate");
    json_put_i64(o, "trial", (int64_t)trial + 1);
    json_put_i64(o, "stepSeconds", (int64_t)step);
    json_put(o, "outputTokens", thinned(t->output_per_s, t->seconds, step));
    json_put(o, "requests", thinned(t->requests_per_s, t->seconds, step));
    return o;
}

json_t *figures_json(const struct claim_source *s)
{
    const struct analysis *a = s->analysis;
    json_t *list = json_array();

    for (size_t i = 0; i < METRIC_SAMPLE_COUNT; i++)
        if (a->metric[i].n > 0)
            json_push(list, cdf_json(metric_at(i), &a->metric[i]));
    if (a->gaps.n > 0 && !(a->tokens.several_share > 0.01))
        json_push(list, cdf_json(metric_find("itl.gap@1"), &a->gaps));
    for (size_t t = 0; t < a->in.trial_count; t++)
        json_push(list, rate_json(&a->rates[t], t));
    return list;
}
