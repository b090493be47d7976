/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/series.h"
#include <math.h>

static const double levels[] = {0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1};

/* Lengths are whole, drawn ones rounded: a bin's edges lie half a token below. */
static void fill_learned_bins(double bins[PROFILE_BINS], const double table[PROFILE_QUANTILES])
{
    for (int k = 0; k < PROFILE_BINS; k++)
        bins[k] = profile_share_at(table, exp2(k + 1) - 0.5) -
                  (k ? profile_share_at(table, exp2(k) - 0.5) : 0);
}

static void fill_bins(double bins[PROFILE_BINS], const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bins[i64_min(ilogb(v[i]), PROFILE_BINS - 1)] += 1 / (double)n;
}

static void describe_learned(struct profile_stats *ret, const struct profile *p)
{
    const struct profile_learned *m = &p->model;

    *ret = (struct profile_stats){.requests = p->header.rows_used,
                                  .span_s = m->span_s,
                                  .rate_per_s = m->rate_per_s,
                                  .arrival_cv = m->arrival_cv,
                                  .dispersion_10s = m->dispersion_10s,
                                  .input_mean = profile_table_mean(m->input_q),
                                  .output_mean = profile_table_mean(m->output_q),
                                  .rank_correlation = m->rank_correlation,
                                  .prefix_reuse_share = m->prefix_reuse_share};
    fill_learned_bins(ret->input_bins, m->input_q);
    fill_learned_bins(ret->output_bins, m->output_q);
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        ret->input_q[i] = profile_quantile(m->input_q, levels[i]);
        ret->output_q[i] = profile_quantile(m->output_q, levels[i]);
    }
}

static void fill_quantiles(double q[COUNT_OF(levels)], double *mean, double *v, size_t n)
{
    *mean = series_mean(v, n);
    series_sort(v, n);
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        q[i] = series_quantile(v, n, levels[i]);
}

static int describe_rows(struct profile_stats *ret, const struct profile *p)
{
    AUTO(columns_release) struct columns c = {0};
    AUTO(columns_release) struct columns ranked = {0};
    struct profile_stats s = {.requests = (int64_t)p->row_count};

    if (columns_of(&c, p) < 0 || columns_of(&ranked, p) < 0 ||
        series_spearman(&s.rank_correlation, ranked.input, ranked.output, c.n) < 0 ||
        profile_dispersion(&s.dispersion_10s, p, 10 * NS_PER_S) < 0 ||
        profile_reuse(&s.prefix_reuse_share, p) < 0)
        return -ENOMEM;
    s.span_s = (double)p->rows[p->row_count - 1].at_ns / 1e9;
    s.rate_per_s = s.span_s > 0 ? (double)(p->row_count - 1) / s.span_s : (double)NAN;
    s.arrival_cv = series_cv(c.gap, c.n - 1);
    fill_bins(s.input_bins, c.input, c.n);
    fill_bins(s.output_bins, c.output, c.n);
    fill_quantiles(s.input_q, &s.input_mean, c.input, c.n);
    fill_quantiles(s.output_q, &s.output_mean, c.output, c.n);
    *ret = s;
    return 0;
}

int profile_describe(struct profile_stats *ret, const struct profile *p, struct err *err)
{
    if (p->learned) {
        describe_learned(ret, p);
        return 0;
    }
    if (p->row_count == 0)
        return err_set(err, -EINVAL, "%s: no rows to describe", p->header.name);
    return describe_rows(ret, p) < 0 ? err_set(err, -ENOMEM, "%s: out of memory", p->header.name)
                                     : 0;
}
