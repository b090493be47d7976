/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/series_judge.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *series_answer_name(enum series_answer a)
{
    static const char *const names[] = {"better", "worse", "equivalent", "cannot tell"};

    return names[a];
}

static const char *obstacle(const struct series_judgement *j)
{
    if (j->verdict == SERIES_REFUSED)
        return "one side is refused";
    if (strcmp(j->label, "flat") != 0 && strcmp(j->label, "warm-up") != 0)
        return "one side has no steady state in all of its runs";
    return NULL;
}

static double *means_of(const struct series_judgement *j)
{
    double *v = malloc((j->count + 1) * sizeof *v);

    for (size_t i = 0; v && i < j->count; i++)
        v[i] = j->runs[i].mean.mean;
    return v;
}

static enum series_answer turn(enum stats_answer a, int better)
{
    if (a == STATS_EQUIVALENT)
        return SERIES_EQUIVALENT;
    if (a == STATS_CANT_TELL)
        return SERIES_CANT_TELL;
    return (a == STATS_HIGHER) == (better > 0) ? SERIES_BETTER : SERIES_WORSE;
}

int series_compare(struct series_comparison *ret, const struct series_judgement *a,
                   const struct series_judgement *b, bool paired, const struct series_rules *rules,
                   struct err *err)
{
    AUTO(free) double *x = means_of(a);
    AUTO(free) double *y = means_of(b);
    struct series_comparison c = {.why = obstacle(a) ? obstacle(a) : obstacle(b)};
    int r;

    if (!x || !y)
        return err_set(err, -ENOMEM, "out of memory");
    if (paired && a->count != b->count)
        return err_set(err, -EINVAL, "pairs want as many runs on each side: %zu and %zu", a->count,
                       b->count);
    r = paired ? stats_ratio_paired(&c.ratio, y, x, a->count, rules->margin)
               : stats_ratio_welch(&c.ratio, y, b->count, x, a->count, rules->margin);
    if (r < 0)
        return err_set(err, -EINVAL, "a ratio takes means over 0");
    c.answer = c.why ? SERIES_CANT_TELL : turn(c.ratio.answer, rules->better);
    if (!c.why && isnan(c.ratio.lo))
        c.why = "a comparison takes two or more independent runs a side; values of one run aren't";
    if (!c.why && c.answer == SERIES_CANT_TELL)
        c.why = "the interval reaches across the margin; more runs would narrow it";
    *ret = c;
    return 0;
}
