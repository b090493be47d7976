/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/row.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int column_init(struct column *s, size_t trials)
{
    s->first = calloc(trials + 2, sizeof *s->first);
    return s->first ? 0 : -ENOMEM;
}

int column_add(struct column *s, double v)
{
    s->censored += isinf(v) != 0;
    return VEC_PUSH(s->v, s->n, s->cap, v);
}

void column_open_trial(struct column *s, size_t trial)
{
    while (s->open < trial)
        s->first[++s->open] = s->n;
}

int column_sort(struct column *s)
{
    if (s->n == 0)
        return 0;
    s->sorted = malloc(s->n * sizeof *s->sorted);
    if (!s->sorted)
        return -ENOMEM;
    memcpy(s->sorted, s->v, s->n * sizeof *s->sorted);
    stats_sort(s->sorted, s->n);
    return 0;
}

void column_release(struct column *s)
{
    free(s->v);
    free(s->sorted);
    free(s->first);
}

/* One column of the counted rows: the double at @offset of each. */
static int fill_one(struct column *s, const struct analysis *a, size_t offset)
{
    if (column_init(s, a->in.trial_count) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++) {
        double v;

        memcpy(&v, (const char *)&a->rows[i] + offset, sizeof v);
        column_open_trial(s, a->rows[i].trial);
        if (!a->rows[i].warm_up && !isnan(v) && column_add(s, v) < 0)
            return -ENOMEM;
    }
    column_open_trial(s, a->in.trial_count);
    return column_sort(s);
}

int columns_fill(struct analysis *a)
{
    int r = 0;

    for (size_t i = 0; i < METRIC_SAMPLE_COUNT && r == 0; i++)
        r = fill_one(&a->metric[i], a, offsetof(struct row, value) + i * sizeof(double));
    for (size_t i = 0; i < PART_COUNT_ && r == 0; i++)
        r = fill_one(&a->parts[i], a, offsetof(struct row, part) + i * sizeof(double));
    return r;
}

static double at_share(const double *sorted, size_t n, double p)
{
    return n > 0 ? sorted[i64_max(1, (int64_t)ceil((double)n * p - 1e-9)) - 1] : (double)NAN;
}

struct spread spread_of(const struct column *s)
{
    return (struct spread){s->n, at_share(s->sorted, s->n, 0.5), at_share(s->sorted, s->n, 0.99),
                           at_share(s->sorted, s->n, 1)};
}
