/* SPDX-License-Identifier: Apache-2.0 */
#include "run/inside.h"
#include "base/cpus.h"
#include "base/vec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void step_release(struct step *s)
{
    requests_release(&s->requests);
    schedule_free(s->schedule);
    plan_free(s->own_plan);
    json_unref(s->overrides);
    *s = (struct step){0};
}

void step_free(struct step *s)
{
    if (!s)
        return;
    step_release(s);
    free(s);
}

static int fill(struct step *s, struct run *r, const struct plan_step *set, struct err *err)
{
    int failed = set ? plan_of_step(&s->own_plan, r->plan, set, err) : 0;

    if (failed < 0)
        return failed;
    s->plan = set ? s->own_plan : r->plan;
    s->overrides = set ? plan_step_json(set) : NULL;
    if (s->plan->load.threads > RUN_MAX_THREADS)
        return err_set(err, -EINVAL, "load.threads: %d; at most %d", s->plan->load.threads,
                       RUN_MAX_THREADS);
    failed = schedule_build(&s->schedule, s->plan, err);
    if (failed == 0 && s->schedule->count > SCHEDULE_MAX_ITEMS - r->items)
        failed =
            err_set(err, -EINVAL, "schedule: more than %d items in all steps", SCHEDULE_MAX_ITEMS);
    return failed;
}

int step_plan(struct run *r, const struct plan_step *set, const char *why, struct err *err)
{
    AUTO(step_free) struct step *s = calloc(1, sizeof *s);
    int failed;

    if (!s)
        return err_set(err, -ENOMEM, "out of memory for a step");
    s->first_item = r->items;
    s->first_trial = r->trials;
    (void)snprintf(s->why, sizeof s->why, "%s", why);
    failed = fill(s, r, set, err);
    if (failed < 0)
        return failed;
    if (VEC_PUSH(r->steps, r->step_count, r->step_cap, s) < 0)
        return err_set(err, -ENOMEM, "out of memory for a step");
    r->items += (uint32_t)s->schedule->count;
    r->trials += (uint32_t)s->schedule->trials;
    (void)TAKE(s);
    return 0;
}

int step_open(struct run *r, struct step *s, struct err *err)
{
    const struct endpoint *e;
    int failed = endpoint_for(r, s, err);

    if (failed < 0)
        return failed;
    e = r->endpoints[s->endpoint];
    failed = requests_init(&s->requests, s->plan,
                           &(struct request_access){.base = &e->target.url,
                                                    .key = e->target.key,
                                                    .whole_url = e->target.route.proxy[0],
                                                    .headers = e->target.headers.data,
                                                    .shape = e->target.shape},
                           s->schedule, &e->calibration, r->run_id, err);
    if (failed < 0)
        return failed;
    s->requests.id_base = s->first_item;
    s->requests.trial_base = s->first_trial;
    return requests_digest(&s->prompts, &s->requests, err);
}

static json_t *step_json(const struct run *r, const struct step *s)
{
    json_t *o = json_object();

    json_put(o, "overrides", json_incref(s->overrides));
    json_put_i64(o, "first", s->first_item);
    json_put_i64(o, "count", (json_int_t)s->schedule->count);
    json_put_i64(o, "first_trial", s->first_trial);
    json_put_i64(o, "trials", (json_int_t)s->schedule->trials);
    json_put_i64(o, "target", r->endpoint_count > 1 ? (json_int_t)s->endpoint + 1 : 0);
    json_put_str(o, "why", s->why);
    json_put_str(o, "plan_digest", digest_hex(&s->plan->digest).text);
    json_put_str(o, "schedule_digest", digest_hex(&s->schedule->digest).text);
    json_put_str(o, "prompts_digest", digest_hex(&s->prompts).text);
    return o;
}

int step_declare(struct run *r, size_t i, struct err *err)
{
    const struct step *s = r->steps[i];
    AUTO(json_unref) json_t *o = s->overrides ? step_json(r, s) : NULL;
    AUTO(free) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    char key[32];
    int failed;

    if (!s->overrides)
        return 0;
    if (!text)
        return err_set(err, -ENOMEM, "out of memory for a step");
    (void)snprintf(key, sizeof key, "step_plan.%zu", i);
    failed = store_meta(r->store, key, s->plan->effective, err);
    (void)snprintf(key, sizeof key, "step.%zu", i);
    return failed < 0 ? failed : store_meta(r->store, key, text, err);
}

static int pause_for(struct run *r, int64_t pause_ns, struct err *err)
{
    int64_t until = clock_mono_ns() + pause_ns;
    const struct timespec step = {.tv_nsec = 50 * NS_PER_MS};
    int failed = 0;

    while (clock_mono_ns() < until && !run_interrupted(r->control) && failed == 0) {
        (void)nanosleep(&step, NULL);
        failed = run_pump(r, err);
    }
    return failed;
}

/* What the plan says goes before what whoever started the target would like. */
void step_cpus(struct run *r, const struct plan *p)
{
    const char *planned = p->load.cpus;

    r->io_cpus = r->options->io_cpus;
    if (*planned && cpus_parse(r->planned_cpus, RUN_MAX_THREADS, planned) == p->load.threads)
        r->io_cpus = r->planned_cpus;
}

int step_run(struct run *r, size_t i, struct err *err)
{
    struct step *s = r->steps[i];
    int failed = 0;

    step_cpus(r, s->plan);
    for (uint32_t t = 0; t < s->schedule->trials && failed == 0; t++) {
        if (s->first_trial + t > 0)
            failed = pause_for(r, s->plan->trials.pause_ns, err);
        if (failed < 0 || run_interrupted(r->control))
            break;
        failed = run_trial(r, s, t, err);
    }
    return failed;
}
