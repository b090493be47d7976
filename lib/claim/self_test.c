/* SPDX-License-Identifier: Apache-2.0 */
/* What the client did against a null server before the run: facts of scope self_test. */
#include "base/units.h"
#include "claim/parts.h"
#include <math.h>
#include <string.h>

static const struct fact *find(const struct claim_source *s, const char *name)
{
    for (size_t i = 0; i < s->fact_count; i++)
        if (strcmp(s->facts[i].scope, "self_test") == 0 && strcmp(s->facts[i].name, name) == 0)
            return &s->facts[i];
    return NULL;
}

static double number(const struct claim_source *s, const char *name)
{
    const struct fact *f = find(s, name);
    double v;

    return f && f->value && units_double(&v, f->value) == 0 ? v : (double)NAN;
}

static json_t *spread_json(const struct claim_source *s, const char *name)
{
    static const char *const parts[] = {"p50", "p99", "max"};
    json_t *o = json_object();

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        AUTO(str_release) struct str full = {0};

        str_addf(&full, "%s.%s", name, parts[i]);
        put_number(o, parts[i], str_ok(&full) ? number(s, full.data) : (double)NAN);
    }
    return o;
}

json_t *self_test_json(const struct claim_source *s)
{
    const struct instrument *in = &s->analysis->instrument;
    const struct fact *headroom = find(s, "headroom");
    bool made = headroom && headroom->value;
    json_t *o = json_object();

    json_put_bool(o, "made", made);
    json_put_str(o, "why", made ? "" : headroom ? headroom->source : "not run: an earlier version");
    if (!made)
        return o;
    put_number(o, "requests", number(s, "requests"));
    put_number(o, "capacityEventsPerS", in->self_test.capacity_per_s);
    put_number(o, "plannedEventsPerS", in->self_test.planned_per_s);
    put_number(o, "askedEventsPerS", in->asked_per_s);
    put_number(o, "headroom", in->gates[GATE_HEADROOM].overall);
    put_number(o, "cpuPerEvent", number(s, "cpu_per_event"));
    put_number(o, "cpuPerRequest", number(s, "cpu_per_request"));
    json_put(o, "lateness", spread_json(s, "lateness"));
    json_put(o, "stampLag", spread_json(s, "stamp_lag"));
    json_put(o, "added", spread_json(s, "added"));
    json_put(o, "firstAdded", spread_json(s, "first_added"));
    return o;
}
