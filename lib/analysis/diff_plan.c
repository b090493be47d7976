/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/diff_plan.c - two effective plans, key by key, and what was made of them. */
#include "analysis/diff_parts.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

/* Where a run goes to and what people call it makes no difference to it. */
static bool is_place(const char *key)
{
    static const char *const places[] = {"target.url", "target.name", "target.unix_socket",
                                         "probe.engine_pid", "question"};

    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (strcmp(key, places[i]) == 0)
            return true;
    return false;
}

static char *shown(const json_t *v)
{
    if (!v || json_is_null(v))
        return strdup("not stated");
    if (json_is_string(v))
        return strdup(json_string_value(v));
    return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
}

static int add_key(struct diff *d, const char *key, const json_t *a, const json_t *b)
{
    AUTO(free) char *of_a = shown(a), *of_b = shown(b);
    bool same = of_a && of_b && strcmp(of_a, of_b) == 0;

    if (!of_a || !of_b)
        return -ENOMEM;
    if (is_place(key)) {
        d->ignored += !same;
        return 0;
    }
    return diff_add(d, &(struct diff_item){.tier = DIFF_PLAN,
                                           .state = same ? DIFF_SAME : DIFF_DIFFERS,
                                           .part = "plan",
                                           .name = key,
                                           .a = {of_a, "declared"},
                                           .b = {of_b, "declared"}});
}

static int walk(struct diff *d, const char *above, const json_t *a, const json_t *b);

static int add_below(struct diff *d, const char *above, const char *key, const json_t *a,
                     const json_t *b)
{
    AUTO(str_release) struct str name = {0};

    str_addf(&name, "%s%s%s", above, *above ? "." : "", key);
    if (!str_ok(&name))
        return -ENOMEM;
    return json_is_object(a) || json_is_object(b) ? walk(d, name.data, a, b)
                                                  : add_key(d, name.data, a, b);
}

/* A key that one of them has, then those that only the other has. */
static int walk(struct diff *d, const char *above, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;
    int r = 0;

    json_object_foreach((json_t *)(uintptr_t)a, key, v)
    {
        if (r == 0)
            r = add_below(d, above, key, v, json_object_get(b, key));
    }
    json_object_foreach((json_t *)(uintptr_t)b, key, v)
    {
        if (r == 0 && !json_object_get(a, key))
            r = add_below(d, above, key, NULL, v);
    }
    return r;
}

static int add_digest(struct diff *d, const char *name, const char *a, const char *b,
                      const char *why)
{
    bool same = strcmp(a, b) == 0;

    return diff_add(d, &(struct diff_item){.tier = DIFF_PLAN,
                                           .state = same ? DIFF_SAME : DIFF_DIFFERS,
                                           .part = "plan",
                                           .name = name,
                                           .a = {a, "derived"},
                                           .b = {b, "derived"},
                                           .effect = 1,
                                           .why = same ? "" : why});
}

int diff_plans(struct diff *d, struct evidence *a, struct evidence *b, struct err *err)
{
    const struct evidence_info *of_a = evidence_info(a), *of_b = evidence_info(b);
    AUTO(json_unref) json_t *plan_a = NULL, *plan_b = NULL;
    int r = 0;

    if (evidence_kind(a) != EVIDENCE_RUN || evidence_kind(b) != EVIDENCE_RUN)
        return diff_add(d, &(struct diff_item){.tier = DIFF_PLAN,
                                               .state = DIFF_UNKNOWN,
                                               .part = "plan",
                                               .name = "plan",
                                               .telling = true,
                                               .why = "one of them is no run's file: it "
                                                      "carries no plan"});
    r = json_parse(&plan_a, evidence_plan(a), of_a->path, err);
    if (r == 0)
        r = json_parse(&plan_b, evidence_plan(b), of_b->path, err);
    if (r == 0)
        r = add_digest(d, "schedule", of_a->schedule_digest, of_b->schedule_digest,
                       "other requests, or at other times");
    if (r == 0)
        r = add_digest(d, "prompts", of_a->prompts_digest, of_b->prompts_digest,
                       "other texts: another schedule, or a target that counts words otherwise");
    return r < 0 ? r : walk(d, "", plan_a, plan_b);
}
