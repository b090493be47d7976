/* SPDX-License-Identifier: Apache-2.0 */
/*
 * best[t] is the least cost of the first t values: the minimum over the last change s of best[s] +
 * cost(s, t) + penalty. A change s that is worse than t at t stays worse for ever (Killick et al.,
 * theorem 3.1, K = 0 for squared error), but only from t + shortest on, when t itself may be the
 * last change: until then it is kept, marked with the time of its death. Without that the minimum
 * segment length would cost exactness.
 */
#include "stats/levels.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>

struct pelt {
    double *sum, *squares; /* of the first t values */
    double *best;          /* of the first t values */
    double *inverse;       /* 1 / length */
    double *tried;         /* best[s] + cost(s, t), by candidate */
    size_t *last;          /* the last change of the best segmentation of the first t values */
    size_t *open, *dies;   /* candidates, and when each leaves */
    size_t open_count;
};

static int pelt_alloc(struct pelt *p, void **memory, size_t n)
{
    char *at = calloc(n + 1, 5 * sizeof(double) + 3 * sizeof(size_t));

    if (!at)
        return -ENOMEM;
    *memory = at;
    p->sum = (double *)(void *)at;
    p->squares = p->sum + n + 1;
    p->best = p->squares + n + 1;
    p->inverse = p->best + n + 1;
    p->tried = p->inverse + n + 1;
    p->last = (size_t *)(void *)(p->tried + n + 1);
    p->open = p->last + n + 1;
    p->dies = p->open + n + 1;
    return 0;
}

static void add_up(struct pelt *p, const double *v, size_t n)
{
    double centre = stats_mean(v, n); /* squares of what is far from 0 would cancel */

    for (size_t i = 0; i < n; i++) {
        double x = v[i] - centre;

        p->sum[i + 1] = p->sum[i] + x;
        p->squares[i + 1] = p->squares[i] + x * x;
        p->inverse[i + 1] = 1 / (double)(i + 1);
    }
}

static double cost(const struct pelt *p, size_t s, size_t t)
{
    double sum = p->sum[t] - p->sum[s];

    return p->squares[t] - p->squares[s] - sum * sum * p->inverse[t - s];
}

static void try_all(struct pelt *p, size_t t, double penalty)
{
    double least = INFINITY;
    size_t which = 0;

    for (size_t i = 0; i < p->open_count; i++) {
        p->tried[i] = p->best[p->open[i]] + cost(p, p->open[i], t);
        if (p->tried[i] < least) {
            least = p->tried[i];
            which = p->open[i];
        }
    }
    p->best[t] = least + penalty;
    p->last[t] = which;
}

static void close_some(struct pelt *p, size_t t, size_t shortest)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->open_count; i++) {
        if (p->tried[i] > p->best[t] && p->dies[i] == 0)
            p->dies[i] = t + shortest;
        if (p->dies[i] != 0 && p->dies[i] <= t + 1)
            continue; /* from the next value on */
        p->open[kept] = p->open[i];
        p->dies[kept++] = p->dies[i];
    }
    p->open_count = kept;
}

static void open_one(struct pelt *p, size_t s)
{
    p->open[p->open_count] = s;
    p->dies[p->open_count++] = 0;
}

int stats_pelt(size_t *at, size_t *count, const double *v, size_t n, double penalty,
               size_t shortest)
{
    AUTO(free) void *memory = NULL;
    struct pelt p = {0};
    size_t k = 0;

    assert(shortest > 0);
    if (pelt_alloc(&p, &memory, n) < 0)
        return -ENOMEM;
    add_up(&p, v, n);
    p.best[0] = -penalty;
    open_one(&p, 0);
    for (size_t t = shortest; t <= n; t++) {
        if (t >= 2 * shortest)
            open_one(&p, t - shortest);
        try_all(&p, t, penalty);
        close_some(&p, t, shortest);
    }
    for (size_t t = n; t >= shortest && p.last[t] > 0; t = p.last[t])
        at[k++] = p.last[t];
    for (size_t i = 0; i < k / 2; i++) {
        size_t other = at[k - 1 - i];

        at[k - 1 - i] = at[i];
        at[i] = other;
    }
    *count = k;
    return 0;
}
