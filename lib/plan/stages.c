/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/stages.c - load.stages: read, checked, written out. */
#include "plan/reading.h"
#include "base/units.h"
#include <stdio.h>
#include <string.h>

static const double MOST_PER_S = 1e6;
enum { MOST_SLOTS = 100000 };

static struct stage_text stage_key(const char *leaf)
{
    struct stage_text t;

    (void)snprintf(t.text, sizeof t.text, "load.stages[].%.40s", leaf);
    return t;
}

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

static int read_count(int32_t *ret, const char *text, size_t n)
{
    char digits[12];
    int64_t v;

    if (n == 0 || n >= sizeof digits)
        return -EINVAL;
    (void)snprintf(digits, sizeof digits, "%.*s", (int)n, text);
    if (units_i64(&v, digits) < 0 || v < 0 || v > MOST_SLOTS)
        return -EINVAL;
    *ret = (int32_t)v;
    return 0;
}

static int read_slots(struct plan_stage *s, const char *text)
{
    const char *dots = strstr(text, "..");

    s->closed = true;
    if (read_count(&s->from_slots, text, dots ? (size_t)(dots - text) : strlen(text)) < 0)
        return -EINVAL;
    s->to_slots = s->from_slots;
    return dots ? read_count(&s->to_slots, dots + 2, strlen(dots + 2)) : 0;
}

static int set_level(struct reading *r, const char *shown, const struct node *n,
                     struct plan_stage *s, bool closed)
{
    const char *text = n->kind == NODE_SCALAR ? n->text : "a list or map";

    if (n->kind != NODE_SCALAR || (closed ? read_slots(s, text) : read_ramp(s, text)) < 0)
        return reading_fail(r, n, shown,
                            closed ? "'%.40s' is no concurrency; it takes 8, or 8..32 for a ramp"
                                   : "'%.40s' is no rate; it takes 2/s, or 2/s..8/s for a ramp",
                            text);
    return 0;
}

/* A key of the stage that is stated; the effective plan has the other one as null. */
static const struct node *stated(const struct node *stage, const char *key)
{
    const struct node *n = stage->kind == NODE_MAP ? node_child(stage, key) : NULL;

    return n && !node_is_null(n) ? n : NULL;
}

static int set_stage(struct reading *r, const char *shown, const struct node *n,
                     struct plan_stage *s)
{
    const struct node *rate = stated(n, "rate"), *slots = stated(n, "concurrency");
    const struct node *span = stated(n, "for");
    const struct key *for_key = key_find("load.stages[].for");
    int rc;

    assert(for_key);
    if (!span || !rate == !slots)
        return reading_fail(r, n, shown,
                            "must be a map; write {rate: 2/s..8/s, for: 30s}, or of a closed loop "
                            "{concurrency: 8, for: 30s}");
    for (const struct node *c = n->child; c; c = c->next)
        if (!key_find(stage_key(c->key).text))
            return reading_fail(r, c, shown,
                                "'%.40s' is not a key here; known here: rate, concurrency, for",
                                c->key);
    rc = set_level(r, shown, rate ? rate : slots, s, slots);
    return rc < 0 ? rc : value_set(r, for_key, shown, span, s);
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

    if (s->closed && s->from_slots == s->to_slots)
        (void)snprintf(t.text, sizeof t.text, "%d", s->from_slots);
    else if (s->closed)
        (void)snprintf(t.text, sizeof t.text, "%d..%d", s->from_slots, s->to_slots);
    else if (s->from_per_s == s->to_per_s)
        (void)snprintf(t.text, sizeof t.text, "%s/s", number_text(s->from_per_s).text);
    else
        (void)snprintf(t.text, sizeof t.text, "%s/s..%s/s", number_text(s->from_per_s).text,
                       number_text(s->to_per_s).text);
    return t;
}

json_t *stage_json(const struct plan_stage *s)
{
    json_t *j = json_object();

    if (s->closed && s->from_slots == s->to_slots)
        json_put_i64(j, "concurrency", s->from_slots);
    else
        json_put_str(j, s->closed ? "concurrency" : "rate", stage_text(s).text);
    json_put_str(j, "for", units_exact_ns(s->for_ns).text);
    return j;
}
