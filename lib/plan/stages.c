/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/stages.c - load.stages: read, checked, written out. */
#include "plan/reading.h"
#include "base/units.h"
#include <stdio.h>
#include <string.h>

static const double MOST_PER_S = 1e6;

/* "2/s", and "0/s" for a pause. */
static int read_rate(double *ret, const char *text)
{
    double v = 0;

    if (strcmp(text, "0/s") != 0 && (units_rate(&v, text) < 0 || v > MOST_PER_S))
        return -EINVAL;
    *ret = v;
    return 0;
}

static int read_ramp(struct plan_stage *s, const char *text)
{
    const char *dots = strstr(text, "..");
    char from[40];

    if (!dots) {
        int rc = read_rate(&s->from_per_s, text);

        s->to_per_s = s->from_per_s;
        return rc;
    }
    (void)snprintf(from, sizeof from, "%.*s", (int)(dots - text), text);
    return read_rate(&s->from_per_s, from) < 0 ? -EINVAL : read_rate(&s->to_per_s, dots + 2);
}

static int set_stage(struct reading *r, const char *shown, const struct node *n,
                     struct plan_stage *s)
{
    const struct node *rate = n->kind == NODE_MAP ? node_child(n, "rate") : NULL;
    const struct node *span = n->kind == NODE_MAP ? node_child(n, "for") : NULL;
    const struct key *for_key = key_find("load.stages[].for");

    assert(for_key);
    if (!rate || !span)
        return reading_fail(r, n, shown, "must be a map; write {rate: 2/s..8/s, for: 30s}");
    for (const struct node *c = n->child; c; c = c->next)
        if (c != rate && c != span)
            return reading_fail(r, c, shown, "'%.40s' is not a key here; known here: rate, for",
                                c->key);
    if (rate->kind != NODE_SCALAR || read_ramp(s, rate->text) < 0)
        return reading_fail(r, rate, shown,
                            "'%.40s' is no rate; it takes 2/s, or 2/s..8/s for a ramp",
                            rate->kind == NODE_SCALAR ? rate->text : "a list or map");
    return value_set(r, for_key, shown, span, s);
}

int stages_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
               void *base)
{
    struct plan_stage *stages;
    size_t count = 0;

    for (const struct node *c = n->child; c; c = c->next)
        count++;
    stages = arena_alloc(&r->plan->arena, (count + 1) * sizeof *stages);
    if (!stages)
        return reading_no_memory(r);
    count = 0;
    for (const struct node *c = n->child; c; c = c->next, count++) {
        char name[80];
        int rc;

        (void)snprintf(name, sizeof name, "%s[%zu]", shown, count);
        rc = set_stage(r, name, c, &stages[count]);
        if (rc < 0)
            return rc;
    }
    memcpy((char *)base + k->field, &stages, sizeof stages);
    memcpy((char *)base + k->field2, &count, sizeof count);
    return 0;
}

struct stage_text stage_text(const struct plan_stage *s)
{
    struct stage_text t;

    if (s->from_per_s == s->to_per_s)
        (void)snprintf(t.text, sizeof t.text, "%s/s", number_text(s->from_per_s).text);
    else
        (void)snprintf(t.text, sizeof t.text, "%s/s..%s/s", number_text(s->from_per_s).text,
                       number_text(s->to_per_s).text);
    return t;
}

json_t *stage_json(const struct plan_stage *s)
{
    json_t *j = json_object();

    json_put_str(j, "rate", stage_text(s).text);
    json_put_str(j, "for", units_exact_ns(s->for_ns).text);
    return j;
}
