/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check_load.c - contradictions in how the load arrives and leaves. */
#include "plan/ramp.h"
#include "plan/reading.h"
#include <strings.h>

enum { MOST_LAPS = 100000 };

static int32_t most_slots(const struct plan *p)
{
    int32_t most = 0;

    for (size_t i = 0; i < p->load.stage_count; i++) {
        const struct plan_stage *s = &p->load.stages[i];

        most = s->from_slots > most ? s->from_slots : most;
        most = s->to_slots > most ? s->to_slots : most;
    }
    return most;
}

/* The effective plan of a closed loop has the most of its stages, which self-test and pools need.
 */
static int check_slots(struct reading *r)
{
    struct plan *p = r->plan;
    int32_t most = most_slots(p);

    for (size_t i = 0; i < p->load.stage_count; i++) {
        if (!p->load.stages[i].closed)
            return check_fail(r, "load.stages",
                              "have rates; a closed loop has {concurrency: 8, "
                              "for: 30s}");
        if (p->load.opening_ns > p->load.stages[i].for_ns)
            return check_fail(r, "load.opening", "is longer than a stage; make it shorter");
    }
    if (most == 0)
        return check_fail(r, "load.stages", "have no slots; give at least one a concurrency");
    if (p->load.concurrency && p->load.concurrency != most)
        return check_fail(r, "load.concurrency", "and load.stages exclude each other; keep one");
    p->load.concurrency = most;
    return 0;
}

static int check_rates(struct reading *r)
{
    const struct plan *p = r->plan;

    for (size_t i = 0; i < p->load.stage_count; i++)
        if (p->load.stages[i].closed)
            return check_fail(r, "load.stages",
                              "have concurrencies, which are for arrivals: "
                              "closed; write {rate: 2/s, for: 30s}");
    if (p->load.rate_per_s > 0)
        return check_fail(r, "load.rate", "and load.stages exclude each other; keep one");
    if (p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate",
                          "scales the profile's rate, but load.stages say another; keep one");
    if (!(ramp_mean_per_s(p->load.stages, p->load.stage_count) > 0))
        return check_fail(r, "load.stages", "have no arrivals; give at least one a rate above 0");
    return 0;
}

static int make_laps(struct reading *r)
{
    struct plan *p = r->plan;
    size_t n = p->load.stage_count, count = n * (size_t)p->load.repeat;

    if (count > MOST_LAPS)
        return check_fail(r, "load.repeat", "makes more than 100000 stages; make it smaller");
    p->load.laps = arena_alloc(&p->arena, count * sizeof *p->load.laps);
    if (!p->load.laps)
        return reading_no_memory(r);
    for (size_t i = 0; i < count; i++)
        p->load.laps[i] = p->load.stages[i % n];
    p->load.lap_count = count;
    return 0;
}

static int check_without_stages(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->load.repeat != 1)
        return check_fail(r, "load.repeat", "is of load.stages, and there are none; leave it out");
    if (p->load.opening_ns && p->load.arrivals != ARRIVALS_CLOSED)
        return check_fail(r, "load.opening", "is for arrivals: closed only; leave it out");
    if (p->load.opening_ns && p->load.duration_ns && p->load.opening_ns > p->load.duration_ns)
        return check_fail(r, "load.opening", "is longer than load.duration; make it shorter");
    return 0;
}

/* Stages say what rate and duration say otherwise; the effective plan has their sum. */
int check_stages(struct reading *r)
{
    struct plan *p = r->plan;
    bool closed = p->load.arrivals == ARRIVALS_CLOSED;
    int64_t span_ns = ramp_span_ns(p->load.stages, p->load.stage_count) * p->load.repeat;
    int rc;

    if (p->load.stage_count == 0)
        return check_without_stages(r);
    if (p->load.arrivals == ARRIVALS_REPLAY)
        return check_fail(r, "load.stages",
                          "are for arrivals: poisson, gamma, constant or closed only");
    if (p->load.requests)
        return check_fail(r, "load.requests", "and load.stages both end a trial; keep one");
    if (p->load.opening_ns && !closed)
        return check_fail(r, "load.opening", "is for arrivals: closed only; leave it out");
    rc = closed ? check_slots(r) : check_rates(r);
    if (rc < 0)
        return rc;
    if (p->load.duration_ns && p->load.duration_ns != span_ns)
        return check_fail(r, "load.duration", "is not what load.stages add up to; leave it out");
    p->load.duration_ns = span_ns;
    return make_laps(r);
}

int check_hang_up(struct reading *r)
{
    const struct plan *p = r->plan;
    bool share = p->load.hang_up_share > 0, after = p->load.hang_up_after.to > 0;

    if (share && !after)
        return check_fail(r, "load.hang_up.after", "is missing; say when: 5 tokens, 2s");
    if (after && !share)
        return check_fail(r, "load.hang_up.share", "is missing; say how many: 10%");
    if (share && p->load.hang_up_after.tokens && !p->target.stream)
        return check_fail(r, "load.hang_up.after",
                          "counts the tokens of a stream, but target.stream is off; give a time");
    return 0;
}

/* The stamp is of the packet with the write's last byte: TLS and HTTP/2 write at times of their
 * own, and a Unix socket has no packets. */
int check_send_stamps(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->load.send_stamps == STAMPED_BY_USER)
        return 0;
    if (strncasecmp(p->target.url, "https:", 6) == 0)
        return check_fail(r, "load.send_stamps",
                          "by the kernel are for plain http; leave it out for an https:// target");
    if (p->target.http != PLAN_HTTP_1)
        return check_fail(r, "load.send_stamps",
                          "by the kernel are for HTTP/1.1; leave it out, or target.http");
    if (*p->target.unix_socket)
        return check_fail(r, "load.send_stamps",
                          "by the kernel are of TCP packets; leave it out with target.unix_socket");
    return 0;
}
