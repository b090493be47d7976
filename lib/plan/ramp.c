/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ramp.h"
#include <math.h>

int64_t ramp_span_ns(const struct plan_stage *stages, size_t count)
{
    int64_t span_ns = 0;

    for (size_t i = 0; i < count; i++)
        span_ns += stages[i].for_ns;
    return span_ns;
}

double ramp_mean_per_s(const struct plan_stage *stages, size_t count)
{
    double arrivals = 0;

    for (size_t i = 0; i < count; i++)
        arrivals += (stages[i].from_per_s + stages[i].to_per_s) / 2 * (double)stages[i].for_ns;
    return count ? arrivals / (double)ramp_span_ns(stages, count) : 0;
}

/* How long after a moment with this rate and slope the integral of the rate is @unit. The form of
 * the root that loses no digits where the slope is small. */
static double wait_s(double rate_per_s, double slope, double unit)
{
    double root = rate_per_s * rate_per_s + 2 * slope * unit;

    return unit > 0 ? 2 * unit / (rate_per_s + sqrt(fmax(root, 0))) : 0;
}

int64_t ramp_next(const struct plan_stage *stages, size_t count, int64_t at_ns, double unit)
{
    int64_t begin_ns = 0;

    for (size_t i = 0; i < count; begin_ns += stages[i++].for_ns) {
        const struct plan_stage *s = &stages[i];
        int64_t left_ns = begin_ns + s->for_ns - at_ns, gap_ns;
        double slope = (s->to_per_s - s->from_per_s) / ((double)s->for_ns / 1e9);
        double rate = s->from_per_s + slope * ((double)(at_ns - begin_ns) / 1e9);
        double area = (rate + s->to_per_s) / 2 * ((double)left_ns / 1e9);

        if (left_ns <= 0)
            continue;
        if (slope == 0) /* as without stages, to the bit */
            gap_ns = rate > 0 ? llround(fmin(unit / rate * 1e9, 9e18)) : INT64_MAX;
        else
            gap_ns = unit < area ? llround(wait_s(rate, slope, unit) * 1e9) : INT64_MAX;
        if (gap_ns < left_ns)
            return at_ns + gap_ns;
        unit = fmax(unit - area, 0);
        at_ns += left_ns;
    }
    return TIME_NONE;
}
