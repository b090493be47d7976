/* SPDX-License-Identifier: Apache-2.0 */
#include "run/calibrate.h"
#include "run/inside.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

void endpoint_free(struct endpoint *e)
{
    if (!e)
        return;
    target_release(&e->target);
    fact_list_release(&e->facts);
    free(e->asked);
    free(e);
}
DEFINE_AUTO(struct endpoint *, endpoint_free)

/* What opening, requirements and declared facts follow from. */
static char *asked_of(const struct plan *p, struct err *err)
{
    static const char *const keys[] = {"target", "declare", "stack", "system"};
    AUTO(json_unref) json_t *plan = NULL, *asked = json_object();
    char *text = NULL;

    if (json_parse(&plan, p->effective, "effective plan", NULL) == 0) {
        for (size_t i = 0; i < COUNT_OF(keys); i++)
            json_put(asked, keys[i], json_incref(json_object_get(plan, keys[i])));
        json_put_bool(asked, "calibrate", p->calibrate);
        text = json_canonical(asked);
    }
    if (!text)
        (void)err_set(err, -ENOMEM, "out of memory for a target");
    return text;
}

static int declared_facts(struct fact_list *facts, const struct plan *p)
{
    int failed = 0;

    for (size_t i = 0; i < p->declare_count && failed == 0; i++)
        failed = fact_list_put(facts, "declared", p->declare[i].key, "plan", KNOWN_DECLARED, "%s",
                               p->declare[i].value);
    return failed;
}

static int open_endpoint(struct endpoint *e, struct run *r, const struct step *s, struct err *err)
{
    const struct plan *p = s->plan;
    int failed = 0;

    if (declared_facts(&e->facts, p) < 0)
        return err_set(err, -ENOMEM, "out of memory for facts");
    failed = target_open(&e->target, p, &e->facts, err);
    if (failed < 0)
        return failed;
    run_say(r, "target %s: %s %s", p->target.url, engine_name(e->target.probe.engine),
            e->target.probe.version);
    return p->calibrate
               ? calibrate_prompts(&e->calibration, p, &e->target, s->schedule, &e->facts, err)
               : 0;
}

int endpoint_for(struct run *r, struct step *s, struct err *err)
{
    AUTO(endpoint_free) struct endpoint *e = NULL;
    AUTO(free) char *asked = asked_of(s->plan, err);
    int failed;

    if (!asked)
        return -ENOMEM;
    for (s->endpoint = 0; s->endpoint < r->endpoint_count; s->endpoint++)
        if (strcmp(r->endpoints[s->endpoint]->asked, asked) == 0)
            return 0;
    e = calloc(1, sizeof *e);
    if (!e)
        return err_set(err, -ENOMEM, "out of memory for a target");
    e->calibration.tokens_per_word = 1;
    e->asked = TAKE(asked);
    failed = open_endpoint(e, r, s, err);
    if (failed < 0)
        return failed;
    if (VEC_PUSH(r->endpoints, r->endpoint_count, r->endpoint_cap, e) < 0)
        return err_set(err, -ENOMEM, "out of memory for a target");
    (void)TAKE(e);
    return 0;
}
