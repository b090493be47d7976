/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/gauges.h"
#include <math.h>

static int put(struct gauges *g, size_t i, int64_t now_ns, double v)
{
    const struct gauge *of = &g->of[i];
    int r = 0;

    if (!g->state[i].declared)
        r = g->sink->declare(
            g->sink->ctx, &g->state[i].id,
            &(struct series){g->scope, of->name, of->unit, of->source, KNOWN_MEASURED});
    if (r < 0)
        return r;
    g->state[i].declared = true;
    g->sink->put(g->sink->ctx, g->state[i].id, now_ns, v * of->scale);
    return 0;
}

static int put_rate(struct gauges *g, size_t i, int64_t now_ns, double v)
{
    double last = g->state[i].last;
    int64_t last_ns = g->state[i].last_ns;

    g->state[i].last = v;
    g->state[i].last_ns = now_ns;
    if (last_ns == TIME_NONE || now_ns <= last_ns || v < last)
        return 0;
    return put(g, i, now_ns, (v - last) / ((double)(now_ns - last_ns) / NS_PER_S));
}

int gauges_put(struct gauges *g, int64_t now_ns, const double *readings)
{
    int r = 0;

    for (size_t i = 0; g->of[i].name && r == 0; i++) {
        assert(i < GAUGES_MAX);
        if (!g->begun)
            g->state[i].last_ns = TIME_NONE;
        if (isnan(readings[i]))
            continue;
        r = g->of[i].counter ? put_rate(g, i, now_ns, readings[i]) : put(g, i, now_ns, readings[i]);
    }
    g->begun = true;
    return r;
}
