/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/list_json.c - lists and maps, as the effective plan has them. */
#include "plan/reading.h"
#include "plan/metric_names.h"
#include "base/units.h"
#include <math.h>
#include <string.h>

static size_t load(const void *base, const struct key *k, const void **items)
{
    size_t count;

    memcpy(items, (const char *)base + k->field, sizeof *items);
    memcpy(&count, (const char *)base + k->field2, sizeof count);
    return count;
}

static json_t *limit_json(const struct metric_name *m, double v)
{
    if (m->unit == METRIC_UNIT_SECONDS)
        return json_string(units_exact_ns(llround(v * 1e9)).text);
    if (m->unit == METRIC_UNIT_PER_S)
        return json_sprintf("%s/s", number_text(v).text);
    return json_real(v);
}

static json_t *slo_json(const struct plan_good *g)
{
    json_t *map = json_object();

    for (size_t i = 0; i < g->slo_count; i++)
        json_put(map, g->slo[i].metric, json_string(units_exact_ns(g->slo[i].at_most_ns).text));
    return map;
}

static json_t *percentile_json(double p)
{
    return isnan(p) ? json_null() : json_real(p);
}

static json_t *good_json(const struct plan_good *g)
{
    const struct metric_name *m = metric_name_find(g->metric);
    json_t *j = json_object();

    json_put_str(j, "metric", g->metric);
    json_put(j, "percentile", percentile_json(g->percentile));
    json_put(j, "at_most", g->has_at_most ? limit_json(m, g->at_most) : json_null());
    json_put(j, "at_least", g->has_at_least ? limit_json(m, g->at_least) : json_null());
    json_put(j, "slo", slo_json(g));
    return j;
}

static json_t *expect_json(const struct plan_expect *e)
{
    json_t *j = json_object();

    json_put_str(j, "metric", e->metric);
    json_put(j, "percentile", percentile_json(e->percentile));
    json_put(j, "value", limit_json(metric_name_find(e->metric), e->value));
    json_put(j, "source", *e->source ? json_string(e->source) : json_null());
    json_put_bool(j, "published", e->published);
    return j;
}

json_t *list_json(const struct key *k, const void *base)
{
    const void *items;
    size_t count = load(base, k, &items);
    bool map = k->type == KEY_MAP || k->type == KEY_REQUIRE || k->type == KEY_SWEEP;
    json_t *j = map ? json_object() : json_array();

    for (size_t i = 0; i < count; i++) {
        const struct plan_pair *pair = (const struct plan_pair *)items + i;

        if (k->type == KEY_MAP)
            json_put_str(j, pair->key, pair->value);
        else if (k->type == KEY_REQUIRE)
            require_put(j, (const struct plan_require *)items + i);
        else if (k->type == KEY_TEXTS)
            json_push(j, json_string(((const char *const *)items)[i]));
        else if (k->type == KEY_GOOD)
            json_push(j, good_json((const struct plan_good *)items + i));
        else if (k->type == KEY_MIX)
            json_push(j, component_json((const struct plan_component *)items + i));
        else if (k->type == KEY_SWEEP)
            swept_put(j, (const struct plan_swept *)items + i);
        else if (k->type == KEY_STAGES)
            json_push(j, stage_json((const struct plan_stage *)items + i));
        else
            json_push(j, expect_json((const struct plan_expect *)items + i));
    }
    return j;
}
