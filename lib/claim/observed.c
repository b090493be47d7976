/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the plan's requirements, and what changed meanwhile. */
#include "claim/parts.h"
#include <string.h>

/* The requirement that "stack.precision" names; NULL: the plan has none such. */
static const struct plan_require *wanted_as(const struct plan *p, const char *name)
{
    const struct {
        const char *group;
        const struct plan_require *items;
        size_t count;
    } groups[] = {{"stack.", p->stack_require, p->stack_require_count},
                  {"system.", p->system_require, p->system_require_count}};

    for (size_t g = 0; g < COUNT_OF(groups); g++) {
        size_t n = strlen(groups[g].group);

        for (size_t i = 0; i < groups[g].count && strncmp(name, groups[g].group, n) == 0; i++)
            if (strcmp(groups[g].items[i].key, name + n) == 0)
                return &groups[g].items[i];
    }
    return NULL;
}

static json_t *requirement_json(const struct claim_source *s, const struct requirement *q)
{
    const struct plan_require *want = wanted_as(s->plan, q->name);
    json_t *o = json_object(), *wanted = json_array();

    for (size_t i = 0; want && i < want->count; i++)
        json_push(wanted, json_string(want->wanted[i]));
    json_put_str(o, "name", q->name);
    json_put(o, "wanted", wanted);
    json_put_str(o, "outcome", require_outcome_name(q->outcome));
    json_put_str(o, "known", known_name(q->known));
    json_put_str(o, "words", q->words);
    json_put_bool(o, "changed", q->changed);
    return o;
}

json_t *requirements_json(const struct claim_source *s)
{
    const struct observed *seen = &s->analysis->observed;
    json_t *list = json_array();

    for (size_t i = 0; i < seen->requirement_count; i++)
        json_push(list, requirement_json(s, &seen->requirements[i]));
    return list;
}

json_t *conditions_json(const struct analysis *a)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->conditions.count; i++) {
        const struct series_sum *sum = &a->conditions.items[i];
        json_t *o = sum->rows > 0 ? json_object() : NULL;

        if (!o)
            continue;
        json_put_str(o, "scope", sum->series.scope);
        json_put_str(o, "name", sum->series.name);
        json_put_str(o, "unit", sum->series.unit);
        json_put_str(o, "known", known_name(sum->series.known));
        json_put_i64(o, "rows", sum->rows);
        put_number(o, "least", sum->least);
        put_number(o, "mean", sum->mean);
        put_number(o, "most", sum->most);
        json_push(list, o);
    }
    return list;
}

json_t *changes_json(const struct analysis *a)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->observed.change_count; i++) {
        json_t *o = json_object();

        put_number(o, "time", (double)a->observed.changes[i].time_ns / 1e9);
        json_put_str(o, "text", a->observed.changes[i].text);
        json_push(list, o);
    }
    return list;
}

void required_text(struct str *out, const struct claim_source *s)
{
    const struct observed *seen = &s->analysis->observed;
    bool first = true;

    for (size_t i = 0; i < seen->requirement_count; i++) {
        const struct requirement *q = &seen->requirements[i];
        const struct plan_require *want = wanted_as(s->plan, q->name);

        if (q->outcome == REQUIRE_MET || !want)
            continue;
        str_addf(out, "%s required %s ", first ? ", where" : ",", want->key);
        require_wanted(out, want);
        str_addf(out, " was %s",
                 q->outcome == REQUIRE_UNKNOWN ? "not known to hold"
                                               : require_outcome_name(q->outcome));
        if (q->outcome == REQUIRE_BY_WORD)
            str_addf(out, " (%s)", known_name(q->known));
        first = false;
    }
}
