/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up probes: what they put arrives, what fails ends nobody else. */
#include "run/probes.h"
#include "../evidence/scene.h"
#include "base/clock.h"
#include "run/feed.h"
#include <pthread.h>

/* One probe that counts, and writes down the phases that it was told of. */
static struct counting {
    const struct probe_out *out;
    pthread_mutex_t lock;
    pthread_cond_t told;
    uint32_t id;
    int samples, closed;
    char phases[256];
} counting = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};

static int counting_open(struct probe **ret, const struct probe_setup *s,
                         const struct probe_out *out, struct err *err)
{
    const struct series series = {"host", "count", "1", "test", KNOWN_MEASURED};
    const struct fact fact = {.scope = "host",
                              .name = "early",
                              .value = "yes",
                              .unit = "",
                              .source = "test",
                              .time_ns = TIME_NONE};

    (void)s;
    (void)err;
    counting.out = out;
    assert_int_equal(out->series.declare(out->series.ctx, &counting.id, &series), 0);
    assert_int_equal(out->facts.put(out->facts.ctx, &fact), 0);
    *ret = (struct probe *)(void *)&counting;
    return 0;
}

static int counting_sample(struct probe *p, int64_t now_ns)
{
    const struct probe_out *out = counting.out;

    (void)p;
    (void)pthread_mutex_lock(&counting.lock);
    out->series.put(out->series.ctx, counting.id, now_ns, ++counting.samples);
    (void)pthread_cond_broadcast(&counting.told);
    (void)pthread_mutex_unlock(&counting.lock);
    return 0;
}

static void counting_phase(struct probe *p, const char *name, int64_t now_ns)
{
    (void)p;
    (void)now_ns;
    (void)pthread_mutex_lock(&counting.lock);
    (void)strcat(strcat(counting.phases, name), ";");
    (void)pthread_cond_broadcast(&counting.told);
    (void)pthread_mutex_unlock(&counting.lock);
}

static int counting_finish(struct probe *p)
{
    const struct probe_out *out = counting.out;
    const struct dispatch_row row = {"end", "lib.so", "", "f", 1, TIME_NONE};

    (void)p;
    assert_int_equal(out->changed(out->ctx, clock_mono_ns(), "from this to that"), 0);
    return out->dispatch(out->ctx, &row);
}

static void counting_close(struct probe *p)
{
    (void)p;
    counting.closed++;
}

static int broken_open(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                       struct err *err)
{
    (void)ret;
    (void)s;
    (void)out;
    return err_set(err, -EACCES, "nobody may look");
}

static int failing_open(struct probe **ret, const struct probe_setup *s,
                        const struct probe_out *out, struct err *err)
{
    static int something;

    (void)s;
    (void)out;
    (void)err;
    *ret = (struct probe *)(void *)&something;
    return 0;
}

static int failing_sample(struct probe *p, int64_t now_ns)
{
    (void)p;
    (void)now_ns;
    return -ENOMEM;
}

static void failing_close(struct probe *p)
{
    (void)p;
}

static int nothing_open(struct probe **ret, const struct probe_setup *s,
                        const struct probe_out *out, struct err *err)
{
    (void)s;
    (void)out;
    (void)err;
    *ret = NULL;
    return 0;
}

static const struct probe_ops counts = {.name = "counts",
                                        .open = counting_open,
                                        .sample = counting_sample,
                                        .phase = counting_phase,
                                        .finish = counting_finish,
                                        .close = counting_close};
static const struct probe_ops broken = {.name = "broken", .open = broken_open};
static const struct probe_ops failing = {
    .name = "failing", .open = failing_open, .sample = failing_sample, .close = failing_close};
static const struct probe_ops nothing = {
    .name = "nothing", .open = nothing_open, .sample = failing_sample, .close = failing_close};
static const struct probe_ops *const sources[] = {&broken, &failing, &nothing, &counts, NULL};

static void await_samples(int n)
{
    (void)pthread_mutex_lock(&counting.lock);
    while (counting.samples < n)
        (void)pthread_cond_wait(&counting.told, &counting.lock);
    (void)pthread_mutex_unlock(&counting.lock);
}

static void await_phase(const char *name)
{
    (void)pthread_mutex_lock(&counting.lock);
    while (!strstr(counting.phases, name))
        (void)pthread_cond_wait(&counting.told, &counting.lock);
    (void)pthread_mutex_unlock(&counting.lock);
}

struct tally {
    double last;
    int64_t rows;
    char facts[2048];
    char notes[256];
};

static int see_row(void *ctx, const struct series *s, const struct telemetry_row *row)
{
    struct tally *t = ctx;

    assert_string_equal(s->name, "count");
    assert_true(row->time_ns >= 0);
    t->last = row->value;
    t->rows++;
    return 0;
}

static int see_fact(void *ctx, const struct fact *f)
{
    struct tally *t = ctx;
    size_t n = strlen(t->facts);

    (void)snprintf(t->facts + n, sizeof t->facts - n, "%s.%s=%s (%s)\n", f->scope, f->name,
                   f->value ? f->value : "?", f->source);
    return 0;
}

static int see_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    struct tally *t = ctx;

    assert_true(time_ns >= 0);
    (void)snprintf(t->notes, sizeof t->notes, "%s: %s", kind, text);
    return 0;
}

static int see_dispatch(void *ctx, const struct dispatch_row *d)
{
    assert_string_equal(d->library, "lib.so");
    ++*(int *)ctx;
    return 0;
}

static void check_evidence(const char *path)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct tally t = {0};
    struct err err = {0};
    int dispatched = 0;

    assert_int_equal(evidence_open(&e, path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(evidence_each_telemetry(e, EVIDENCE_ALL_SERIES, see_row, &t, &err), 0);
    assert_int_equal(t.rows, counting.samples); /* none is lost, none is there twice */
    assert_int_equal((int)t.last, counting.samples);
    assert_int_equal(evidence_each_fact(e, see_fact, &t, &err), 0);
    assert_non_null(strstr(t.facts, "probe.failing=? (Cannot allocate memory)"));
    assert_non_null(strstr(t.facts, "probe.counts.samples="));
    assert_int_equal(evidence_each_note(e, see_note, &t, &err), 0);
    assert_string_equal(t.notes, "changed: from this to that");
    assert_int_equal(evidence_each_dispatch(e, see_dispatch, &dispatched, &err), 0);
    assert_int_equal(dispatched, 1);
    assert_string_equal(evidence_meta(e, "telemetry_lost"), "0");
}

static void what_probes_put_arrives_whoever_else_fails(void **state)
{
    AUTO(fact_list_release) struct fact_list early = {0};
    const struct probes_setup setup = {
        .sources = sources, .probe = {.root = "", .period_ns = NS_PER_MS}, .facts = &early};
    const struct aside off = {0};
    struct probes *p = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(probes_open(&p, &setup, &err), 0);
    assert_string_equal(fact_list_latest(&early, "host", "early")->value, "yes");
    assert_string_equal(fact_list_latest(&early, "probe", "broken")->source, "nobody may look");
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    assert_int_equal(probes_start(p, SCENE_ANCHOR, &off, &err), 0);
    await_samples(3);
    assert_int_equal(probes_drain(p, s.store, &err), 0);
    probes_phase(p, clock_mono_ns() + 2 * NS_PER_MS, "trial %d", 0);
    await_phase("trial 0");
    probes_phase(p, clock_mono_ns() + 3600 * NS_PER_S,
                 "between"); /* told at the end, all the same */
    await_samples(5);
    assert_int_equal(probes_finish(p, s.store, &err), 0);
    assert_string_equal(counting.phases, "start;trial 0;between;end;");
    probes_close(p);
    assert_int_equal(counting.closed, 1);
    put_sample(store_ring(s.store, 0), 0);
    scene_finish(&s);
    check_evidence(s.path);
    scene_remove(&s);
}

static void what_finds_no_room_is_counted(void **state)
{
    AUTO(fact_list_release) struct fact_list early = {0};
    AUTO(feed_free) struct feed *f = NULL;
    const struct series series = {"host", "count", "1", "test", KNOWN_MEASURED};
    struct probe_out out;
    struct scene s = {0};
    struct err err = {0};
    uint32_t id;

    (void)state;
    assert_int_equal(feed_new(&f, &early, &err), 0);
    out = feed_out(f);
    assert_int_equal(out.series.declare(out.series.ctx, &id, &series), 0);
    for (int i = 0; i < FEED_ROWS + 3; i++)
        out.series.put(out.series.ctx, id, SCENE_ANCHOR + i, i);
    out.series.put(out.series.ctx, id, SCENE_ANCHOR, (double)__builtin_nan(""));
    assert_int_equal(feed_lost(f), FEED_ROWS + 4); /* nothing is written yet */
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    feed_begin(f, SCENE_ANCHOR);
    assert_int_equal(feed_drain(f, s.store, &err), 0);
    assert_int_equal(feed_lost(f), 4);
    out.series.put(out.series.ctx, id, SCENE_ANCHOR, 1); /* waits for a drain that never comes */
    assert_int_equal(feed_lost(f), 5);
    scene_remove(&s);
}

static void without_probes_nothing_happens(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(probes_start(NULL, 0, NULL, &err), 0);
    probes_phase(NULL, 0, "trial 0");
    assert_int_equal(probes_drain(NULL, NULL, &err), 0);
    assert_int_equal(probes_finish(NULL, NULL, &err), 0);
    probes_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_probes_put_arrives_whoever_else_fails),
        cmocka_unit_test(what_finds_no_room_is_counted),
        cmocka_unit_test(without_probes_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
