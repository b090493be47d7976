/* SPDX-License-Identifier: Apache-2.0 */
/* What may be claimed. */
#include "analysis/row.h"
#include "base/str.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const double wire_missing_share = 0.001;

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {"characterization", "snapshot", "refused"};

    return (size_t)v < COUNT_OF(names) ? names[v] : "?";
}

enum weight { QUALIFIES, REFUSES, INSTRUMENT };

PRINTF_LIKE(3, 4)
static void add(struct analysis *a, enum weight w, const char *fmt, ...)
{
    struct reason *r = &a->reasons[a->reason_count];
    va_list ap;

    if (a->reason_count == COUNT_OF(a->reasons))
        return;
    va_start(ap, fmt);
    (void)vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    r->refuses = w != QUALIFIES;
    r->instrument = w == INSTRUMENT;
    a->reason_count++;
}

static void unstated(struct analysis *a)
{
    if (a->in.plan->good_count == 0)
        add(a, REFUSES, "the plan doesn't say what good means: add good");
    if (a->in.plan->regime == REGIME_UNSTATED)
        add(a, REFUSES,
            "the plan doesn't say what matters: add regime (latency, throughput or cost)");
}

/* Is @m what the run is about: the headline of this kind of load, or asked for? */
static bool is_headline(const struct analysis *a, const struct metric *m)
{
    const struct plan *p = a->in.plan;
    bool closed = p->load.arrivals == ARRIVALS_CLOSED;

    for (size_t i = 0; i < p->good_count; i++)
        if (strcmp(p->good[i].metric, m->id) == 0)
            return true;
    return strcmp(m->id, closed ? "ttft.content.sent@1" : "ttft.content.due@1") == 0;
}

/* "CPU of the busiest I/O thread 91.2 % (limit 85)" */
static void say_gate(struct str *s, const struct analysis *a, enum gate g)
{
    const struct gate_result *r = &a->instrument.gates[g];
    const struct gate_limit *l = &a->in.plan->limits[g];
    const struct gate_name *name = gate_name(g);

    str_addf(s, "%s %.3g %s (limit %.3g)", name->figure, r->overall, gate_unit_name(name->unit),
             r->state == GATE_WARNS ? l->warn : l->refuse);
    if (gate_state(g, a->in.plan->limits, r->overall) != r->state)
        str_addf(s, ", beyond it in %.3g %% of the time", 100 * r->refused_share);
}

/* A gate that refuses, and what it takes away. */
static void void_by_gate(struct analysis *a, enum gate g)
{
    const struct gate_result *r = &a->instrument.gates[g];
    AUTO(str_release) struct str names = {0}, figure = {0};
    enum weight weight = QUALIFIES;

    for (size_t i = 0; i < a->summary_count; i++) {
        const struct metric *m = a->summaries[i].metric;

        if (!(r->voids & metric_sensitive_to(a, m, a->slo_good)))
            continue;
        str_addf(&names, "%s%s", names.len ? ", " : "", m->id);
        weight = is_headline(a, m) ? INSTRUMENT : weight;
    }
    say_gate(&figure, a, g);
    if (names.len > 0 && str_ok(&figure))
        add(a, weight, "the client was no fit instrument: %s; void: %s", figure.data, names.data);
}

/* A gate of the run that only warns; the seconds' are counted together. */
static void strained_by_gate(struct analysis *a, enum gate g)
{
    AUTO(str_release) struct str figure = {0};

    say_gate(&figure, a, g);
    if (str_ok(&figure))
        add(a, QUALIFIES, "the client was strained: %s", figure.data);
}

static void strained(struct analysis *a)
{
    const int64_t *n = a->instrument.seconds;
    int64_t all = n[CONDITION_CLEAN] + n[CONDITION_STRAINED] + n[CONDITION_SATURATED];

    for (enum gate g = GATE_SECONDS_; g < GATE_COUNT_; g++)
        if (a->instrument.gates[g].state == GATE_WARNS)
            strained_by_gate(a, g);
    if (n[CONDITION_CLEAN] < all)
        add(a, QUALIFIES,
            "of %" PRId64 " measured seconds the client was strained in %" PRId64
            " and saturated in %" PRId64,
            all, n[CONDITION_STRAINED], n[CONDITION_SATURATED]);
}

/* What the client takes away from its own run. */
static void taken_away(struct analysis *a)
{
    size_t from = a->reason_count;

    if (a->in.lost_records > 0)
        add(a, INSTRUMENT,
            "%" PRId64 " records were lost: the ring was full; nothing can be claimed",
            a->in.lost_records);
    for (enum gate g = 0; g < GATE_COUNT_; g++)
        if (a->instrument.gates[g].voids)
            void_by_gate(a, g);
    for (size_t i = from; i < a->reason_count; i++)
        a->reasons[i].takes_away = true;
}

static void uncounted(struct analysis *a)
{
    if (a->ledger.total.counted == 0)
        add(a, REFUSES, "nothing was counted: %" PRId64 " requests executed, all in the warm-up",
            a->ledger.total.warm_up);
}

/* The wire's series is only as whole as the capture was. */
static void of_the_wire(struct analysis *a)
{
    const struct wire_agreement *w = &a->instrument.wire;
    bool many = (double)w->missing > wire_missing_share * (double)w->answers;

    if (!a->in.wire)
        return;
    if (w->missing > 0)
        add(a, many ? INSTRUMENT : QUALIFIES,
            "the wire's series lacks %" PRId64 " of %" PRId64
            " answers (limit 0.1 %%); the capture "
            "dropped %" PRId64 " packets",
            w->missing, w->answers, w->dropped);
    if (w->clock_steps > 0)
        add(a, QUALIFIES, "the clock that stamps packets was set %" PRId64 " times meanwhile",
            w->clock_steps);
}

static const char *state_words(const char *state)
{
    if (strcmp(state, "killed") == 0)
        return "was interrupted (asrun was killed)";
    return strcmp(state, "running") == 0 ? "is still going on" : "was interrupted";
}

static void of_this_run_only(struct analysis *a)
{
    if (strcmp(a->in.state, "complete") != 0)
        add(a, QUALIFIES, "the run %s: this covers what was executed until then",
            state_words(a->in.state));
    if (a->in.trial_count < 2)
        add(a, QUALIFIES, "one trial can't show how trials differ");
    add(a, QUALIFIES,
        "steady state, drift and change points are not evaluated yet: true of this run only");
}

/* The names of all with one outcome, each with how it is known. */
static void of_requirements(struct analysis *a, enum require_outcome outcome, const char *words)
{
    const struct observed *o = &a->observed;
    AUTO(str_release) struct str names = {0};

    for (size_t i = 0; i < o->requirement_count; i++) {
        const struct requirement *q = &o->requirements[i];

        if (q->outcome != outcome)
            continue;
        str_addf(&names, "%s%s", names.len ? ", " : "", q->name);
        if (outcome == REQUIRE_BY_WORD)
            str_addf(&names, " (%s)", known_name(q->known));
    }
    if (names.len > 0 && str_ok(&names))
        add(a, QUALIFIES, "%s: %s", words, names.data);
}

static void of_changes(struct analysis *a)
{
    const struct observed *o = &a->observed;
    AUTO(str_release) struct str names = {0};

    for (size_t i = 0; i < o->requirement_count; i++)
        if (o->requirements[i].changed)
            str_addf(&names, "%s%s", names.len ? ", " : "", o->requirements[i].name);
    if (names.len > 0 && str_ok(&names))
        add(a, QUALIFIES, "required, and changed during the run: %s", names.data);

    if (o->change_count > 0)
        add(a, QUALIFIES,
            "stack or system changed %zu time%s during the run; first, after %.3g s: %s",
            o->change_count, o->change_count == 1 ? "" : "s", (double)o->changes[0].time_ns / 1e9,
            o->changes[0].text);
}

static void of_what_was_observed(struct analysis *a)
{
    of_requirements(a, REQUIRE_VIOLATED, "the run went on although what it requires is violated");
    of_requirements(a, REQUIRE_BY_WORD, "required, and met by word only");
    of_requirements(a, REQUIRE_UNKNOWN, "required, but not known to hold");
    of_changes(a);
}

static void of_overload(struct analysis *a)
{
    const struct capacity *c = &a->capacity;

    if (c->share > 1)
        add(a, QUALIFIES,
            "more was offered than the target can serve: %.3g requests/s of a capacity of %.3g/s",
            c->offered_per_s, c->per_s);
    else if (a->pilot.count > 0 && isnan(c->per_s))
        add(a, QUALIFIES,
            "the capacity pilot tells nothing: %" PRId64 " requests, %" PRId64
            " of them failed, for %d at a time; use at least twice as many requests",
            c->requests, c->failed, c->concurrency);
}

static void of_failures(struct analysis *a)
{
    const struct ledger_row *l = &a->ledger.total;
    int64_t hung_up = l->outcomes[OUTCOME_HUNG_UP];
    int64_t failed = l->counted - l->outcomes[OUTCOME_OK] - hung_up;

    if (failed > 0)
        add(a, QUALIFIES, "%" PRId64 " of %" PRId64 " counted requests did not succeed", failed,
            l->counted);
    if (hung_up > 0)
        add(a, QUALIFIES,
            "%" PRId64 " of %" PRId64 " counted requests hung up as planned (load.hang_up)",
            hung_up, l->counted);
}

void verdict_make(struct analysis *a)
{
    unstated(a);
    taken_away(a);
    strained(a);
    of_the_wire(a);
    uncounted(a);
    of_this_run_only(a);
    of_what_was_observed(a);
    of_overload(a);
    of_failures(a);
    a->verdict = VERDICT_SNAPSHOT;
    for (size_t i = 0; i < a->reason_count; i++)
        if (a->reasons[i].refuses)
            a->verdict = VERDICT_REFUSED;
}
