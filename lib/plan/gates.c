/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/gates.h"
#include "base/str.h"
#include "base/units.h"
#include "plan/reading.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NEVER NAN

static const struct gate_name gates[GATE_COUNT_] = {
    [GATE_STAMPS] = {"stamps", "reads without a kernel stamp", GATE_PERCENT, false, {0.1, 1}},
    [GATE_COALESCED] = {"coalesced",
                        "token events that shared a read over 1 ms late",
                        GATE_PERCENT,
                        false,
                        {0.1, 1}},
    [GATE_UNREAD] = {"unread", "late reads that left bytes behind", GATE_PERCENT, false, {0.1, 1}},
    [GATE_LOOP_5] = {"loop_5ms",
                     "time in which an arrival would wait over 5 ms",
                     GATE_PERCENT,
                     false,
                     {1, NEVER}},
    [GATE_LOOP] =
        {"loop", "time in which an arrival would wait over 20 ms", GATE_PERCENT, false, {NEVER, 1}},
    [GATE_RUN_DELAY] = {"run_delay", "time spent waiting for a CPU", GATE_PERCENT, false, {1, 10}},
    [GATE_CPU] =
        {"cpu", "CPU of the busiest I/O thread, polling apart", GATE_PERCENT, false, {60, 85}},
    [GATE_LATENESS] = {"lateness", "p99 of sending after the due time", GATE_MS, false, {5, 50}},
    [GATE_RING] = {"ring", "records waiting in the ring", GATE_PERCENT, false, {50, NEVER}},
    [GATE_CAP] =
        {"cap",
         "arrivals that load.max_in_flight or the target's limit of HTTP/2 streams held back",
         GATE_PERCENT,
         false,
         {0, 0.1}},
    [GATE_HEADROOM] =
        {"headroom", "what the client can do, over what was asked of it", GATE_TIMES, true, {5, 2}},
};

const struct gate_name *gate_name(enum gate g)
{
    assert((unsigned)g < GATE_COUNT_);
    return &gates[g];
}

void gates_default(struct gate_limit ret[GATE_COUNT_])
{
    for (int g = 0; g < GATE_COUNT_; g++)
        ret[g] = gates[g].limit;
}

const char *gate_unit_name(enum gate_unit u)
{
    static const char *const names[] = {"%", "ms", "times"};

    return (unsigned)u < COUNT_OF(names) ? names[u] : "?";
}

double *gate_limit_find(struct gate_limit limits[GATE_COUNT_], const char *name, enum gate *gate)
{
    for (int g = 0; g < GATE_COUNT_; g++) {
        size_t n = strlen(gates[g].name);
        bool mine = strncmp(name, gates[g].name, n) == 0;

        *gate = (enum gate)g;
        if (mine && strcmp(name + n, ".warn") == 0 && !isnan(gates[g].limit.warn))
            return &limits[g].warn;
        if (mine && strcmp(name + n, ".refuse") == 0 && !isnan(gates[g].limit.refuse))
            return &limits[g].refuse;
    }
    return NULL;
}

int gate_value(double *ret, enum gate g, const char *text)
{
    double v = 0;
    int64_t ns = 0;
    int r = -EINVAL;

    switch (gates[g].unit) {
    case GATE_PERCENT:
        r = units_ratio(&v, text);
        if (r < 0 && units_double(&v, text) == 0 && v == 0)
            r = 0;
        v *= 100;
        break;
    case GATE_MS:
        r = units_duration(&ns, text);
        v = (double)ns / 1e6;
        break;
    case GATE_TIMES:
        r = units_double(&v, text);
        break;
    }
    if (r < 0 || !(v >= 0))
        return -EINVAL;
    *ret = v;
    return 0;
}

static const char *takes(enum gate g)
{
    static const char *const words[] = {
        [GATE_PERCENT] = "a share: 85%, 0.85",
        [GATE_MS] = "a duration: 50ms",
        [GATE_TIMES] = "a number: 2",
    };

    return words[gates[g].unit];
}

static int unknown(struct reading *r, const struct node *n, const char *key)
{
    AUTO(str_release) struct str known = {0};

    for (int g = 0; g < GATE_COUNT_; g++)
        str_addf(&known, "%s%s", g > 0 ? ", " : "", gates[g].name);
    if (!str_ok(&known))
        return reading_no_memory(r);
    return reading_fail(r, n, key,
                        "gates@1 has no such limit; write GATE.warn or GATE.refuse, GATE one of "
                        "%s",
                        known.data);
}

/* A gate that refuses before it warns would be a mistake. */
static bool in_order(enum gate g, const struct gate_limit *l)
{
    if (isnan(l->warn) || isnan(l->refuse))
        return true;
    return gates[g].below ? l->refuse <= l->warn : l->warn <= l->refuse;
}

int gates_read(struct reading *r)
{
    const struct node *map = r->seen[key_index(key_find("gates"))];
    struct plan *p = r->plan;

    gates_default(p->limits);
    for (const struct node *n = map ? map->child : NULL; n; n = n->next) {
        char key[80];
        enum gate g;
        double *limit = gate_limit_find(p->limits, n->key, &g);

        (void)snprintf(key, sizeof key, "gates.%.60s", n->key);
        if (!limit)
            return unknown(r, n, key);
        if (gate_value(limit, g, n->text) < 0)
            return reading_fail(r, n, key, "'%.40s' does not fit; it takes %s", n->text, takes(g));
    }
    for (int g = 0; g < GATE_COUNT_; g++)
        if (!in_order((enum gate)g, &p->limits[g]))
            return reading_fail(r, map, "gates", "%s would refuse before it warns; change both",
                                gates[g].name);
    return 0;
}
