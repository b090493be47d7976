/* SPDX-License-Identifier: Apache-2.0 */
#include "load/meter.h"
#include <string.h>

enum { PPM = 1000000 };
static const int64_t stuck_a_ns = 5 * NS_PER_MS, stuck_b_ns = 20 * NS_PER_MS;

static size_t bucket_of(uint64_t v)
{
    unsigned shift;

    if (v >> METER_SUB_BITS == 0)
        return (size_t)v;
    shift = 63U - (unsigned)__builtin_clzll(v) - METER_SUB_BITS;
    return ((size_t)(shift + 1) << METER_SUB_BITS) + (size_t)((v >> shift) & 7U);
}

/* The largest value of a bucket: a quantile is never told smaller than it was. */
static int64_t top_of(size_t bucket)
{
    size_t octave = bucket >> METER_SUB_BITS, low = bucket & 7U;

    if (octave == 0)
        return (int64_t)low;
    return (int64_t)(((8U + low + 1ULL) << (octave - 1)) - 1);
}

static void add(struct meter_histogram *h, int64_t v)
{
    int64_t x = i64_max(v, 0);

    h->count[bucket_of((uint64_t)x)]++;
    h->total++;
    h->max = i64_max(h->max, x);
}

static int64_t quantile(const struct meter_histogram *h, unsigned percent)
{
    uint64_t want = ((uint64_t)h->total * percent + 99) / 100, seen = 0;

    for (size_t i = 0; i < METER_BUCKETS && h->total > 0; i++) {
        seen += h->count[i];
        if (seen >= want)
            return i64_min(top_of(i), h->max);
    }
    return SECOND_NONE;
}

void meter_init(struct meter *m, int64_t zero_ns)
{
    *m = (struct meter){.zero_ns = zero_ns, .until_ns = zero_ns};
}

bool meter_read(struct meter *m, ssize_t bytes, ssize_t cap, bool stamped, int64_t lag_ns)
{
    bool late = stamped && lag_ns > SECOND_LATE_READ_NS;

    m->v[SECOND_READS]++;
    m->v[SECOND_BYTES] += bytes;
    m->v[SECOND_UNREAD_MAX] = i64_max(m->v[SECOND_UNREAD_MAX], bytes);
    m->v[SECOND_UNSTAMPED] += !stamped;
    m->v[SECOND_FULL_READS] += late && bytes == cap;
    if (stamped)
        add(&m->lag, lag_ns);
    return late;
}

void meter_event(struct meter *m, bool tokens, bool last, bool read_late)
{
    m->v[SECOND_EVENTS]++;
    m->v[SECOND_TOKEN_EVENTS] += tokens;
    m->v[SECOND_NOT_LAST] += !last;
    m->v[SECOND_COALESCED] += tokens && !last && read_late;
}

void meter_release(struct meter *m, int64_t late_ns, int64_t in_flight)
{
    m->v[SECOND_RELEASED]++;
    m->v[SECOND_IN_FLIGHT] = i64_max(m->v[SECOND_IN_FLIGHT], in_flight);
    add(&m->late, late_ns);
}

void meter_wake(struct meter *m, int64_t now_ns, int64_t spun_ns, int64_t overslept_ns)
{
    m->woke_ns = now_ns;
    m->overslept_ns = overslept_ns;
    m->idle = spun_ns > 0;
    m->v[SECOND_SPUN] += spun_ns;
}

void meter_turn(struct meter *m, int64_t now_ns, const struct ring *ring)
{
    int64_t waiting, length = now_ns - m->woke_ns + m->overslept_ns;

    if (m->woke_ns == 0 || m->idle)
        return;
    waiting = (int64_t)(ring_used(ring) * PPM / (ring->mask + 1));
    m->v[SECOND_RING] = i64_max(m->v[SECOND_RING], waiting);
    m->v[SECOND_LOOPS]++;
    m->v[SECOND_STUCK_5MS] += i64_max(0, length - stuck_a_ns);
    m->v[SECOND_STUCK_20MS] += i64_max(0, length - stuck_b_ns);
    add(&m->loop, length);
}

static int64_t since(int64_t now, int64_t before)
{
    return now < 0 || before < 0 ? SECOND_NONE : i64_max(0, now - before);
}

bool meter_close(struct meter *m, int64_t now_ns, struct loop_usage usage)
{
    const struct loop_usage before = m->usage;

    m->usage = usage;
    if (m->start_ns == 0 || now_ns <= m->start_ns)
        return false;
    m->v[SECOND_LENGTH] = now_ns - m->start_ns;
    m->v[SECOND_LAG_P50] = quantile(&m->lag, 50);
    m->v[SECOND_LAG_P99] = quantile(&m->lag, 99);
    m->v[SECOND_LAG_MAX] = m->lag.total ? m->lag.max : SECOND_NONE;
    m->v[SECOND_LOOP_P99] = quantile(&m->loop, 99);
    m->v[SECOND_LOOP_MAX] = m->loop.total ? m->loop.max : SECOND_NONE;
    m->v[SECOND_LATE_P99] = quantile(&m->late, 99);
    m->v[SECOND_LATE_MAX] = m->late.total ? m->late.max : SECOND_NONE;
    m->v[SECOND_RUN_DELAY] = since(usage.run_delay_ns, before.run_delay_ns);
    m->v[SECOND_CPU] = since(usage.cpu_ns, before.cpu_ns);
    return true;
}

void meter_open(struct meter *m, int64_t now_ns)
{
    memset(&m->lag, 0, sizeof m->lag);
    memset(&m->loop, 0, sizeof m->loop);
    memset(&m->late, 0, sizeof m->late);
    memset(m->v, 0, sizeof m->v);
    m->start_ns = now_ns;
    m->until_ns = m->zero_ns + ((now_ns - m->zero_ns) / NS_PER_S + 1) * NS_PER_S;
}
