/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/live.h"
#include <math.h>

/* Below 2^SUB each value has its bucket; above, an octave has 2^SUB of them. */
static size_t bucket_of(uint64_t v)
{
    unsigned shift;

    if (v >> LIVE_SUB_BITS == 0)
        return (size_t)v;
    shift = 63U - (unsigned)__builtin_clzll(v) - LIVE_SUB_BITS;
    return ((size_t)shift << LIVE_SUB_BITS) + (size_t)(v >> shift);
}

static double middle_of(size_t bucket)
{
    size_t octave = bucket >> LIVE_SUB_BITS, shift;

    if (octave < 2)
        return (double)bucket;
    shift = octave - 1;
    return ldexp((double)(bucket - (shift << LIVE_SUB_BITS)) + 0.5, (int)shift);
}

void live_add(struct live_histogram *h, int64_t ns)
{
    h->count[bucket_of(ns > 0 ? (uint64_t)ns : 0)]++;
    h->total++;
}

double live_quantile(const struct live_histogram *h, double q)
{
    uint64_t seen = 0, want = (uint64_t)ceil(q * (double)h->total);

    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        seen += h->count[i];
        if (seen > 0 && seen >= want)
            return middle_of(i);
    }
    return (double)NAN;
}
