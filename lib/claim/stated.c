/* SPDX-License-Identifier: Apache-2.0 */
/* What the numbers rest on: what the plan states, what it could have stated, what nobody saw. */
#include "base/units.h"
#include "claim/parts.h"
#include "plan/require.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void push_text(json_t *list, struct str *s)
{
    if (s->len > 0 && str_ok(s))
        json_push(list, json_string(s->data));
    str_clear(s);
}

static void push_pairs(json_t *list, const char *what, const struct plan_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(str_release) struct str s = {0};

        str_addf(&s, "%s %s = %s", what, pairs[i].key, pairs[i].value);
        push_text(list, &s);
    }
}

static void push_required(json_t *list, const char *what, const struct plan_require *q, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(str_release) struct str s = {0};

        str_addf(&s, "%s %s = ", what, q[i].key);
        require_wanted(&s, &q[i]);
        push_text(list, &s);
    }
}

/* A changed limit beside the one that it replaces. */
static void push_gates(json_t *list, const struct plan *p)
{
    struct gate_limit own[GATE_COUNT_];

    gates_default(own);
    for (size_t i = 0; i < p->gate_count; i++) {
        AUTO(str_release) struct str s = {0};
        enum gate g;
        const double *limit = gate_limit_find(own, p->gates[i].key, &g);

        if (limit)
            str_addf(&s, "gate changed: %s = %s (gates@1: %.4g %s)", p->gates[i].key,
                     p->gates[i].value, *limit, gate_unit_name(gate_name(g)->unit));
        push_text(list, &s);
    }
}

static void push_rules(json_t *list, const struct plan *p)
{
    AUTO(str_release) struct str s = {0};

    if (p->exclude.warm_up == WARM_UP_DURATION)
        str_addf(&s, "warm-up: what was due in the first %s of each trial is not counted",
                 units_exact_ns(p->exclude.warm_up_ns).text);
    else if (p->exclude.warm_up == WARM_UP_REQUESTS)
        str_addf(&s, "warm-up: the first %" PRId64 " requests of each trial are not counted",
                 p->exclude.warm_up_requests);
    else
        str_add(&s, "warm-up: nothing is excluded");
    push_text(list, &s);
    if (p->exclude.drain)
        str_add(&s, "throughput is counted up to the last arrival, not over the drain");
    push_text(list, &s);
}

/* How the slots of a closed loop open is part of what its first answers show. */
static void push_opening(json_t *list, const struct plan *p)
{
    AUTO(str_release) struct str s = {0};

    if (p->load.arrivals != ARRIVALS_CLOSED)
        return;
    if (p->load.opening_ns)
        str_addf(&s, "slots open evenly over %s, at the start and where a stage adds some",
                 units_exact_ns(p->load.opening_ns).text);
    else
        str_add(&s, "the opening is a wave: all slots of the start, or that a stage adds, open at "
                    "once");
    push_text(list, &s);
}

static json_t *stated_json(const struct plan *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->assume_count; i++)
        json_push(list, json_string(p->assume[i]));
    push_pairs(list, "declared:", p->declare, p->declare_count);
    push_required(list, "required of the stack:", p->stack_require, p->stack_require_count);
    push_required(list, "required of the system:", p->system_require, p->system_require_count);
    push_gates(list, p);
    push_rules(list, p);
    push_opening(list, p);
    return list;
}

static bool any_key_has(const struct plan_pair *pairs, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcasestr(pairs[i].key, word))
            return true;
    return false;
}

static bool any_required_has(const struct plan_require *q, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcasestr(q[i].key, word))
            return true;
    return false;
}

/* Somewhere in what the plan declares or requires, or says in words. */
static bool says(const struct plan *p, const char *word)
{
    for (size_t i = 0; i < p->assume_count; i++)
        if (strcasestr(p->assume[i], word))
            return true;
    return any_key_has(p->declare, p->declare_count, word) ||
           any_required_has(p->stack_require, p->stack_require_count, word) ||
           any_required_has(p->system_require, p->system_require_count, word);
}

static json_t *unstated_item(const char *name, const char *how)
{
    json_t *o = json_object();

    json_put_str(o, "name", name);
    json_put_str(o, "how", how);
    return o;
}

static const char *measured(const struct claim_source *s, const char *scope, const char *name)
{
    for (size_t i = 0; scope && i < s->fact_count; i++)
        if (s->facts[i].known == KNOWN_MEASURED && strcmp(s->facts[i].scope, scope) == 0 &&
            strcmp(s->facts[i].name, name) == 0)
            return s->facts[i].value;
    return NULL;
}

/* This host's facts are the target's where the target is on it. */
static bool is_seen(const struct claim_source *s, const char *scope, const char *name)
{
    const char *here = measured(s, "target", "on_this_host");

    if (scope && strcmp(scope, "host") == 0 && !(here && strcmp(here, "yes") == 0))
        return false;
    return measured(s, scope, name) != NULL;
}

static void unstated_words(json_t *list, const struct claim_source *s)
{
    static const struct {
        const char *words[4], *name, *how;
        const char *scope, *fact; /* which says it as well, if it was measured */
    } items[] = {
        {{"precision", "quanti", "dtype"},
         "precision",
         "declare: {precision: ...}",
         "model",
         "precision"},
        {{"weights", "checkpoint", NULL},
         "model weights",
         "declare: {model.weights: ...}",
         "model",
         "file.sha256"},
        {{"tenan", "exclusive", "alone", "other load"},
         "tenancy",
         "assume: [\"no other tenant on the node\"]",
         NULL,
         NULL},
        {{"hardware", "gpu", "accelerator"},
         "hardware of the target",
         "system: {require: {gpu: ...}} or declare",
         "host",
         "cpu.model"},
        {{"cache", NULL, NULL}, "state of caches at the start", "assume or declare", NULL, NULL},
        {{"batch", NULL, NULL}, "batching of the engine", "declare: {batching: ...}", NULL, NULL},
    };

    for (size_t i = 0; i < COUNT_OF(items); i++) {
        bool said = is_seen(s, items[i].scope, items[i].fact);

        for (size_t w = 0; w < COUNT_OF(items[i].words) && items[i].words[w]; w++)
            said = said || says(s->plan, items[i].words[w]);
        if (!said)
            json_push(list, unstated_item(items[i].name, items[i].how));
    }
}

static json_t *unstated_json(const struct claim_source *s)
{
    const struct plan *p = s->plan;
    json_t *list = json_array();

    if (p->good_count == 0)
        json_push(list, unstated_item("good", "good: what would be good enough"));
    if (p->regime == REGIME_UNSTATED)
        json_push(list, unstated_item("regime", "regime: latency, throughput or cost"));
    if (!p->question[0])
        json_push(list, unstated_item("question", "question: what is to be decided"));
    if (!p->family[0])
        json_push(list, unstated_item("workload family", "workload: {family: ...}"));
    unstated_words(list, s);
    if (!(p->cost.usd_per_hour > 0))
        json_push(list, unstated_item("hardware price", "cost: {usd_per_hour: ...}"));
    if (p->expect_count == 0)
        json_push(list, unstated_item("what was expected", "expect: before the run"));
    return list;
}

json_t *assumptions_json(const struct claim_source *s)
{
    json_t *o = json_object();

    json_put(o, "stated", stated_json(s->plan));
    json_put(o, "unstated", unstated_json(s));
    return o;
}

static void gap_scale(json_t *list, const struct plan *p)
{
    AUTO(str_release) struct str s = {0};

    if (p->scale_lengths != 1) {
        str_add(&s, "lengths are scaled to ");
        ratio_text(&s, p->scale_lengths);
        str_add(&s, " of production's: nothing is known of full lengths");
    }
    push_text(list, &s);
    if (p->scale_rate != 1) {
        str_add(&s, "the arrival rate is scaled to ");
        ratio_text(&s, p->scale_rate);
        str_add(&s, " of production's");
    }
    push_text(list, &s);
    if (p->load.speedup != 1 && p->load.arrivals == ARRIVALS_REPLAY)
        str_addf(&s, "arrivals are replayed at %.4g times their speed", p->load.speedup);
    push_text(list, &s);
}

static void gap_source(json_t *list, const struct plan *p)
{
    AUTO(str_release) struct str s = {0};

    if (p->slice_for_ns > 0)
        str_addf(&s, "a slice of %s of the profile, not all of it",
                 units_exact_ns(p->slice_for_ns).text);
    push_text(list, &s);
    if (p->mix_count > 0 && p->load.arrivals != ARRIVALS_REPLAY)
        str_add(&s, "the shares of the mix and its arrivals are the plan's, not a production's");
    push_text(list, &s);
    if (!p->profile[0] && p->mix_count == 0) {
        str_add(&s, "fixed lengths (");
        lengths_text(&s, p);
        str_add(&s, "): no production has them, and its tail is not covered");
    }
    push_text(list, &s);
    if (p->profile[0] && p->load.arrivals != ARRIVALS_REPLAY)
        str_add(&s, "arrivals are not the profile's own");
    push_text(list, &s);
}

json_t *gaps_json(const struct claim_source *s)
{
    json_t *list = json_array();

    gap_scale(list, s->plan);
    gap_source(list, s->plan);
    if (!s->plan->target.tls.verify)
        json_push(list, json_string("the target's TLS certificate was not verified: that it was "
                                    "the named target is taken for granted"));
    json_push(list, json_string("prompts are synthetic words: content-dependent behaviour "
                                "(speculative decoding, early stops) is not covered"));
    return list;
}

static void push_unseen(json_t *list, const struct claim_source *s, bool host)
{
    for (size_t i = 0; i < s->fact_count; i++) {
        const struct fact *f = &s->facts[i];
        json_t *o;

        if (f->known != KNOWN_UNKNOWN || (strcmp(f->scope, "host") == 0) != host)
            continue;
        o = json_object();
        json_put_str(o, "scope", f->scope);
        json_put_str(o, "name", f->name);
        json_put_str(o, "why", f->source);
        json_push(list, o);
    }
}

/* The host's come last: a virtual machine hides many of them, and they say least. */
json_t *not_observed_json(const struct claim_source *s)
{
    json_t *list = json_array();

    push_unseen(list, s, false);
    push_unseen(list, s, true);
    return list;
}

static json_t *fact_json(const struct fact *f)
{
    json_t *o = json_object();

    json_put_str(o, "name", f->name);
    json_put_str(o, "value", f->value);
    json_put_str(o, "unit", f->unit ? f->unit : "");
    json_put_str(o, "known", known_name(f->known));
    json_put_str(o, "source", f->source ? f->source : "");
    return o;
}

json_t *facts_json(const struct claim_source *s)
{
    json_t *scopes = json_object();

    for (size_t i = 0; i < s->fact_count; i++) {
        const struct fact *f = &s->facts[i];

        if (f->known == KNOWN_UNKNOWN)
            continue;
        if (!json_object_get(scopes, f->scope))
            json_put(scopes, f->scope, json_array());
        json_push(json_object_get(scopes, f->scope), fact_json(f));
    }
    return scopes;
}

const char *fact_value(const struct claim_source *s, const char *name)
{
    for (size_t i = 0; i < s->fact_count; i++)
        if (strcmp(s->facts[i].name, name) == 0 && s->facts[i].known != KNOWN_UNKNOWN)
            return s->facts[i].value;
    return NULL;
}
