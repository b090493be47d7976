/* SPDX-License-Identifier: Apache-2.0 */
/* The search of a plan: each step a proper trial, analysed as its claim will be before the next one
 * is chosen. */
#include "analysis/search_answer.h"
#include "run/inside.h"
#include <math.h>
#include <stdio.h>

/* What the step's trials say, from the evidence itself. */
static int ask(enum search_answer *ret, bool *longer, struct run *r, size_t i, struct err *err)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    int failed = store_flush(r->store, err);

    if (failed == 0)
        failed = evidence_open(&e, r->options->out_path, EVIDENCE_READ_ONLY, err);
    if (failed < 0)
        return failed;
    evidence_select(e, (uint32_t)i);
    failed = analysis_read(&a, e, r->steps[i]->plan, (double)NAN, err);
    if (failed == 0)
        *ret = search_answer_of(longer, a);
    return failed;
}

static void why_next(char *buf, size_t size, const struct search *s)
{
    if (s->phase == SEARCH_REPEATS)
        (void)snprintf(buf, size, "%g could not be told: once more, %d times as long", s->load,
                       1 << s->repeat);
    else if (s->step == 0)
        (void)snprintf(buf, size, "where the search begins");
    else if (s->phase == SEARCH_CLIMBS)
        (void)snprintf(buf, size, "no load was missed yet: twice as much, at most search.to");
    else if (s->load > s->unsure_to)
        (void)snprintf(buf, size, "between %g, which can't be told, and %g, not met", s->unsure_to,
                       s->not_met);
    else if (!isnan(s->unsure_from))
        (void)snprintf(buf, size, "between %g, met, and %g, which can't be told", s->met,
                       s->unsure_from);
    else
        (void)snprintf(buf, size, "between %g, met, and %g, not met", s->met, s->not_met);
}

static int one_step(struct search *search, struct run *r, struct err *err)
{
    static const char *const answers[] = {"met", "not met", "cannot tell"};
    size_t i = r->step_count - 1;
    enum search_answer answer = SEARCH_CANNOT_TELL;
    double load = search->load;
    bool longer = false;
    char text[120];
    int failed = step_run(r, i, err);

    if (failed < 0 || run_interrupted(r->control))
        return failed;
    failed = ask(&answer, &longer, r, i, err);
    if (failed < 0)
        return failed;
    search_feed(search, answer, longer);
    (void)snprintf(text, sizeof text, "step %zu, %g: %s", i, load, answers[answer]);
    run_say(r, "%s", text);
    return store_note(r->store, clock_mono_ns() - r->anchor.mono_ns, "search", text, err);
}

static int plan_next(struct search *search, struct run *r, struct err *err)
{
    struct plan_step set;
    char why[160];
    int failed;

    plan_search_step(&set, r->plan, search->load, search->repeat);
    why_next(why, sizeof why, search);
    failed = step_plan(r, &set, why, err);
    if (failed == 0)
        failed = step_open(r, r->steps[r->step_count - 1], err);
    return failed < 0 ? failed : step_declare(r, r->step_count - 1, err);
}

int search_steps(struct run *r, struct err *err)
{
    const struct search_rules rules = search_rules_of(r->plan);
    struct search search;
    int failed = 0;

    search_init(&search, &rules);
    while (failed == 0 && !run_interrupted(r->control) && search_going(&search)) {
        if (search.step > 0)
            failed = plan_next(&search, r, err);
        if (failed == 0)
            failed = one_step(&search, r, err);
    }
    return failed;
}
