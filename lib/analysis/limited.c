/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/limited.c - a sweep over the instants at which something begins or ends; what waits
 * is found by waits.c. */
#include "analysis/limited.h"
#include "analysis/waits.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double half = 0.5;

const char *limit_name(enum limit l)
{
    static const char *const names[LIMIT_COUNT_] = {"arrivals", "client", "network",  "queue",
                                                    "prefill",  "decode", "host_cpu", "unknown"};

    return (unsigned)l < LIMIT_COUNT_ ? names[l] : "?";
}

enum what {
    HELD,
    CONNECTING,
    QUEUED,
    IN_SERVICE,
    FAILING,
    SATURATED,
    WAITING_THERE,
    CPU_FULL,
    WHATS
};

struct edge {
    int64_t time_ns;
    int8_t what, step;
};

struct edges {
    struct edge *v;
    size_t n, cap;
    int64_t from_ns, to_ns; /* nothing outside is kept */
};

static int edges_add(struct edges *e, enum what what, int64_t from_ns, int64_t to_ns)
{
    from_ns = i64_max(from_ns, e->from_ns);
    to_ns = i64_min(to_ns, e->to_ns);
    if (from_ns >= to_ns)
        return 0;
    if (VEC_PUSH(e->v, e->n, e->cap, ((struct edge){from_ns, (int8_t)what, 1})) < 0)
        return -ENOMEM;
    return VEC_PUSH(e->v, e->n, e->cap, ((struct edge){to_ns, (int8_t)what, -1}));
}

static int by_time(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* Request by request. */

static void spend(struct limit_shares *s, enum limit on, double seconds)
{
    s->share[on] += seconds;
    s->seconds += seconds;
}

/* By the engine's word requests waited while this one did. Spans are in order of time. */
static bool queue_said(const struct analysis *a, const struct row *r)
{
    const struct limited_spans *s = &a->spans[SPAN_QUEUE];
    size_t lo = 0, hi = s->count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (s->items[mid].to_ns <= r->sent_ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->count && s->items[lo].from_ns < r->first_content_ns;
}

/* Whether what is left of its wait is known to be its own: a queue that all are in alike hides. */
static bool is_prefill(const struct work *w, const struct wait *v, bool said)
{
    bool whole = v->row->content_events <= 1; /* one piece: nobody saw the prefill end */

    if (whole || w->n < WAITS_LEAST)
        return false;
    return w->l->grows || v->found == 0 || (w->l->compared && !said);
}

static void spend_one(struct work *w, const struct wait *v)
{
    const struct row *r = v->row;
    struct limit_shares *s = &w->l->time;
    double connecting = (double)r->connecting_ns / 1e9, excess = wait_excess_s(v), rest;
    double trip = isnan(w->l->round_trip_s) ? 0 : fmin(w->l->round_trip_s, v->wait_s - excess);
    bool said = queue_said(w->a, r);

    rest = v->wait_s - excess - trip;
    spend(s, LIMIT_CLIENT, (double)(r->sent_ns - r->due_ns) / 1e9 - connecting);
    spend(s, LIMIT_NETWORK, connecting + trip);
    spend(s, w->l->grows || said ? LIMIT_QUEUE : LIMIT_UNKNOWN, excess);
    spend(s, is_prefill(w, v, said) ? LIMIT_PREFILL : LIMIT_UNKNOWN, rest);
    spend(s, LIMIT_DECODE, (double)(r->last_content_ns - r->first_content_ns) / 1e9);
    spend(s, LIMIT_UNKNOWN, (double)(r->end_ns - r->last_content_ns) / 1e9);
}

static void take_wait(struct work *w, const struct wait *v)
{
    struct row *row = &w->a->rows[v->row - w->a->rows];

    row->held_ns = w->l->grows ? (int64_t)(wait_excess_s(v) * 1e9) : 0;
    if (!row->warm_up)
        spend_one(w, v);
}

static void settle(struct limit_shares *s)
{
    s->by = LIMIT_UNKNOWN;
    for (int i = 0; i < LIMIT_COUNT_; i++) {
        s->share[i] = s->seconds > 0 ? s->share[i] / s->seconds : 0;
        if (s->share[i] > half)
            s->by = (enum limit)i;
    }
}

/* Instant by instant. */

static int add_failed(struct edges *e, const struct row *r)
{
    return r->sent_ns == TIME_NONE || r->end_ns == TIME_NONE
               ? 0
               : edges_add(e, FAILING, r->sent_ns, r->end_ns);
}

static int add_sending(struct edges *e, const struct row *r)
{
    int64_t begun_ns = r->sent_ns - r->connecting_ns;

    if (r->sent_ns == TIME_NONE)
        return 0;
    return edges_add(e, HELD, r->due_ns, begun_ns) < 0 ||
                   edges_add(e, CONNECTING, begun_ns, r->sent_ns) < 0
               ? -ENOMEM
               : 0;
}

static int add_wait(struct edges *e, const struct wait *v)
{
    int64_t served_ns = v->row->sent_ns + v->row->held_ns;

    return edges_add(e, QUEUED, v->row->sent_ns, served_ns) < 0 ||
                   edges_add(e, IN_SERVICE, served_ns, v->row->end_ns) < 0
               ? -ENOMEM
               : 0;
}

static int add_requests(struct edges *e, const struct work *w, size_t trial)
{
    int r = 0;

    for (size_t i = 0; i < w->a->row_count && r == 0; i++) {
        const struct row *row = &w->a->rows[i];

        if (row->trial != trial)
            continue;
        r = add_sending(e, row);
        if (r == 0 && !row_waited(row))
            r = add_failed(e, row);
    }
    for (size_t i = 0; i < w->n && r == 0; i++)
        if (w->waits[i].row->trial == trial)
            r = add_wait(e, &w->waits[i]);
    return r;
}

static int add_spans(struct edges *e, enum what what, const struct limited_spans *s)
{
    int r = 0;

    for (size_t i = 0; i < s->count && r == 0; i++)
        r = edges_add(e, what, s->items[i].from_ns, s->items[i].to_ns);
    return r;
}

bool limited_keeps_up(const struct analysis *a)
{
    const struct plan *p = a->in.plan;

    return p->load.arrivals != ARRIVALS_CLOSED && p->load.arrivals != ARRIVALS_REPLAY &&
           p->load.stage_count == 0 && !overloaded(a);
}

static enum limit limit_at(const int64_t now[WHATS], bool keeps_up)
{
    bool there = now[QUEUED] > 0 || now[IN_SERVICE] > 0 || now[FAILING] > 0;

    if (now[SATURATED] > 0 || now[HELD] > 0)
        return LIMIT_CLIENT;
    if (there && now[CPU_FULL] > 0)
        return LIMIT_HOST_CPU;
    if (now[QUEUED] > 0 || (there && now[WAITING_THERE] > 0))
        return LIMIT_QUEUE;
    if (now[CONNECTING] > 0 && !there)
        return LIMIT_NETWORK;
    if (now[IN_SERVICE] > 0)
        return keeps_up ? LIMIT_ARRIVALS : LIMIT_UNKNOWN;
    return now[FAILING] > 0 ? LIMIT_UNKNOWN : LIMIT_ARRIVALS;
}

static void sweep(struct limit_shares *s, const struct edges *e, bool open_and_kept_up)
{
    int64_t now[WHATS] = {0}, at_ns = e->from_ns;

    qsort(e->v, e->n, sizeof *e->v, by_time);
    for (size_t i = 0; i <= e->n; i++) {
        int64_t next_ns = i < e->n ? e->v[i].time_ns : e->to_ns;

        if (next_ns > at_ns)
            spend(s, limit_at(now, open_and_kept_up), (double)(next_ns - at_ns) / 1e9);
        at_ns = next_ns;
        if (i < e->n)
            now[e->v[i].what] += e->v[i].step;
    }
}

static int sweep_trial(struct work *w, size_t trial, bool open_and_kept_up)
{
    const struct window *window = &w->a->rates[trial].window;
    struct edges e = {.from_ns = window->from_ns, .to_ns = window->to_ns};
    int r = 0;

    if (window->from_ns == TIME_NONE || window->to_ns <= window->from_ns)
        return 0;
    r = add_requests(&e, w, trial);
    if (r == 0)
        r = add_spans(&e, SATURATED, &w->a->spans[SPAN_SATURATED]);
    if (r == 0)
        r = add_spans(&e, WAITING_THERE, &w->a->spans[SPAN_QUEUE]);
    if (r == 0)
        r = add_spans(&e, CPU_FULL, &w->a->spans[SPAN_CPU]);
    if (r == 0 && e.n > 0)
        sweep(&w->l->wall, &e, open_and_kept_up);
    free(e.v);
    return r;
}

static void find_round_trip(struct limited *l, const struct analysis *a)
{
    l->round_trip_s = NAN;
    if (a->trip_count == 0)
        return;
    stats_sort(a->trips, a->trip_count);
    l->round_trip_s = a->trips[(a->trip_count - 1) / 2];
}

int limited_make(struct analysis *a)
{
    struct work w = {.a = a, .l = &a->limited};
    bool kept_up = limited_keeps_up(a);
    int r;

    find_round_trip(w.l, a);
    w.l->queue_seen = a->spans[SPAN_QUEUE].looked;
    w.l->cpu_seen = a->spans[SPAN_CPU].looked;
    r = waits_find(&w);
    for (size_t i = 0; i < w.n && r == 0; i++)
        take_wait(&w, &w.waits[i]);
    for (size_t t = 0; t < a->in.trial_count && r == 0; t++)
        r = sweep_trial(&w, t, kept_up);
    settle(&w.l->wall);
    settle(&w.l->time);
    free(w.waits);
    return r;
}

int limited_add_span(struct analysis *a, enum limited_span kind, int64_t from_ns, int64_t to_ns)
{
    struct limited_spans *s = &a->spans[kind];

    return VEC_PUSH(s->items, s->count, s->cap, ((struct window){from_ns, to_ns}));
}

int limited_add_trip(struct analysis *a, int64_t rtt_ns)
{
    return VEC_PUSH(a->trips, a->trip_count, a->trip_cap, (double)rtt_ns / 1e9);
}

void limited_release(struct analysis *a)
{
    for (int i = 0; i < SPAN_COUNT_; i++)
        free(a->spans[i].items);
    free(a->trips);
}
