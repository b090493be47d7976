/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a sweep or a search: rows of the meta table ("step.0", "step_plan.0"), and the file
 * seen through one of them. */
#include "base/json.h"
#include "base/vec.h"
#include "evidence/open.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct evidence_step *evidence_steps(const struct evidence *e, size_t *count)
{
    *count = e->step_count;
    return e->steps;
}

static uint32_t number(const json_t *o, const char *key, bool *bad)
{
    const json_t *v = json_object_get(o, key);
    json_int_t n = json_integer_value(v);

    *bad = *bad || !json_is_integer(v) || n < 0 || n > UINT32_MAX;
    return (uint32_t)n;
}

static const char *text(struct evidence *e, const json_t *o, const char *key, bool *bad)
{
    const char *v = json_string_value(json_object_get(o, key));

    *bad = *bad || !v;
    return arena_strdup(&e->words, v ? v : "");
}

static const char *overrides_text(struct evidence *e, const json_t *o, bool *bad)
{
    AUTO(free) char *v = json_dumps(json_object_get(o, "overrides"), JSON_COMPACT);

    *bad = *bad || !v;
    return arena_strdup(&e->words, v ? v : "{}");
}

/* Steps follow each other: no gap and no overlap, in items and in trials. */
static bool follows(const struct evidence *e, const struct evidence_step *s)
{
    const struct evidence_step *last = e->step_count ? &e->steps[e->step_count - 1] : NULL;
    uint64_t item = last ? (uint64_t)last->first + last->count : 0;
    uint64_t trial = last ? (uint64_t)last->first_trial + last->trials : 0;

    return s->first == item && s->first_trial == trial && item + s->count <= e->info.scheduled &&
           trial + s->trials < UINT32_MAX;
}

static int load_step(struct evidence *e, const char *value, struct err *err)
{
    AUTO(json_unref) json_t *o = NULL;
    struct evidence_step s = {.step = (uint32_t)e->step_count};
    bool bad = json_parse(&o, value, "step", NULL) < 0;
    char key[32];

    (void)snprintf(key, sizeof key, "step_plan.%u", s.step);
    s.plan = evidence_meta(e, key);
    s.first = number(o, "first", &bad);
    s.count = number(o, "count", &bad);
    s.first_trial = number(o, "first_trial", &bad);
    s.trials = number(o, "trials", &bad);
    s.target = number(o, "target", &bad);
    s.overrides = overrides_text(e, o, &bad);
    s.why = text(e, o, "why", &bad);
    s.plan_digest = text(e, o, "plan_digest", &bad);
    s.schedule_digest = text(e, o, "schedule_digest", &bad);
    s.prompts_digest = text(e, o, "prompts_digest", &bad);
    if (bad || !s.plan || !follows(e, &s))
        return err_set(err, -EBADMSG, "%s: step %u makes no sense", e->info.path, s.step);
    if (!s.overrides || !s.why || !s.plan_digest || !s.schedule_digest || !s.prompts_digest ||
        VEC_PUSH(e->steps, e->step_count, e->step_cap, s) < 0)
        return err_set(err, -ENOMEM, "%s: out of memory for its steps", e->info.path);
    return 0;
}

/* What a search schedules shows only step by step: until then there is only room for it. */
int evidence_load_steps(struct evidence *e, struct err *err)
{
    char key[32];
    const char *value;
    int r = 0;

    while (r == 0) {
        (void)snprintf(key, sizeof key, "step.%zu", e->step_count);
        value = evidence_meta(e, key);
        if (!value)
            break;
        r = load_step(e, value, err);
    }
    if (r == 0 && e->step_count > 0) {
        const struct evidence_step *last = &e->steps[e->step_count - 1];

        e->info.scheduled = last->first + last->count;
        e->info.trials = last->first_trial + last->trials;
        e->step_trials = calloc(e->trial_count + 1, sizeof *e->step_trials);
        if (!e->step_trials)
            return err_set(err, -ENOMEM, "%s: out of memory for its steps", e->info.path);
    }
    return r;
}

static void select_trials(struct evidence *e, const struct evidence_step *s)
{
    e->step_trial_count = 0;
    for (size_t i = 0; i < e->trial_count; i++) {
        struct evidence_trial t = e->trials[i];

        if (t.trial < s->first_trial || t.trial - s->first_trial >= s->trials)
            continue;
        t.trial -= s->first_trial;
        t.first -= s->first;
        e->step_trials[e->step_trial_count++] = t;
    }
}

/* A step whose trials are all over is complete, whatever became of the run. */
static bool complete(const struct evidence *e, const struct evidence_step *s)
{
    bool all = e->step_trial_count == s->trials;

    for (size_t i = 0; i < e->step_trial_count; i++)
        all = all && strcmp(e->step_trials[i].outcome, "complete") == 0;
    return all;
}

void evidence_select(struct evidence *e, uint32_t step)
{
    const struct evidence_step *s;
    struct evidence_info *i = &e->info;
    char sql[120];

    if (e->step)
        *i = e->whole;
    e->step = NULL;
    if (step == EVIDENCE_WHOLE)
        return;
    assert(step < e->step_count);
    s = &e->steps[step];
    e->whole = *i;
    select_trials(e, s);
    e->step = s;
    i->scheduled = s->count;
    i->trials = s->trials;
    i->samples = 0;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM sample WHERE id >= %u AND id - %u < %u",
                   s->first, s->first, s->count);
    (void)!sql_int(&i->samples, e->db, sql, NULL); /* 0 then: the ledger will not balance */
    if (complete(e, s))
        (void)snprintf(i->state, sizeof i->state, "complete");
    (void)snprintf(i->plan_digest, sizeof i->plan_digest, "%s", s->plan_digest);
    (void)snprintf(i->schedule_digest, sizeof i->schedule_digest, "%s", s->schedule_digest);
    (void)snprintf(i->prompts_digest, sizeof i->prompts_digest, "%s", s->prompts_digest);
}

int64_t evidence_until_ns(const struct evidence *e)
{
    size_t n = e->step_trial_count;

    return e->step && n > 0 && e->step_trials[n - 1].end_ns != TIME_NONE
               ? e->step_trials[n - 1].end_ns
               : INT64_MAX;
}

void evidence_items(const struct evidence *e, int64_t *first, int64_t *last)
{
    *first = e->step ? e->step->first : 0;
    *last = e->step ? *first + e->step->count - 1 : UINT32_MAX;
}

int64_t evidence_trial_number(struct evidence *e, const char *key, size_t trial)
{
    char name[64];
    const char *value;

    (void)snprintf(name, sizeof name, "%s.%zu", key, trial + (e->step ? e->step->first_trial : 0));
    value = evidence_meta(e, name);
    return value ? strtoll(value, NULL, 10) : 0;
}
