/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/limited.c - a sweep over the instants at which something begins or ends. How long a
 * request was held back at the target is what it waited beyond the least: the shortest wait of any
 * request with as many prompt tokens or more, times what requests waited that found few others in
 * flight. It counts as held back only where waits grow with what is in flight; a wait that varies
 * for itself is unknown.
 */
#include "analysis/limited.h"
#include "analysis/row.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_REQUESTS = 20, LEAST_GROUP = 8 };
static const double few_share = 0.01; /* of the requests: those that found the fewest in flight */
static const double grown = 2;        /* times: what counts as longer */
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

/* A request as the rules see it. */
struct wait {
    const struct row *row;
    int32_t tokens; /* of the prompt, those from a cache apart */
    int64_t found;  /* others in flight when it was sent */
    double wait_s, least_s;
    double base_s; /* what it takes by itself */
};

struct work {
    struct analysis *a;
    struct limited *l;
    struct wait *waits;
    size_t n;
};

static bool waited(const struct row *r)
{
    return r->outcome == OUTCOME_OK && r->hang_up == HANG_UP_NONE && r->sent_ns != TIME_NONE &&
           r->first_content_ns != TIME_NONE && r->first_content_ns >= r->sent_ns;
}

static int by_tokens_down(const void *a, const void *b)
{
    const struct wait *x = a, *y = b;

    return (x->tokens < y->tokens) - (x->tokens > y->tokens);
}

/* The shortest wait of a prompt at least as long. Equal lengths share theirs. */
static void find_least(struct work *w)
{
    double least = INFINITY;

    qsort(w->waits, w->n, sizeof *w->waits, by_tokens_down);
    for (size_t i = 0, j; i < w->n; i = j) {
        for (j = i; j < w->n && w->waits[j].tokens == w->waits[i].tokens; j++)
            least = fmin(least, w->waits[j].wait_s);
        for (size_t k = i; k < j; k++)
            w->waits[k].least_s = fmax(least, 1e-6); /* times are whole microseconds */
    }
}

/* Sendings and ends of all requests of one trial, so that each wait knows what it found. */
struct passing {
    int64_t time_ns;
    struct wait *wait; /* NULL: an end, or a request without a wait */
    int step;
};

static int by_passing(const void *a, const void *b)
{
    const struct passing *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int find_company(struct work *w)
{
    const struct analysis *a = w->a;
    AUTO(free) struct passing *p = calloc(2 * a->row_count + 1, sizeof *p);
    AUTO(free) struct wait **of = calloc(a->row_count + 1, sizeof(struct wait *));
    int64_t in_flight = 0;
    size_t n = 0;

    if (!p || !of)
        return -ENOMEM;
    for (size_t i = 0; i < w->n; i++)
        of[w->waits[i].row - a->rows] = &w->waits[i];
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];

        if (r->sent_ns == TIME_NONE || r->end_ns == TIME_NONE)
            continue;
        p[n++] = (struct passing){r->sent_ns, of[i], 1};
        p[n++] = (struct passing){r->end_ns, NULL, -1};
    }
    qsort(p, n, sizeof *p, by_passing); /* trials follow each other: none overlaps another */
    for (size_t i = 0; i < n; i++) {
        if (p[i].wait)
            p[i].wait->found = in_flight;
        in_flight += p[i].step;
    }
    return 0;
}

static int by_company(const void *a, const void *b)
{
    const struct wait *x = a, *y = b;

    return (x->found > y->found) - (x->found < y->found);
}

static double times_of(const struct wait *v, size_t n, double *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = v[i].wait_s / v[i].least_s;
    stats_sort(scratch, n);
    return scratch[(n - 1) / 2];
}

/* Those that found the fewest others beside those of the upper half that found more. */
static int compare_company(struct work *w)
{
    AUTO(free) double *scratch = calloc(w->n + 1, sizeof *scratch);
    struct limited *l = w->l;
    size_t few = (size_t)fmax(LEAST_GROUP, few_share * (double)w->n), many;

    if (!scratch)
        return -ENOMEM;
    if (w->n < LEAST_REQUESTS)
        return 0;
    qsort(w->waits, w->n, sizeof *w->waits, by_company);
    while (few < w->n && w->waits[few].found == w->waits[few - 1].found)
        few++;
    many = few > w->n / 2 ? few : w->n / 2;
    while (many > few && w->waits[many - 1].found == w->waits[many].found)
        many--;
    if (w->n - many < LEAST_GROUP)
        return 0; /* all found about as many */
    l->compared = true;
    l->few = few;
    l->many = w->n - many;
    l->few_at_most = w->waits[few - 1].found;
    l->many_at_least = w->waits[many].found;
    l->few_times = times_of(w->waits, few, scratch);
    l->many_times = times_of(w->waits + many, l->many, scratch);
    l->grows = l->many_times >= grown * l->few_times;
    return 0;
}

/* What it was held back beyond what it takes by itself; 0: no longer than it may vary. */
static double excess_s(const struct wait *w)
{
    return w->wait_s > grown * w->base_s ? w->wait_s - w->base_s : 0;
}

static int find_waits(struct work *w)
{
    struct analysis *a = w->a;
    int r;

    w->waits = calloc(a->row_count + 1, sizeof *w->waits);
    if (!w->waits)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *row = &a->rows[i];

        if (waited(row))
            w->waits[w->n++] = (struct wait){
                .row = row,
                .tokens = row->fresh_tokens,
                .wait_s = (double)(row->first_content_ns - row->sent_ns) / 1e9,
            };
    }
    find_least(w);
    r = find_company(w);
    if (r == 0)
        r = compare_company(w);
    for (size_t i = 0; i < w->n; i++)
        w->waits[i].base_s = w->waits[i].least_s * (w->l->compared ? w->l->few_times : 1);
    return r;
}

/* Request by request. */

static void spend(struct limit_shares *s, enum limit on, double seconds)
{
    s->share[on] += seconds;
    s->seconds += seconds;
}

static void spend_one(struct work *w, const struct wait *v)
{
    const struct row *r = v->row;
    struct limit_shares *s = &w->l->time;
    double connecting = (double)r->connecting_ns / 1e9, excess = excess_s(v), rest;
    double trip = isnan(w->l->round_trip_s) ? 0 : fmin(w->l->round_trip_s, v->wait_s - excess);
    bool whole = r->content_events <= 1; /* one piece: nobody saw the prefill end */
    bool told = w->n >= LEAST_REQUESTS;

    rest = v->wait_s - excess - trip;
    spend(s, LIMIT_CLIENT, (double)(r->sent_ns - r->due_ns) / 1e9 - connecting);
    spend(s, LIMIT_NETWORK, connecting + trip);
    spend(s, w->l->grows ? LIMIT_QUEUE : LIMIT_UNKNOWN, excess);
    spend(s, whole || !told ? LIMIT_UNKNOWN : LIMIT_PREFILL, rest);
    spend(s, LIMIT_DECODE, (double)(r->last_content_ns - r->first_content_ns) / 1e9);
    spend(s, LIMIT_UNKNOWN, (double)(r->end_ns - r->last_content_ns) / 1e9);
}

static void take_wait(struct work *w, const struct wait *v)
{
    struct row *row = &w->a->rows[v->row - w->a->rows];

    row->held_ns = w->l->grows ? (int64_t)(excess_s(v) * 1e9) : 0;
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
        if (r == 0 && !waited(row))
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
    r = find_waits(&w);
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
