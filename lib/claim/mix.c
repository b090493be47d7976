/* SPDX-License-Identifier: Apache-2.0 */
/* What each component of a mix was, and what it came to. */
#include "claim/parts.h"
#include <math.h>
#include <string.h>

static json_t *times_json(const struct component_times *t)
{
    json_t *o = json_object();

    json_put_i64(o, "n", (int64_t)t->n);
    put_number(o, "p50", t->p50);
    put_number(o, "p90", t->p90);
    put_number(o, "p99", t->p99);
    return o;
}

static json_t *component_json(const struct plan *p, size_t i, const struct component *c)
{
    const struct plan_component *plan = &p->mix[i];
    json_t *o = json_object();

    json_put_str(o, "name", plan->name);
    json_put_str(o, "model", *plan->model ? plan->model : p->target.model);
    put_number(o, "share", plan->share > 0 ? plan->share : (double)NAN);
    json_put_i64(o, "counted", c->counted);
    json_put_i64(o, "failed", c->failed);
    json_put_i64(o, "hungUp", c->hung_up);
    json_put_i64(o, "inputTokens", c->input_tokens);
    json_put_i64(o, "outputTokens", c->output_tokens);
    json_put(o, "firstContent", times_json(&c->ttft));
    json_put(o, "latency", times_json(&c->latency));
    return o;
}

json_t *mix_json(const struct claim_source *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->plan->mix_count; i++)
        json_push(list, component_json(s->plan, i, &s->analysis->components[i]));
    return list;
}

void mix_text(struct str *out, const struct plan *p)
{
    str_add(out, "a mix of ");
    for (size_t i = 0; i < p->mix_count; i++) {
        const struct plan_component *c = &p->mix[i];
        const char *slash = strrchr(c->profile, '/');

        str_addf(out, "%s%s", i ? ", " : "", c->name);
        if (c->share > 0)
            str_addf(out, " %.3g %%", 100 * c->share);
        if (*c->profile)
            str_addf(out, " [profile %s", slash ? slash + 1 : c->profile);
        else
            str_addf(out, " [%d in", c->fixed_input);
        if (c->fixed_output)
            str_addf(out, ", %d out", c->fixed_output);
        str_addf(out, "%s%s]", *c->model ? ", model " : "", c->model);
    }
}
