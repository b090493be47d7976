/* SPDX-License-Identifier: Apache-2.0 */
/* From an evidence file: two passes, samples and then events. */
#include "analysis/row.h"
#include "base/units.h"
#include <math.h>
#include <string.h>

struct walk {
    struct analysis *analysis;
    struct err *err;
};

static int on_sample(void *ctx, const struct sample *s)
{
    struct walk *w = ctx;

    return analysis_add_sample(w->analysis, s, w->err);
}

static int on_event(void *ctx, uint32_t sample, uint32_t index, const struct event *e)
{
    struct walk *w = ctx;

    (void)index;
    return analysis_add_event(w->analysis, sample, e, w->err);
}

static int on_second(void *ctx, const struct second *s)
{
    return analysis_add_second(((struct walk *)ctx)->analysis, s);
}

static int64_t sum_of_trials(struct evidence *e, const char *key, size_t trials)
{
    int64_t sum = 0;

    for (size_t t = 0; t < trials; t++)
        sum += evidence_trial_number(e, key, t);
    return sum;
}

static int on_fact(void *ctx, const struct fact *f)
{
    struct self_test *t = ctx;
    double v;

    if (strcmp(f->scope, "self_test") != 0 || !f->value || units_double(&v, f->value) < 0)
        return 0;
    if (strcmp(f->name, "capacity.events_per_s") == 0)
        t->capacity_per_s = v;
    else if (strcmp(f->name, "planned.events_per_s") == 0)
        t->planned_per_s = v;
    return 0;
}

/* The test was of the hardest step. */
static bool has_steps(const struct evidence *e)
{
    size_t n;

    (void)evidence_steps(e, &n);
    return n > 0;
}

static int start(struct analysis **ret, struct evidence *e, const struct plan *plan,
                 double extra_percentile, struct err *err)
{
    const struct evidence_info *info = evidence_info(e);
    struct self_test test = {NAN, NAN, plan->load.arrivals == ARRIVALS_CLOSED || has_steps(e)};
    struct analysis_input in = {.plan = plan,
                                .scheduled = info->scheduled,
                                .state = info->state,
                                .lost_records = info->lost_records,
                                .self_test = &test,
                                .extra_percentile = extra_percentile,
                                .wire = evidence_uses_wire(e)};

    int r = evidence_each_fact(e, on_fact, &test, err);

    if (r < 0)
        return r;
    in.trials = evidence_trials(e, &in.trial_count);
    in.cap_waits = sum_of_trials(e, "cap_waits", in.trial_count) +
                   sum_of_trials(e, "stream_waits", in.trial_count);
    return analysis_new(ret, &in, err);
}

int analysis_read_ledger(struct analysis **ret, struct evidence *e, const struct plan *plan,
                         struct err *err)
{
    AUTO(analysis_free) struct analysis *a = NULL;
    struct walk w = {.err = err};
    int r = start(&a, e, plan, NAN, err);

    if (r < 0)
        return r;
    w.analysis = a;
    r = evidence_each_sample(e, on_sample, &w, err);
    if (r == 0)
        r = analysis_order(a, err);
    if (r == 0)
        *ret = TAKE(a);
    return r;
}

static int read_all(struct analysis **ret, struct evidence *e, const struct plan *plan,
                    double extra_percentile, bool events, struct err *err)
{
    AUTO(analysis_free) struct analysis *a = NULL;
    struct walk w = {.err = err};
    int r = analysis_read_ledger(&a, e, plan, err);

    if (r < 0)
        return r;
    a->in.extra_percentile = extra_percentile;
    w.analysis = a;
    r = evidence_each_second(e, on_second, &w, err);
    if (r == 0 && events)
        r = evidence_each_event(e, UINT32_MAX, on_event, &w, err);
    if (r == 0)
        r = wire_compare(a, e, err);
    if (r == 0)
        r = observed_read(&a->observed, e, err);
    if (r == 0)
        r = limited_read(a, e, err);
    if (r == 0)
        r = telemetry_sums_read(&a->conditions, e, true, err);
    if (r == 0)
        r = analysis_finish(a, err);
    if (r == 0)
        *ret = TAKE(a);
    return r;
}

int analysis_read(struct analysis **ret, struct evidence *e, const struct plan *plan,
                  double extra_percentile, struct err *err)
{
    return read_all(ret, e, plan, extra_percentile, true, err);
}

int analysis_read_client(struct analysis **ret, struct evidence *e, const struct plan *plan,
                         struct err *err)
{
    return read_all(ret, e, plan, NAN, false, err);
}
