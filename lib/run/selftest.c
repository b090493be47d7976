/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include "base/clock.h"
#include "base/units.h"
#include "run/selftest_tally.h"
#include "workload/prompt.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MOST_ITEMS = 200000,
    MOST_STAMPS = 2000000,
    MOST_STREAMS = 512, /* at full speed: more don't make the client faster */
    HEAD_ROOM = 160,    /* bytes of a request beside its prompt */
};
static const int64_t LEAD_NS = 150 * NS_PER_MS;
static const double BUSY = 0.9; /* of a CPU: beyond, the client is what was limiting */

enum phase { PACED, FULL };

struct test { /* one phase */
    const struct selftest *of;
    struct selftest_load load;
    enum phase phase;
    int64_t ramp_ns, for_ns; /* before what is counted; of what is counted */
    struct schedule schedule;
    size_t trial_first[2];
    struct null_item *null;
    int64_t *sent_ns;
    size_t stamps;
    size_t max_bytes;
    struct null_server server;
    struct tally tally;
};

static void test_release(struct test *t)
{
    tally_release(&t->tally);
    null_server_stop(&t->server);
    if (t->sent_ns)
        (void)munmap(t->sent_ns, t->stamps * sizeof *t->sent_ns);
    free(t->schedule.items);
    free(t->null);
}
DEFINE_AUTO_HELD(struct test, test_release)

static const struct prompt_calibration plain_words = {.tokens_per_word = 1};

/* The lengths are the plan's, one after the other, over and over. */
static const struct item *planned_item(const struct test *t, size_t i)
{
    const struct schedule *s = t->of->schedule;
    size_t first = s->trial_first[0];

    return &s->items[first + i % (s->trial_first[1] - first)];
}

/* Answers under way when the test begins have some of their events behind them: parts of a length
 * that are spread evenly and owe nothing to the order. */
static int32_t what_is_left(int32_t events, size_t i)
{
    double part = fmod(0.6180339887 * (double)(i + 1), 1);

    return (int32_t)fmax(1, ceil(part * events));
}

static void set_item(struct test *t, size_t i, int64_t at_ns, int32_t output)
{
    const struct item *planned = planned_item(t, i);

    t->schedule.items[i] = (struct item){
        .at_ns = at_ns,
        .input_tokens = planned->input_tokens > 0 ? planned->input_tokens : 1,
        .output_tokens = output > 0 ? output : 1, /* an answer in one piece may have none */
        .group = (uint32_t)i,
        .trigger = at_ns == TIME_NONE ? TRIGGER_SLOT_FREE : TRIGGER_AT,
    };
}

static int by_time(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

/* The streams that are out at the planned load begin evenly over the ramp; beside them come the
 * requests that are planned. */
static void paced_items(struct test *t, size_t n)
{
    size_t streams = (size_t)t->load.streams < n ? (size_t)t->load.streams : n;
    double every_ns = 1e9 / t->load.requests_per_s;

    for (size_t i = 0; i < n; i++) {
        int32_t output = planned_item(t, i)->output_tokens;
        double at_ns = i < streams ? (double)i / (double)streams * (double)t->ramp_ns
                                   : (double)(i - streams) * every_ns;

        set_item(t, i, (int64_t)at_ns, i < streams ? what_is_left(output, i) : output);
    }
    qsort(t->schedule.items, n, sizeof *t->schedule.items, by_time);
}

static size_t items_wanted(const struct test *t)
{
    double arrivals = t->load.requests_per_s * (double)(t->ramp_ns + t->for_ns) / 1e9;

    if (t->phase == FULL)
        return MOST_ITEMS;
    return (size_t)fmin(MOST_ITEMS, floor(t->load.streams) + ceil(arrivals));
}

/* So many of its events can be sent until the test ends. */
static int32_t stamps_of(const struct test *t, int32_t events)
{
    double most = t->load.pace * (double)(t->ramp_ns + t->for_ns) / 1e9 + 2;

    return (int32_t)fmin(events, most);
}

static void null_items(struct test *t)
{
    for (size_t i = 0; i < t->schedule.count; i++) {
        struct null_item n = {.events = t->schedule.items[i].output_tokens,
                              .first_stamp = t->stamps};

        if (t->phase == PACED && t->of->plan->target.stream)
            n.stamps = stamps_of(t, n.events);
        if (t->stamps + (size_t)n.stamps > MOST_STAMPS)
            n.stamps = 0;
        t->stamps += (size_t)n.stamps;
        t->null[i] = n;
    }
}

static int make_schedule(struct test *t, struct err *err)
{
    size_t n = items_wanted(t);
    int32_t longest = 1;

    t->schedule.items = calloc(n, sizeof *t->schedule.items);
    t->null = calloc(n, sizeof *t->null);
    if (!t->schedule.items || !t->null)
        return err_set(err, -ENOMEM, "self-test: out of memory for %zu requests", n);
    if (t->phase == PACED)
        paced_items(t, n);
    for (size_t i = 0; i < n && t->phase == FULL; i++)
        set_item(t, i, TIME_NONE, planned_item(t, i)->output_tokens);
    for (size_t i = 0; i < n; i++)
        longest = t->schedule.items[i].input_tokens > longest ? t->schedule.items[i].input_tokens
                                                              : longest;
    t->schedule.count = t->trial_first[1] = n;
    t->schedule.trials = 1;
    t->schedule.trial_first = t->trial_first;
    t->max_bytes = HEAD_ROOM + prompt_bytes(longest, &plain_words);
    null_items(t);
    return 0;
}

/* Its prompt is as costly as the plan's; its head says what the null server wants to know. */
static size_t render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    const struct test *t = ctx;
    const struct prompt_spec spec = {.serial = index,
                                     .tokens = t->schedule.items[index].input_tokens};
    char *body = buf + HEAD_ROOM, head[HEAD_ROOM];
    size_t len;
    int n;

    if (cap < t->max_bytes)
        return 0;
    len = prompt_render(body, cap - HEAD_ROOM, &spec, &plain_words);
    n = snprintf(head, sizeof head,
                 "POST /%u/%zu HTTP/1.1\r\nHost: null\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 index, len, len);
    memmove(buf + n, body, len);
    memcpy(buf, head, (size_t)n);
    return (size_t)n + len;
}

/* The CPUs that this process may use and the I/O threads are not pinned to; false: none is left. */
static bool cpus_left(cpu_set_t *ret, const struct selftest *s)
{
    if (!s->io_cpus || sched_getaffinity(0, sizeof *ret, ret) < 0)
        return false;
    for (int i = 0; i < s->plan->load.threads; i++)
        CPU_CLR(s->io_cpus[i], ret);
    return CPU_COUNT(ret) > 0;
}

static int start_server(struct test *t, struct err *err)
{
    struct null_config c = {
        .items = t->null, .count = t->schedule.count, .stream = t->of->plan->target.stream};
    cpu_set_t left;

    if (t->stamps > 0) {
        t->sent_ns = mmap(NULL, t->stamps * sizeof *t->sent_ns, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (t->sent_ns == MAP_FAILED) {
            t->sent_ns = NULL;
            return err_set(err, -ENOMEM, "self-test: out of memory for stamps");
        }
    }
    c.sent_ns = t->sent_ns;
    c.period_ns = t->phase == PACED ? (int64_t)(1e9 / t->load.pace) : 0;
    c.cpus = cpus_left(&left, t->of) ? &left : NULL;
    return null_server_start(&t->server, &c, err);
}

static int32_t streams_of(const struct test *t)
{
    return (int32_t)fmin(ceil(t->load.streams), MOST_STREAMS);
}

static struct load_config config_of(struct test *t)
{
    const struct plan *p = t->of->plan;
    struct load_config c = {
        .schedule = &t->schedule,
        .count = t->schedule.count,
        .start_ns = clock_mono_ns() + LEAD_NS,
        .concurrency = t->phase == FULL ? streams_of(t) : 0,
        .max_in_flight =
            p->load.arrivals == ARRIVALS_CLOSED ? p->load.concurrency : p->load.max_in_flight,
        .duration_ns = t->phase == FULL ? t->ramp_ns + t->for_ns : 0,
        .timeout_ns = 60 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
        .stall_timeout_ns = 60 * NS_PER_S,
        .drain_timeout_ns = 60 * NS_PER_S, /* the tally stops it before */
        .keep = p->target.keep_alive == TRI_NO ? LOAD_KEEP_NEVER : LOAD_KEEP_ALWAYS,
        .stream = p->target.stream,
        .send_stamps = p->load.send_stamps == STAMPED_BY_KERNEL,
        .render = {render, t, t->max_bytes},
        .threads = p->load.threads,
        .cpus = t->of->io_cpus,
    };

    c.target.address = t->server.address;
    c.target.address_len = t->server.address_len;
    return c;
}

static int test_run(struct test *t, struct err *err)
{
    struct load_report report = {0};
    struct load_config c;
    int r = make_schedule(t, err);

    if (r == 0)
        r = start_server(t, err);
    if (r < 0)
        return r;
    c = config_of(t);
    t->tally.items = t->null;
    t->tally.sent_ns = t->sent_ns;
    t->tally.count = t->schedule.count;
    t->tally.from_ns = c.start_ns + t->ramp_ns;
    t->tally.to_ns = t->tally.from_ns + t->for_ns;
    t->tally.outer = t->of->control;
    t->tally.off = (struct aside){t->of->io_cpus, c.threads};
    r = tally_open(&t->tally, c.threads, err);
    if (r < 0)
        return r;
    c.rings = t->tally.ring_list;
    r = load_run(&report, &c, &t->tally.control, err);
    tally_finish(&t->tally);
    if (r == 0 && t->of->control->stop > 0)
        r = err_set(err, -EINTR, "interrupted");
    if (r == 0 && t->tally.failed > 0)
        r = err_set(err, -EIO, "%" PRIu64 " of %" PRIu64 " requests to the null server failed: %s",
                    t->tally.failed, t->tally.started, outcome_name(t->tally.failure));
    return r;
}

struct scribe { /* facts, until memory ends */
    struct fact_list *facts;
    int failed;
};

static void note(struct scribe *s, const char *name, const char *unit, enum known known,
                 const char *source, double v)
{
    char value[40];
    struct fact f = {.scope = "self_test",
                     .name = name,
                     .value = isnan(v) ? NULL : value,
                     .unit = unit,
                     .source = isnan(v) ? "not seen in the test" : source,
                     .known = isnan(v) ? KNOWN_UNKNOWN : known,
                     .time_ns = TIME_NONE};

    (void)snprintf(value, sizeof value, "%.6g", v);
    if (s->failed == 0)
        s->failed = fact_list_add(s->facts, &f);
}

static void note_spread(struct scribe *s, const char *name, const struct tally_spread *d)
{
    static const char source[] = "null server, at the planned pace";
    char full[48];

    (void)snprintf(full, sizeof full, "%s.p50", name);
    note(s, full, "s", KNOWN_MEASURED, source, live_quantile(&d->of, 0.5) / 1e9);
    (void)snprintf(full, sizeof full, "%s.p99", name);
    note(s, full, "s", KNOWN_MEASURED, source, live_quantile(&d->of, 0.99) / 1e9);
    (void)snprintf(full, sizeof full, "%s.max", name);
    note(s, full, "s", KNOWN_MEASURED, source,
         d->of.total > 0 ? (double)d->max / 1e9 : (double)NAN);
}

static void note_planned(struct scribe *s, const struct selftest_load *l, bool closed)
{
    const char *source =
        closed ? "load.concurrency at load.self_test.pace" : "the schedule's busiest 10 s";

    note(s, "planned.requests_per_s", "1/s", KNOWN_DERIVED, source, l->requests_per_s);
    note(s, "planned.events_per_s", "1/s", KNOWN_DERIVED, source, l->events_per_s);
    note(s, "planned.streams", "", KNOWN_DERIVED, "the same at load.self_test.pace", l->streams);
}

static double per_s(const struct test *t, uint64_t n)
{
    return (double)n * 1e9 / (double)t->for_ns;
}

static void note_paced(struct scribe *s, const struct test *t)
{
    static const char source[] = "null server, at the planned pace";
    const struct tally *y = &t->tally;

    note(s, "paced.requests_per_s", "1/s", KNOWN_MEASURED, source, per_s(t, y->requests));
    note(s, "paced.events_per_s", "1/s", KNOWN_MEASURED, source, per_s(t, y->events));
    note_spread(s, "lateness", &y->late);
    note_spread(s, "stamp_lag", &y->lag);
    note_spread(s, "added", &y->added);
    note_spread(s, "first_added", &y->first);
    note(s, "cpu_per_event", "s", KNOWN_MEASURED, source, tally_cpu_each(y, y->all_events) / 1e9);
    note(s, "cpu_per_request", "s", KNOWN_MEASURED, source, tally_cpu_each(y, y->started) / 1e9);
    note(s, "paced.cpu_share", "", KNOWN_MEASURED, source, tally_cpu_share(y));
}

/* What it reached where its own CPU was the limit; where the null server was slower, that over the
 * share of its CPU that it took. */
static double capacity_of(const struct test *t)
{
    double share = tally_cpu_share(&t->tally);
    double reached = per_s(t, t->tally.events);

    if (isnan(share) || t->tally.events == 0)
        return (double)NAN;
    return share < BUSY ? reached / share : reached;
}

static void note_full(struct scribe *s, const struct test *t)
{
    static const char source[] = "null server, at full speed";
    double capacity = capacity_of(t);

    note(s, "full.streams", "", KNOWN_MEASURED, source, streams_of(t));
    note(s, "full.requests_per_s", "1/s", KNOWN_MEASURED, source, per_s(t, t->tally.requests));
    note(s, "full.events_per_s", "1/s", KNOWN_MEASURED, source, per_s(t, t->tally.events));
    note(s, "full.cpu_share", "", KNOWN_MEASURED, source, tally_cpu_share(&t->tally));
    note(s, "capacity.events_per_s", "1/s", KNOWN_DERIVED,
         "full.events_per_s, over full.cpu_share below 0.9", capacity);
    note(s, "headroom", "times", KNOWN_DERIVED, "capacity.events_per_s / planned.events_per_s",
         capacity / t->load.events_per_s);
}

static void note_common(struct scribe *s, const struct test *paced, const struct test *full)
{
    note(s, "requests", "", KNOWN_MEASURED, "sent to the null server, outside the schedule",
         (double)(paced->tally.started + full->tally.started));
    note(s, "lost_records", "", KNOWN_MEASURED, "the test's own rings were full",
         (double)(paced->tally.lost + full->tally.lost));
    if (s->failed == 0)
        s->failed = fact_list_put(s->facts, "self_test", "protocol", "null server", KNOWN_MEASURED,
                                  "HTTP/1.1, plain: what TLS or HTTP/2 costs is not in it");
}

static int not_run(struct fact_list *facts, const char *why)
{
    char source[280];
    const struct fact f = {.scope = "self_test",
                           .name = "headroom",
                           .unit = "times",
                           .source = source,
                           .known = KNOWN_UNKNOWN,
                           .time_ns = TIME_NONE};

    (void)snprintf(source, sizeof source, "not run: %s", why);
    return fact_list_add(facts, &f);
}

static void say(char *says, size_t size, const struct test *paced, const struct test *full)
{
    double capacity = capacity_of(full), headroom = capacity / full->load.events_per_s;
    double refuse = full->of->plan->limits[GATE_HEADROOM].refuse;

    (void)snprintf(says, size,
                   "self-test: this client can take %.3g events/s, %.3g times the %.3g/s planned; "
                   "it adds p99 %s%s",
                   capacity, headroom, full->load.events_per_s,
                   units_show_ns(live_quantile(&paced->tally.added.of, 0.99)).text,
                   headroom < refuse ? "; too little headroom: what begins at the due time, and a "
                                       "closed loop's rates, will be void"
                                     : "");
}

/* A fifth of the time leads in, two each are counted. */
static void set_times(struct test *t)
{
    int64_t all_ns = t->of->plan->load.self_test_ns;

    t->ramp_ns = t->phase == PACED ? all_ns / 5 : all_ns / 10;
    t->for_ns = t->phase == PACED ? all_ns * 2 / 5 : all_ns * 3 / 10;
}

static int both_phases(const struct selftest *of, struct fact_list *facts, char *says, size_t size,
                       struct err *err)
{
    AUTO(test_release) struct test paced = {.of = of, .phase = PACED};
    AUTO(test_release) struct test full = {.of = of, .phase = FULL};
    struct scribe s = {.facts = facts};
    int r;

    selftest_load(&paced.load, of->plan, of->schedule);
    if (!(paced.load.requests_per_s > 0))
        return err_set(err, -ENODATA, "no request has a time of its own");
    full.load = paced.load;
    set_times(&paced);
    set_times(&full);
    r = test_run(&paced, err);
    null_server_stop(&paced.server);
    if (r == 0)
        r = test_run(&full, err);
    if (r < 0)
        return r;
    note_planned(&s, &paced.load, of->plan->load.arrivals == ARRIVALS_CLOSED);
    note_paced(&s, &paced);
    note_full(&s, &full);
    note_common(&s, &paced, &full);
    say(says, size, &paced, &full);
    return s.failed;
}

int selftest_run(const struct selftest *t, struct fact_list *facts, char *says, size_t size,
                 struct err *err)
{
    struct err why = {0};
    int r;

    says[0] = '\0';
    if (t->plan->load.self_test_ns == 0)
        r = not_run(facts, "load.self_test.for is 0");
    else if (t->schedule->trials == 0 || t->schedule->trial_first[1] == t->schedule->trial_first[0])
        r = not_run(facts, "nothing is scheduled");
    else
        r = both_phases(t, facts, says, size, &why);
    if (r < 0 && why.code < 0) {
        (void)snprintf(says, size, "self-test not made: %s", why.text);
        r = not_run(facts, why.text);
    }
    return r < 0 ? err_set(err, r, "out of memory for facts") : 0;
}
