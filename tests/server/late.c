/* SPDX-License-Identifier: Apache-2.0 */
/* How late sends were, as a histogram whose buckets are 1/32 of a power of two wide. */
#include "refserver.h"

static size_t bucket_of(int64_t ns)
{
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    int shift;

    if (v < 32)
        return (size_t)v;
    shift = 63 - __builtin_clzll(v) - 5;
    return (size_t)(shift + 1) * 32 + (size_t)((v >> shift) - 32);
}

static double middle_of(size_t bucket)
{
    size_t shift;

    if (bucket < 64)
        return (double)bucket;
    shift = bucket / 32 - 1;
    return ((double)(bucket % 32 + 32) + 0.5) * (double)(UINT64_C(1) << shift);
}

void late_add(struct late *l, int64_t ns)
{
    l->count++;
    l->bucket[bucket_of(ns)]++;
    l->max_ns = i64_max(l->max_ns, ns);
}

void late_merge(struct late *into, const struct late *from)
{
    into->count += from->count;
    for (size_t i = 0; i < COUNT_OF(into->bucket); i++)
        into->bucket[i] += from->bucket[i];
    into->max_ns = i64_max(into->max_ns, from->max_ns);
}

double late_quantile_ns(const struct late *l, double q)
{
    uint64_t want = (uint64_t)(q * (double)l->count), seen = 0;

    for (size_t i = 0; i < COUNT_OF(l->bucket); i++) {
        seen += l->bucket[i];
        if (seen > want)
            return middle_of(i);
    }
    return (double)l->max_ns;
}
