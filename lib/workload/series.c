/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/series.h"
#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void series_sort(double *v, size_t n)
{
    qsort(v, n, sizeof *v, compare_doubles);
}

double series_quantile(const double *sorted, size_t n, double u)
{
    double at = u * (double)(n - 1);
    size_t low = (size_t)at;

    if (low + 1 >= n)
        return sorted[n - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

double series_mean(const double *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : (double)NAN;
}

static double variance(const double *v, size_t n)
{
    double mean = series_mean(v, n), sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return n > 1 ? sum / (double)(n - 1) : (double)NAN;
}

struct placed {
    double value;
    size_t at;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Replaces values by their ranks; equal ones share the mean of theirs. */
static void rank(double *v, struct placed *scratch, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (struct placed){v[i], i};
    qsort(scratch, n, sizeof *scratch, compare_placed);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !(scratch[i].value < scratch[end].value); end++)
            ;
        for (size_t k = i; k < end; k++)
            v[scratch[k].at] = (double)(i + end - 1) / 2;
    }
}

static double pearson(const double *x, const double *y, size_t n)
{
    double mx = series_mean(x, n), my = series_mean(y, n), xy = 0, xx = 0, yy = 0;

    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

int series_spearman(double *ret, double *x, double *y, size_t n)
{
    AUTO(free) struct placed *scratch = calloc(n ? n : 1, sizeof *scratch);

    if (!scratch)
        return -ENOMEM;
    rank(x, scratch, n);
    rank(y, scratch, n);
    *ret = pearson(x, y, n);
    return 0;
}

double series_cv(const double *v, size_t n)
{
    double mean = series_mean(v, n);

    return mean > 0 && n > 1 ? sqrt(variance(v, n)) / mean : (double)NAN;
}

int profile_dispersion(double *ret, const struct profile *p, int64_t window_ns)
{
    int64_t span_ns = p->row_count ? p->rows[p->row_count - 1].at_ns : 0;
    size_t windows = (size_t)(span_ns / window_ns); /* whole ones only */
    AUTO(free) double *count = NULL;

    if (windows < 2 || windows > PROFILE_WINDOWS_MAX) {
        *ret = (double)NAN;
        return 0;
    }
    count = calloc(windows, sizeof *count);
    if (!count)
        return -ENOMEM;
    for (size_t i = 0; i < p->row_count; i++) {
        size_t w = (size_t)(p->rows[i].at_ns / window_ns);

        if (w < windows)
            count[w]++;
    }
    *ret = variance(count, windows) / series_mean(count, windows);
    return 0;
}

/* Block ids seen so far: open addressing, a power of two at least twice the ids. */
struct seen {
    uint64_t *slot; /* id + 1; 0: free */
    size_t mask;
};

/* True if @id was there; it is afterwards. */
static bool seen_add(struct seen *s, uint32_t id)
{
    size_t at = (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & s->mask;

    while (s->slot[at] && s->slot[at] != (uint64_t)id + 1)
        at = (at + 1) & s->mask;
    if (s->slot[at])
        return true;
    s->slot[at] = (uint64_t)id + 1;
    return false;
}

/* A prefix cache can reuse leading blocks only: the first unseen one ends the reuse of its row. */
static int64_t reused_tokens(const struct profile *p, struct seen *seen)
{
    int64_t reused = 0;

    for (size_t i = 0; i < p->row_count; i++) {
        const struct profile_row *row = &p->rows[i];
        int64_t left = row->input_tokens;
        bool leading = true;

        for (uint32_t k = 0; k < row->block_count; k++) {
            leading = seen_add(seen, p->blocks[row->block_first + k]) && leading;
            reused += leading ? i64_min(left, p->header.block_tokens) : 0;
            left = i64_max(left - p->header.block_tokens, 0);
        }
    }
    return reused;
}

int profile_reuse(double *ret, const struct profile *p)
{
    struct seen seen = {.mask = 1};
    AUTO(free) uint64_t *slots = NULL;
    int64_t all = 0;

    if (p->header.block_tokens == 0) {
        *ret = -1;
        return 0;
    }
    while (seen.mask < 2 * p->block_count)
        seen.mask = seen.mask * 2 + 1;
    seen.slot = slots = calloc(seen.mask + 1, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (size_t i = 0; i < p->row_count; i++)
        all += p->rows[i].input_tokens;
    *ret = (double)reused_tokens(p, &seen) / (double)all;
    return 0;
}

void columns_release(struct columns *c)
{
    free(c->input);
    free(c->output);
    free(c->gap);
    *c = (struct columns){0};
}

int columns_of(struct columns *ret, const struct profile *p)
{
    AUTO(columns_release) struct columns c = {.n = p->row_count};

    c.input = calloc(c.n + 1, sizeof *c.input);
    c.output = calloc(c.n + 1, sizeof *c.output);
    c.gap = calloc(c.n + 1, sizeof *c.gap);
    if (!c.input || !c.output || !c.gap)
        return -ENOMEM;
    for (size_t i = 0; i < c.n; i++) {
        c.input[i] = p->rows[i].input_tokens;
        c.output[i] = p->rows[i].output_tokens;
        if (i > 0)
            c.gap[i - 1] = (double)(p->rows[i].at_ns - p->rows[i - 1].at_ns) / 1e9;
    }
    *ret = c;
    c = (struct columns){0};
    return 0;
}
