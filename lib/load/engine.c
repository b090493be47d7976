/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/engine.c - one turn of an I/O thread.
 *
 * Waiting is a hybrid: sleep until shortly before the next due time, then poll. A sleeping CPU
 * wakes 35 to 110 us late (measured before the start), a polling one in 0.1 us; polling is rationed
 * (ease.h), so that a real-time thread always lets others run. Requests are rendered in the gaps.
 */
#include "load/inside.h"
#include <stdlib.h>
#include <string.h>

#define SPIN_NS (100 * NS_PER_US) /* where nobody measured */
#define SPIN_LEAST_NS (20 * NS_PER_US)
#define SPIN_MOST_NS (250 * NS_PER_US)
#define RENDER_GAP_NS (300 * NS_PER_US)  /* no rendering when the next item is due sooner */
#define LONGEST_WAIT_NS (20 * NS_PER_MS) /* then the stop flag is looked at */
#define LAST_WAIT_NS (2 * NS_PER_S)
#define LONGEST_UNTIED_NS (4 * NS_PER_S)

enum { EVENTS = 64 };

static int64_t last_due(const struct load_config *c)
{
    int64_t at_ns = c->count ? c->schedule->items[c->first + c->count - 1].at_ns : 0;

    return c->start_ns + i64_max(at_ns, 0);
}

/* What is in flight is cancelled so long after the last arrival; where answers decide when the last
 * item comes, that time is not known before. */
static int64_t drain_deadline(const struct engine *e)
{
    const struct load_config *c = e->config;

    if (!e->closed && !e->chain)
        return last_due(c) + c->drain_timeout_ns;
    return c->duration_ns > 0 ? c->start_ns + c->duration_ns + c->drain_timeout_ns : INT64_MAX;
}

static void init_slots(struct engine *e)
{
    e->closed = e->config->concurrency > 0;
    if (e->closed)
        slots_init(e);
}

static int init_protocols(struct engine *e, struct err *err)
{
    const struct tls_context *tls = e->config->target.tls;
    int32_t sockets = e->link_count > 0 ? e->link_count : e->conn_count;
    int r = e->link_count > 0 ? h2_new(&e->h2, e, err) : 0;

    return r == 0 && tls ? tls_new(&e->tls, tls, e->ops, e->loop, sockets, err) : r;
}

int engine_new(struct engine **ret, const struct engine_setup *s, struct err *err)
{
    AUTO(engine_free) struct engine *e = calloc(1, sizeof *e);
    size_t thread = (size_t)s->thread, threads = (size_t)s->threads, count = s->config->count;
    int r;

    assert(s->cap > 0 && s->thread >= 0 && s->thread < s->threads);
    if (!e)
        return err_set(err, -ENOMEM, "load engine: out of memory");
    e->config = s->config;
    e->ops = s->ops;
    e->loop = s->loop;
    e->ring = s->ring;
    e->thread = s->thread;
    e->threads = s->threads;
    e->cap = s->cap;
    e->share = thread < count ? (count - thread + threads - 1) / threads : 0;
    e->link_count = h2_links(s->config->h2_connections, s->thread, s->threads);
    if (follow_init(e) < 0)
        return err_set(err, -ENOMEM, "load engine: out of memory for %zu items", count);
    if (e->chain)
        e->share = chain_roots(e->chain);
    if (pool_init(e) < 0)
        return err_set(err, -ENOMEM, "load engine: out of memory for %d connections",
                       (int)e->conn_count);
    r = init_protocols(e, err);
    if (r < 0)
        return r;
    init_slots(e);
    meter_init(&e->meter, s->config->start_ns);
    ease_init(&e->ease, s->config->start_ns);
    e->report.spin_ns = SPIN_NS;
    e->drain_at_ns = drain_deadline(e);
    *ret = TAKE(e);
    return 0;
}

/* Half as much again: one wait in ten is later still. */
void engine_set_wake(struct engine *e, int64_t late_ns)
{
    e->report.spin_ns = i64_min(i64_max(late_ns * 3 / 2, SPIN_LEAST_NS), SPIN_MOST_NS);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    h2_free(e->h2);
    tls_free(e->tls);
    chain_free(e->chain);
    pool_release(e);
    free(e);
}

const struct load_report *engine_report(const struct engine *e)
{
    return &e->report;
}

static void cancel_all(struct engine *e)
{
    e->stopping = true;
    for (int32_t i = 0; i < e->conn_count && e->in_flight > 0; i++) {
        if (conn_in_flight(&e->conns[i]))
            conn_cancel(e, &e->conns[i]);
    }
}

static void note_end_of_items(struct engine *e, int stop)
{
    int64_t from_now_ns = e->now_ns + e->config->drain_timeout_ns;

    if (stop > 0 && !e->stopping) {
        e->stopping = true;
        e->drain_at_ns = i64_min(e->drain_at_ns, from_now_ns);
    }
    if ((e->closed || e->chain) && pace_all_started(e) && e->drain_at_ns == INT64_MAX)
        e->drain_at_ns = from_now_ns;
    if (stop > 1 || e->now_ns >= e->drain_at_ns)
        cancel_all(e);
}

/* As many as the ring has room to tell of; false: there are more. A recorder that has not emptied
 * the ring by LAST_WAIT_NS (its disk is full) is waited for no longer: the rest is counted as not
 * told. */
static bool close_idle(struct engine *e)
{
    struct conn *c;

    e->close_by_ns = e->close_by_ns ? e->close_by_ns : e->now_ns + LAST_WAIT_NS;
    while ((c = list_first(e, &e->idle)) || (c = list_first(e, &e->watched))) {
        if (!account_room(e) && e->now_ns < e->close_by_ns)
            return false;
        keep_drop(e, c);
    }
    if (e->h2)
        h2_close(e);
    return true;
}

static void run_deadlines(struct engine *e)
{
    while (deadline_first(e) <= e->now_ns)
        conn_deadline(e, &e->conns[e->heap[0].conn]);
}

/* In a gap, about once a second; where there is no gap, not later than after a few. */
static void tie_clocks(struct engine *e, bool gap)
{
    if (e->now_ns < e->anchor_at_ns + (gap ? 0 : LONGEST_UNTIED_NS))
        return;
    e->ops->anchor(e->loop);
    e->anchor_at_ns = e->now_ns + NS_PER_S;
}

/* The time of the next release; INT64_MAX while only an answer can bring it about. */
static int64_t next_release(const struct engine *e)
{
    bool has_request = e->rendered > e->released || e->soon_count > 0 || e->buffers_left > 0;

    return pace_may_start(e) && e->in_flight < e->cap && has_request && (!e->h2 || h2_room(e))
               ? pace_next_due(e)
               : INT64_MAX;
}

static void ease_thread(struct engine *e)
{
    struct loop_usage used;
    enum ease_step step;

    if (!ease_over(&e->ease, e->now_ns))
        return;
    used = e->ops->usage ? e->ops->usage(e->loop) : loop_usage_unknown();
    step = ease_window(&e->ease, e->now_ns, used.cpu_ns,
                       (double)ring_used(e->ring) / ((double)e->ring->mask + 1));
    if (step != EASE_STAY && e->ops->prefer)
        e->ops->prefer(e->loop, step == EASE_TAKE_BACK);
}

static int64_t wait_until(struct engine *e, int64_t due_ns)
{
    int64_t until_ns = i64_min(deadline_first(e), e->now_ns + LONGEST_WAIT_NS);

    until_ns = i64_min(until_ns, e->drain_at_ns);
    e->spinning = due_ns - e->report.spin_ns <= e->now_ns && ease_may_spin(&e->ease);
    if (due_ns == INT64_MAX)
        return until_ns;
    if (e->spinning)
        return e->now_ns;
    return i64_min(until_ns, ease_may_spin(&e->ease) ? due_ns - e->report.spin_ns : due_ns);
}

static void serve(struct engine *e, int64_t until_ns)
{
    struct loop_event events[EVENTS];
    int64_t before_ns = e->now_ns;
    int n = e->ops->wait(e->loop, events, EVENTS, until_ns);

    e->now_ns = e->ops->now(e->loop);
    if (e->spinning && n == 0)
        e->ease.spun_ns += e->now_ns - before_ns;
    meter_wake(&e->meter, e->now_ns, e->spinning && n == 0 ? e->now_ns - before_ns : 0,
               n == 0 ? i64_max(0, e->now_ns - i64_max(until_ns, before_ns)) : 0);
    for (int i = 0; i < n; i++) {
        struct conn *c = &e->conns[(uint32_t)events[i].tag];

        if (events[i].tag == conn_tag(e, c))
            conn_event(e, c, &events[i]);
        if (next_release(e) <= e->now_ns)
            pace_release(e);
    }
}

static void note_tls(struct engine *e)
{
    const struct tls_counts *n = e->tls ? tls_counts(e->tls) : NULL;

    if (!n)
        return;
    e->report.tls_handshakes = n->handshakes;
    e->report.tls_resumed = n->resumed;
    e->report.tls_failed = n->failed;
    e->report.tls_allocations = n->allocations;
    e->report.tls_beyond_pool = n->beyond_pool;
}

bool engine_step(struct engine *e, int stop)
{
    int64_t due_ns;
    bool gap, rendered;

    e->now_ns = e->ops->now(e->loop);
    meter_turn(&e->meter, e->now_ns, e->ring);
    if (e->now_ns >= e->meter.until_ns)
        tell_second(e);
    ease_thread(e);
    if (e->h2)
        h2_open(e);
    note_end_of_items(e, stop);
    run_deadlines(e);
    pace_release(e);
    if (e->in_flight == 0 && !pace_may_start(e)) {
        if (!close_idle(e)) { /* the recorder empties the ring meanwhile */
            serve(e, e->now_ns + NS_PER_MS);
            return true;
        }
        e->now_ns = e->ops->now(e->loop); /* the CPU of the second has that of closing in it */
        tell_second(e);
        e->report.never_started = (int32_t)(e->share - e->released) + follow_never_started(e);
        e->report.skipped = e->chain ? chain_skipped(e->chain) : 0;
        e->report.end_ns = e->now_ns;
        e->report.given_up_windows = (uint64_t)e->ease.given_up;
        note_tls(e);
        return false;
    }
    due_ns = next_release(e);
    gap = due_ns - e->now_ns > RENDER_GAP_NS;
    tie_clocks(e, gap);
    rendered = gap && !e->stopping && pace_render(e);
    serve(e, rendered ? e->now_ns : wait_until(e, due_ns));
    return true;
}
