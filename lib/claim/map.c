/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/map.h"
#include "analysis/search_answer.h"
#include "claim/parts.h"
#include "plan/steps.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *keys_json(const struct plan *p)
{
    json_t *keys = json_array();

    for (size_t i = 0; i < p->sweep.count; i++)
        json_push(keys, json_string(p->sweep.over[i].key));
    if (p->search.key != SEARCH_NOTHING)
        json_push(keys,
                  json_string(p->search.key == SEARCH_RATE ? "load.rate" : "load.concurrency"));
    return keys;
}

/* Where the search ended. What a step of it was asked to try follows from the plan and the answers
 * before it; what is told here, from the answers alone. */
static json_t *search_json(const struct search *s, bool whole, const char *unsure)
{
    json_t *o = json_object();
    bool found = whole && search_found(s);

    put_number(o, "met", s->met);
    put_number(o, "notMet", s->not_met);
    put_number(o, "unsureFrom", s->unsure_from);
    put_number(o, "unsureTo", s->unsure_to);
    put_number(o, "from", s->rules.from);
    put_number(o, "to", s->rules.to);
    put_number(o, "resolution", s->rules.resolution);
    json_put_str(o, "unsureWhy", isnan(s->unsure_from) ? "" : unsure);
    json_put_str(o, "ended",
                 found                      ? "found"
                 : !whole                   ? "interrupted"
                 : s->phase == SEARCH_SPENT ? "out of steps"
                 : s->phase == SEARCH_DONE  ? "cannot tell more"
                                            : "interrupted");
    return o;
}

struct map {
    struct evidence *e;
    const struct plan *plan;
    double extra_percentile;
    json_t *steps; /* borrowed */
    struct search search;
    char unsure[240]; /* why the last step that can't be told can't be */
    bool whole;       /* all of its steps ended and followed the search */
};

/* The step's answer moves the search on, as it did while it ran. */
static void follow(struct map *m, const struct analysis *a, const struct plan *p)
{
    double load = m->plan->search.key == SEARCH_RATE ? p->load.rate_per_s : p->load.concurrency;
    bool longer;
    enum search_answer answer = search_answer_of(&longer, a);

    if (m->plan->search.key == SEARCH_NOTHING || !m->whole)
        return;
    m->whole = search_going(&m->search) && fabs(load - m->search.load) <= 1e-6 * load &&
               strcmp(a->in.state, "complete") == 0;
    if (m->whole)
        search_feed(&m->search, answer, longer);
}

static enum search_answer answer_of_step(const struct analysis *a)
{
    bool longer;

    return search_answer_of(&longer, a);
}

/* What the instrument may have made comes first; else the limit that can't be told. */
static void explain(char *buf, size_t size, const struct analysis *a)
{
    const char *why = "";

    for (size_t i = 0; i < a->in.plan->good_count && i < ANALYSIS_MAX_GOOD; i++)
        if (a->answers[i].answer == ANSWER_CANNOT_TELL)
            why = a->answers[i].why;
    for (size_t i = 0; i < a->reason_count; i++)
        if (a->reasons[i].refuses)
            why = a->reasons[i].text;
    (void)snprintf(buf, size, "%s", why);
}

static int add_step(struct map *m, const struct evidence_step *s, struct err *err)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    AUTO(json_unref) json_t *claim = NULL, *overrides = NULL;
    json_t *o;
    int r;

    evidence_select(m->e, s->step);
    r = claim_read(&claim, &a, &plan, m->e, m->extra_percentile, err);
    if (r == 0)
        r = json_parse(&overrides, s->overrides, "step", err);
    if (r < 0)
        return r;
    follow(m, a, plan);
    if (m->plan->search.key != SEARCH_NOTHING && answer_of_step(a) == SEARCH_CANNOT_TELL)
        explain(m->unsure, sizeof m->unsure, a);
    o = json_object();
    json_put_i64(o, "step", s->step);
    json_put(o, "overrides", TAKE(overrides));
    json_put_str(o, "why", s->why);
    json_put_str(o, "answer", answer_name(a->answer));
    json_put_str(o, "verdict", verdict_name(a->verdict));
    json_put(o, "claim", TAKE(claim));
    json_push(m->steps, o);
    return 0;
}

static int add_steps(struct map *m, struct err *err)
{
    size_t n;
    const struct evidence_step *s = evidence_steps(m->e, &n);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = add_step(m, &s[i], err);
    evidence_select(m->e, EVIDENCE_WHOLE);
    return r;
}

int claim_map(json_t **ret, struct evidence *e, double extra_percentile, struct err *err)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(json_unref) json_t *o = json_object(), *steps = json_array();
    struct map m = {.e = e, .extra_percentile = extra_percentile, .steps = steps, .whole = true};
    struct search_rules rules;
    struct err why = {0};
    size_t n;
    int r;

    (void)evidence_steps(e, &n);
    if (n == 0)
        return err_set(err, -ENODATA, "%s: has no steps", evidence_info(e)->path);
    r = plan_parse(&plan, evidence_plan(e), evidence_info(e)->path, NULL, 0, &why);
    if (r < 0)
        return err_set(err, r == -ENOMEM ? r : -EBADMSG, "%s", why.text);
    m.plan = plan;
    rules = search_rules_of(plan);
    if (plan->search.key != SEARCH_NOTHING)
        search_init(&m.search, &rules);
    r = add_steps(&m, err);
    if (r < 0)
        return r;
    json_put_i64(o, "asrunMap", 1);
    json_put_str(o, "kind", plan->search.key == SEARCH_NOTHING ? "sweep" : "search");
    json_put_str(o, "state", evidence_info(e)->state);
    json_put_str(o, "question", plan->question);
    json_put(o, "keys", keys_json(plan));
    json_put(o, "search",
             plan->search.key == SEARCH_NOTHING ? json_null()
                                                : search_json(&m.search, m.whole, m.unsure));
    json_put(o, "steps", TAKE(steps));
    *ret = TAKE(o);
    return 0;
}
