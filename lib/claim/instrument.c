/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/parts.h"
#include <math.h>

static json_t *spread_json(const struct spread *s)
{
    json_t *o = json_object();

    json_put_i64(o, "n", (int64_t)s->n);
    put_number(o, "p50", s->p50);
    put_number(o, "p99", s->p99);
    put_number(o, "max", s->max);
    return o;
}

/* Of a part: order statistics without interval; the highest that the count lets one speak of. */
static json_t *part_json(const struct column *s, enum part p)
{
    static const double at[] = {0.5, 0.9, 0.95, 0.99};
    static const char *const names[] = {"p50", "p90", "p95", "p99"};
    json_t *o = json_object();

    json_put_str(o, "part", part_name(p));
    json_put_i64(o, "n", (int64_t)s->n);
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        bool carried = s->n > 0 && (int64_t)s->n >= stats_quantile_need(at[i], STATS_LEVEL);
        size_t rank = (size_t)ceil((double)s->n * at[i] - 1e-9);

        put_number(o, names[i], carried ? s->sorted[rank - 1] : (double)NAN);
    }
    put_number(o, "max", s->n > 0 ? s->sorted[s->n - 1] : (double)NAN);
    return o;
}

json_t *parts_json(const struct analysis *a)
{
    json_t *list = json_array();

    for (int p = 0; p < PART_COUNT_; p++)
        if (p != PART_TLS || a->parts[p].n > 0) /* there only where TLS was spoken */
            json_push(list, part_json(&a->parts[p], (enum part)p));
    return list;
}

static const char *const void_names[] = {"arrival", "order", "send", "closedLoop", "openLoop"};

static json_t *gate_json(enum gate g, const struct gate_limit *limit, const struct gate_result *r)
{
    static const char *const states[] = {"passes", "warns", "refuses"};
    json_t *o = json_object(), *voids = json_array();
    const struct gate_name *name = gate_name(g);

    json_put_str(o, "gate", name->name);
    json_put_str(o, "figure", name->figure);
    json_put_str(o, "unit", gate_unit_name(name->unit));
    json_put_str(o, "limitsAre", name->below ? "least" : "most");
    put_number(o, "warnAt", limit->warn);
    put_number(o, "refuseAt", limit->refuse);
    put_number(o, "overall", r->overall);
    json_put_str(o, "state", states[r->state]);
    put_number(o, "worst", r->worst);
    json_put_i64(o, "secondsWarned", r->warned);
    json_put_i64(o, "secondsRefused", r->refused);
    for (size_t i = 0; i < COUNT_OF(void_names); i++)
        if (r->voids >> i & 1)
            json_push(voids, json_string(void_names[i]));
    json_put(o, "voids", voids);
    return o;
}

/* How the client was, second by second and in all. */
static json_t *client_json(const struct analysis *a)
{
    json_t *o = json_object(), *seconds = json_object(), *gates = json_array();
    const struct instrument *in = &a->instrument;

    for (int c = 0; c < CONDITION_COUNT_; c++)
        json_put_i64(seconds, condition_name((enum condition)c), in->seconds[c]);
    for (enum gate g = 0; g < GATE_COUNT_; g++)
        json_push(gates, gate_json(g, &a->in.plan->limits[g], &in->gates[g]));
    json_put(o, "seconds", seconds);
    json_put(o, "gates", gates);
    return o;
}

/* Only where the plan asks the kernel for them. */
static void put_send_stamps(json_t *into, const struct analysis *a)
{
    const struct instrument *in = &a->instrument;
    json_t *o;

    if (a->in.plan->load.send_stamps != STAMPED_BY_KERNEL || a->in.wire)
        return;
    o = json_object();
    put_number(o, "share",
               in->sent > 0 ? (double)in->send_to_kernel.n / (double)in->sent : (double)NAN);
    json_put(o, "afterUser", spread_json(&in->send_to_kernel));
    json_put(into, "sendStamps", o);
}

json_t *instrument_json(const struct claim_source *s)
{
    const struct analysis *a = s->analysis;
    const struct instrument *in = &a->instrument;
    json_t *o = json_object();

    json_put_i64(o, "lostRecords", in->lost_records);
    json_put_i64(o, "capWaits", in->cap_waits);
    json_put_i64(o, "reusedConnections", in->reused);
    json_put_i64(o, "resentStale", in->resent);
    json_put(o, "releaseToSend", spread_json(&in->release_to_send));
    json_put(o, "lateness", spread_json(&in->due_to_send));
    json_put(o, "stampLag", spread_json(&in->lag));
    put_send_stamps(o, a);
    put_number(o, "batchedEvents", in->batched_share);
    json_put(o, "batchedWidth", spread_json(&in->batched_width));
    put_number(o, "steppedStamps", in->step_share);
    json_put(o, "client", client_json(a));
    json_put(o, "selfTest", self_test_json(s));
    return o;
}

const char *stamps_source(const struct analysis *a)
{
    return a->in.wire ? "wire" : a->instrument.kernel_share > 0.5 ? "kernel" : "user";
}

/* The run's own stamps beside the wire's; null: nobody watched. */
static json_t *wire_json(const struct analysis *a)
{
    const struct wire_agreement *w = &a->instrument.wire;
    json_t *o = json_object();

    if (!w->watched) {
        json_decref(o);
        return json_null();
    }
    json_put(o, "apart", spread_json(&w->apart));
    put_number(o, "closeShare", w->close_share);
    put_number(o, "close", (double)WIRE_CLOSE_NS / 1e9);
    json_put_i64(o, "droppedPackets", w->dropped);
    json_put_i64(o, "clockSteps", w->clock_steps);
    json_put_i64(o, "answers", w->answers);
    json_put_i64(o, "missing", w->missing);
    return o;
}

json_t *stamps_json(const struct analysis *a)
{
    double share = a->instrument.kernel_share;
    json_t *o = json_object();

    json_put_str(o, "source", stamps_source(a));
    put_number(o, "share", a->in.wire || share > 0.5 ? share : 1 - share);
    json_put(o, "wire", wire_json(a));
    return o;
}

static json_t *agreement_json(int64_t compared, int64_t differ)
{
    json_t *o = json_object();

    json_put_i64(o, "compared", compared);
    json_put_i64(o, "differ", differ);
    return o;
}

json_t *tokens_json(const struct analysis *a)
{
    const struct tokens *t = &a->tokens;
    json_t *o = json_object();

    json_put(o, "outputReportedVsCounted", agreement_json(t->output_compared, t->output_differ));
    json_put(o, "outputReportedVsRequested", agreement_json(t->length_compared, t->length_differ));
    json_put(o, "cachedReportedVsExpected", agreement_json(t->cached_compared, t->cached_differ));
    json_put(o, "inputReportedVsRequested",
             agreement_json(t->input_compared, t->input_compared - t->input_within));
    put_number(o, "severalTokensShare", t->several_share);
    return o;
}
