/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's seconds together. A gate voids its metrics in the run where its figure over all of
 * the measured time is beyond the limit (a few very bad seconds), or where more than a twentieth of
 * that time is (many bad ones).
 */
#include "analysis/row.h"
#include <math.h>
#include <string.h>

static const double refused_time = 0.05;

static bool is_closed(const struct analysis *a)
{
    return a->in.plan->load.arrivals == ARRIVALS_CLOSED;
}

/* Does the second overlap what is measured? */
static bool measured(const struct analysis *a, const struct second *s)
{
    const struct window *w;

    if (s->trial >= a->in.trial_count || s->v[SECOND_LENGTH] <= 0)
        return false;
    w = &a->rates[s->trial].window;
    return w->from_ns != TIME_NONE && s->start_ns + s->v[SECOND_LENGTH] > w->from_ns;
}

/* Whether the client itself may have kept requests from being sent then. */
static bool held_back(const struct analysis *a, const struct second *s)
{
    for (enum gate g = 0; g < GATE_SECONDS_; g++)
        if ((gate_voids(g, s, a->in.wire) & (VOIDS_SEND | VOIDS_CLOSED)) &&
            gate_state(g, a->in.plan->limits, gate_figure(g, s)) == GATE_REFUSES)
            return true;
    return false;
}

int analysis_add_second(struct analysis *a, const struct second *s)
{
    const struct gate_limit *limits = a->in.plan->limits;
    struct instrument *in = &a->instrument;

    assert(a->ordered);
    if (!measured(a, s))
        return 0;
    in->seconds[second_condition(s, limits)]++;
    for (enum gate g = 0; g < GATE_SECONDS_; g++) {
        double figure = gate_figure(g, s);
        enum gate_state state = gate_state(g, limits, figure);

        in->gates[g].worst =
            a->measured.v[SECOND_LENGTH] == 0 ? figure : fmax(in->gates[g].worst, figure);
        in->gates[g].warned += state == GATE_WARNS;
        in->gates[g].refused += state == GATE_REFUSES;
        a->gate_ns[g] += state == GATE_REFUSES ? s->v[SECOND_LENGTH] : 0;
    }
    second_add(&a->measured, s);
    return held_back(a, s)
               ? limited_add_span(a, SPAN_SATURATED, s->start_ns, s->start_ns + s->v[SECOND_LENGTH])
               : 0;
}

/* What the client could do, over what was asked of it: the plan's, or the run's where that was
 * more. A closed loop asks what its target lets it ask, and one step of many what it did. */
static double headroom(const struct analysis *a)
{
    const struct self_test *t = &a->instrument.self_test;
    double asked = a->instrument.asked_per_s;

    if (!t->planned_is_a_guess || isnan(asked))
        asked = fmax(asked, t->planned_per_s);
    return asked > 0 ? t->capacity_per_s / asked : (double)NAN;
}

/* The gate's figure over the whole run; NAN: not known. Of lateness the p99 of all requests, not
 * the worst second's, decides: one late second is not a late run. */
static double overall(const struct analysis *a, enum gate g)
{
    const struct instrument *in = &a->instrument;

    switch (g) {
    case GATE_LATENESS:
        return 1e3 * in->due_to_send.p99;
    case GATE_CAP:
        return in->arrivals > 0 && !is_closed(a)
                   ? 100 * (double)in->cap_waits / (double)in->arrivals
                   : (double)NAN;
    case GATE_HEADROOM:
        return headroom(a);
    default:
        return a->measured.v[SECOND_LENGTH] > 0 ? gate_figure(g, &a->measured) : (double)NAN;
    }
}

void gates_make(struct analysis *a)
{
    double all = (double)a->measured.v[SECOND_LENGTH];
    double thread_s = all / 1e9 / a->in.plan->load.threads;

    a->instrument.asked_per_s =
        all > 0 ? (double)a->measured.v[SECOND_TOKEN_EVENTS] / thread_s : (double)NAN;

    for (enum gate g = 0; g < GATE_COUNT_; g++) {
        struct gate_result *r = &a->instrument.gates[g];
        bool by_time = g < GATE_SECONDS_ && g != GATE_LATENESS && all > 0;

        if (g >= GATE_SECONDS_ || all <= 0)
            r->worst = (double)NAN;
        r->overall = overall(a, g);
        r->refused_share = by_time ? (double)a->gate_ns[g] / all : 0;
        r->state = r->refused_share > refused_time ? GATE_REFUSES
                                                   : gate_state(g, a->in.plan->limits, r->overall);
        r->voids = r->state == GATE_REFUSES ? gate_voids(g, &a->measured, a->in.wire) : 0;
    }
}

/* What counts only requests within their limits depends on the metrics that are limited. */
static bool counts_the_good(const struct metric *m)
{
    return strcmp(m->id, "goodput@1") == 0 || strcmp(m->id, "slo_attainment@1") == 0 ||
           m->kind == METRIC_COST;
}

unsigned metric_sensitive_to(const struct analysis *a, const struct metric *m, size_t good)
{
    bool closed = is_closed(a);
    unsigned by = metric_voided_by(m->id, closed);
    const struct plan_good *g = good < a->in.plan->good_count ? &a->in.plan->good[good] : NULL;

    for (size_t i = 0; g && counts_the_good(m) && i < g->slo_count; i++)
        by |= metric_voided_by(g->slo[i].metric, closed);
    return by;
}

const struct gate_name *metric_void(const struct analysis *a, const struct metric *m, size_t good)
{
    unsigned by = metric_sensitive_to(a, m, good);

    for (int g = 0; g < GATE_COUNT_; g++)
        if (a->instrument.gates[g].voids & by)
            return gate_name((enum gate)g);
    return NULL;
}
