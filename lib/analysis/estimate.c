/* SPDX-License-Identifier: Apache-2.0 */
/* A value, its interval, or why there is none. */
#include "analysis/row.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEAST_TRIALS_FOR_QUANTILES = 3 };

static const struct estimate nothing = {.value = NAN, .lo = NAN, .hi = NAN, .method = ""};

void estimate_absent(struct estimate *e, const char *why)
{
    *e = nothing;
    e->state = ESTIMATE_ABSENT;
    (void)snprintf(e->why, sizeof e->why, "%s", why);
}

/* Further requests until the effective count reaches @need. From 100 on dependence is estimated,
 * which costs (2.093 / 1.96)^2 even where there is none. */
static int64_t more_requests(size_t n, double n_eff, int64_t need)
{
    double each = n_eff / (double)n, wanted = ceil((double)need / each - 1e-9);

    if (n < 100 && wanted >= 100)
        wanted = ceil((double)need * 1.1403);
    return i64_max(1, (int64_t)wanted - (int64_t)n);
}

static size_t trial_size(const struct column *s, size_t t)
{
    return s->first[t + 1] - s->first[t];
}

/* No metric is negative: an interval ends where its values end. */
static double not_below_zero(double v)
{
    return v < 0 ? 0 : v;
}

void estimate_over_trials(struct estimate *e, const double *values, size_t n)
{
    struct stats_mean m = stats_mean_t(values, n);

    e->value = m.mean;
    e->lo = not_below_zero(m.lo);
    e->hi = m.hi;
    e->trials = n;
}

/* Where the order of requests can't give an interval, the trials may. */
static bool quantile_over_trials(struct estimate *e, const struct column *s, size_t trials,
                                 double p)
{
    double values[64], value;
    size_t n = 0;

    for (size_t t = 0; t < trials && n < COUNT_OF(values); t++) {
        struct stats_quantile q;
        size_t size = trial_size(s, t);

        if (size == 0)
            continue;
        if (stats_quantile(&q, s->v + s->first[t], size, p) < 0 || isinf(q.value) ||
            (int64_t)size < q.need)
            return false;
        values[n++] = q.value;
    }
    if (n < LEAST_TRIALS_FOR_QUANTILES)
        return false;
    value = e->value; /* of all requests; percentiles are not averaged */
    estimate_over_trials(e, values, n);
    e->value = value;
    e->lo = fmin(e->lo, value);
    e->hi = fmax(e->hi, value);
    e->method = "order statistic; Student t over the trials' percentiles";
    return true;
}

/* What was seen is told; how far it may be off is not known. */
static void drop_interval(struct estimate *e)
{
    e->lo = e->hi = NAN;
    (void)snprintf(e->why, sizeof e->why,
                   "no interval: requests depend on each other for longer than this sample can "
                   "resolve");
}

static void refuse_failures(struct estimate *e, double share, double p)
{
    e->state = ESTIMATE_REFUSED;
    (void)snprintf(e->why, sizeof e->why,
                   "%.3g %% of the requests failed, more than the %.3g %% beyond this percentile",
                   100 * share, 100 * (1 - p));
}

void estimate_percentile(struct estimate *e, const struct column *s, size_t trials, double p)
{
    struct stats_quantile q;
    double failed;

    if (s->n == 0) {
        estimate_absent(e, "no values");
        return;
    }
    q = stats_quantile_of(s->v, s->sorted, s->n, p);
    failed = (double)s->censored / (double)s->n;
    *e = (struct estimate){.value = q.value,
                           .lo = q.lo,
                           .hi = q.hi,
                           .n = s->n,
                           .n_eff = q.n_eff,
                           .method = isnan(q.vif) ? "order statistic, binomial ranks at n"
                                                  : "order statistic, binomial ranks at n_eff"};
    if (failed > 1 - p + 1e-12) {
        refuse_failures(e, failed, p);
    } else if (floor(q.n_eff) < (double)q.need) {
        e->state = ESTIMATE_NEEDS;
        e->needs = more_requests(s->n, q.n_eff, q.need);
    } else if (q.long_memory && !quantile_over_trials(e, s, trials, p)) {
        drop_interval(e);
    }
}

/* The observed values alone; failures have no length to average. */
static size_t observed(double *ret, const struct column *s, size_t from, size_t to)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++)
        if (!isinf(s->v[i]))
            ret[n++] = s->v[i];
    return n;
}

static void mean_within(struct estimate *e, const double *v, size_t n)
{
    struct stats_mean m = stats_mean_batches(v, n);

    e->value = m.mean;
    e->lo = not_below_zero(m.lo);
    e->hi = m.hi;
    e->n_eff = m.n_eff;
    e->method = "within-run, batch means";
    if (isnan(m.lo))
        (void)snprintf(e->why, sizeof e->why, "too short a series for an interval of its mean");
}

static size_t trial_means(double *ret, size_t cap, double *scratch, const struct column *s,
                          size_t trials)
{
    size_t n = 0;

    for (size_t t = 0; t < trials && n < cap; t++) {
        size_t k = observed(scratch, s, s->first[t], s->first[t + 1]);

        if (k > 0)
            ret[n++] = stats_mean(scratch, k);
    }
    return n;
}

int estimate_mean(struct estimate *e, const struct column *s, size_t trials)
{
    AUTO(free) double *v = malloc((s->n + 1) * sizeof *v);
    AUTO(free) double *means = malloc((trials + 1) * sizeof *means);
    size_t n, k;

    if (!v || !means)
        return -ENOMEM;
    k = trial_means(means, trials, v, s, trials);
    n = observed(v, s, 0, s->n);
    if (n == 0) {
        estimate_absent(e, s->n > 0 ? "every request failed" : "no values");
        return 0;
    }
    *e = nothing;
    e->n = n;
    mean_within(e, v, n);
    if (k >= 2) {
        e->why[0] = '\0';
        estimate_over_trials(e, means, k);
        e->method = "Student t over trial means";
    }
    return 0;
}

bool row_failed(const struct analysis *a, const struct row *r, size_t good)
{
    (void)a;
    (void)good;
    return outcome_failed(r->outcome) && r->outcome != OUTCOME_CANCELLED &&
           r->outcome != OUTCOME_INTERRUPTED;
}

bool row_in_share(const struct row *r, row_is *is)
{
    return !r->warm_up && (is == row_failed || r->hang_up == HANG_UP_NONE);
}

int estimate_share(struct estimate *e, const struct analysis *a, row_is *is, size_t good)
{
    AUTO(free) double *v = malloc((a->row_count + 1) * sizeof *v);
    struct stats_share s;
    size_t n = 0;

    if (!v)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++)
        if (row_in_share(&a->rows[i], is))
            v[n++] = is(a, &a->rows[i], good);
    if (n == 0) {
        estimate_absent(e, "no counted requests");
        return 0;
    }
    s = stats_share(v, n);
    *e = (struct estimate){.value = s.share,
                           .lo = s.lo,
                           .hi = s.hi,
                           .n = n,
                           .n_eff = s.n_eff,
                           .method = n < 100 ? "Clopper-Pearson at n" : "Clopper-Pearson at n_eff"};
    return 0;
}
