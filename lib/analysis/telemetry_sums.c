/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/telemetry_sums.h"
#include "base/vec.h"
#include <stdlib.h>

struct reading {
    struct telemetry_sums *to;
    size_t *at; /* the position of each series' number; SIZE_MAX: none */
    size_t at_count, at_cap;
    const struct evidence_trial *trials;
    size_t trial_count, trial; /* @trial: the first that has not ended by the row before */
    bool in_trials;
};

static int on_series(void *ctx, uint32_t id, const struct series *s)
{
    struct reading *r = ctx;
    struct telemetry_sums *t = r->to;
    struct series_sum sum = {.series = {.scope = arena_strdup(&t->arena, s->scope),
                                        .name = arena_strdup(&t->arena, s->name),
                                        .unit = arena_strdup(&t->arena, s->unit),
                                        .source = arena_strdup(&t->arena, s->source),
                                        .known = s->known}};
    int failed = 0;

    if (!sum.series.scope || !sum.series.name || !sum.series.unit || !sum.series.source)
        return -ENOMEM;
    while (r->at_count <= id && failed == 0)
        failed = VEC_PUSH(r->at, r->at_count, r->at_cap, SIZE_MAX);
    if (failed == 0)
        r->at[id] = t->count;
    return failed < 0 ? failed : VEC_PUSH(t->items, t->count, t->cap, sum);
}

/* Rows come in order of time. */
static bool in_a_trial(struct reading *r, int64_t time_ns)
{
    const struct evidence_trial *t;

    for (; r->trial < r->trial_count; r->trial++) {
        t = &r->trials[r->trial];
        if (t->end_ns == TIME_NONE || time_ns <= t->end_ns)
            return time_ns >= t->start_ns;
    }
    return false;
}

static int on_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    struct reading *r = ctx;
    struct series_sum *sum;
    double v = row->value;

    (void)s;
    if (row->series >= r->at_count || r->at[row->series] == SIZE_MAX ||
        (r->in_trials && !in_a_trial(r, row->time_ns)))
        return 0;
    sum = &r->to->items[r->at[row->series]];
    sum->least = sum->rows == 0 || v < sum->least ? v : sum->least;
    sum->most = sum->rows == 0 || v > sum->most ? v : sum->most;
    sum->last = v;
    sum->rows++;
    sum->mean += (v - sum->mean) / (double)sum->rows; /* Welford, Technometrics 4 (1962) 419 */
    return 0;
}

int telemetry_sums_read(struct telemetry_sums *t, struct evidence *e, bool in_trials,
                        struct err *err)
{
    struct reading r = {.to = t, .in_trials = in_trials};
    int failed;

    r.trials = evidence_trials(e, &r.trial_count);
    failed = evidence_each_series(e, on_series, &r, err);
    if (failed == 0)
        failed = evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, on_row, &r, err);
    free(r.at);
    return failed == -ENOMEM ? err_set(err, failed, "out of memory for telemetry") : failed;
}

void telemetry_sums_release(struct telemetry_sums *t)
{
    arena_release(&t->arena);
    free(t->items);
    *t = (struct telemetry_sums){0};
}
