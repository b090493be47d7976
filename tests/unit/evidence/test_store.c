/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault.h"
#include "kill.h"
#include <math.h>
#include <pthread.h>

struct seen {
    uint32_t samples, events;
    int64_t last_event_ns;
    struct sample last;
};

static int see_sample(void *ctx, const struct sample *s)
{
    struct seen *seen = ctx;

    assert_int_equal(s->id, seen->samples++);
    seen->last = *s;
    return 0;
}

static int see_event(void *ctx, uint32_t sample, uint32_t index, const struct event *e)
{
    struct seen *seen = ctx;

    assert_int_equal(index, seen->events % SCENE_EVENTS);
    assert_int_equal(sample, seen->events / SCENE_EVENTS);
    assert_int_equal(e->time_ns, scene_event_ns(sample, (int)index) / 1000 * 1000);
    assert_in_range(e->lag_us, 7, 8);
    assert_int_equal(e->bytes, 180 + (index & 1));
    assert_int_equal(e->flags, REC_KERNEL);
    seen->events++;
    return 0;
}

static void a_finished_run_gives_back_what_was_recorded(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct seen seen = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 2, 1024, 10);
    for (uint32_t i = 0; i < 10; i++) {
        put_sample(store_ring(s.store, (int)(i % 2)), i);
        assert_int_equal(store_pump(s.store, i * 100 * NS_PER_MS, &err), 0);
    }
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_string_equal(evidence_info(e)->state, "complete");
    assert_int_equal(evidence_info(e)->samples, 10);
    assert_int_equal(evidence_info(e)->lost_records, 0);
    assert_string_equal(evidence_plan(e), "{\"asrun\":1}");
    assert_string_equal(evidence_meta(e, "run_id"), "0badcafe");
    assert_int_equal(evidence_each_sample(e, see_sample, &seen, &err), 0);
    assert_int_equal(evidence_each_event(e, UINT32_MAX, see_event, &seen, &err), 0);
    assert_int_equal(seen.samples, 10);
    assert_int_equal(seen.events, 10 * SCENE_EVENTS);
    assert_int_equal(seen.last.due_ns, scene_due(9));
    assert_int_equal(seen.last.input_requested, 32);
    assert_int_equal(seen.last.output_requested, 100);
    assert_int_equal(seen.last.reuse_expected, 16);
    assert_int_equal(seen.last.output_reported, 7);
    assert_int_equal(seen.last.input_reported, COUNT_NONE);
    assert_int_equal(seen.last.connect_start_ns, TIME_NONE);
    assert_int_equal(seen.last.first_choice_ns, scene_event_ns(9, 0) / 1000 * 1000);
    assert_int_equal(seen.last.first_content_ns, scene_event_ns(9, 1) / 1000 * 1000);
    assert_int_equal(seen.last.kernel, 1);
    assert_false(scene_has(&s, "-spool") || scene_has(&s, "-wal"));
    scene_remove(&s);
}

static void evidence_is_never_overwritten(void **state)
{
    struct scene s = {0};
    struct store *second = NULL;
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    assert_int_equal(store_create(&second, s.path, 1, 64, &err), -EEXIST);
    assert_null(second);
    assert_non_null(strstr(err.text, "never overwritten"));
    assert_true(scene_has(&s, "-spool")); /* the first one's is untouched */
    assert_int_equal(store_meta(s.store, "run_id", "1", &err), -EEXIST);
    assert_int_equal(store_meta(s.store, "other", "1", &err), 0); /* and the store still works */
    scene_remove(&s);
}

static void an_empty_spool_without_evidence_is_replaced_and_a_full_one_kept(void **state)
{
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    store_close(TAKE(s.store));
    assert_int_equal(unlink(s.path), 0);
    scene_begin(&s, 1, 64, 1);
    put_step(store_ring(s.store, 0), 0, 0);
    store_close(TAKE(s.store));
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(store_create(&s.store, s.path, 1, 64, &err), -EEXIST);
    assert_non_null(strstr(err.text, "remove it"));
    assert_false(scene_has(&s, ""));
    scene_remove(&s);
}

static void a_spool_that_does_not_fit_states_its_size(void **state)
{
    struct scene s = {0};
    struct err err = {0};
    int r;

    (void)state;
    scene_make(&s);
    r = store_create(&s.store, s.path, 4, UINT64_C(1) << 44, &err);
    assert_true(r == -ENOSPC || r == -EFBIG);
    assert_null(s.store);
    assert_non_null(strstr(err.text, "needs 2251799813"));
    assert_false(scene_has(&s, "") || scene_has(&s, "-spool"));
    scene_remove(&s);
}

static void a_long_stream_is_packed_in_parts_and_its_ring_freed(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct seen seen = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 2);
    for (int step = 0; step < SCENE_RECORDS; step++) {
        put_step(store_ring(s.store, 0), 0, step);
        assert_int_equal(store_pump(s.store, step * 500 * NS_PER_MS, &err), 0);
        if (step > 2) /* what is older than a second is in the store */
            assert_in_range(ring_head(store_ring(s.store, 0)) - ring_tail(store_ring(s.store, 0)),
                            0, 2);
    }
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_each_event(e, 0, see_event, &seen, &err), 0);
    assert_int_equal(seen.events, SCENE_EVENTS);
    assert_int_equal(evidence_info(e)->samples, 1);
    scene_remove(&s);
}

static void a_ring_that_fills_is_drained_before_its_time(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 100);
    for (uint32_t i = 0; i < 100; i++) {
        put_sample(store_ring(s.store, 0), i); /* asserts that nothing is lost */
        assert_int_equal(store_pump(s.store, 0, &err), 0);
    }
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_info(e)->samples, 100);
    scene_remove(&s);
}

static void records_that_come_to_nothing_do_not_fill_the_ring(void **state)
{
    const struct rec rec = {.type = REC_READ, .sample = 77, .time_ns = SCENE_ANCHOR};
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    for (int i = 0; i < 1000; i++) {
        assert_true(ring_put(store_ring(s.store, 0), &rec));
        assert_int_equal(store_pump(s.store, 0, &err), 0);
    }
    scene_remove(&s);
}

static void lost_records_are_counted_and_noted(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    const struct rec rec = {.type = REC_READ, .time_ns = SCENE_ANCHOR, .sample = 0};
    struct scene s = {0};
    struct err err = {0};
    struct seen seen = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 100);
    for (int i = 0; i < 70; i++)
        (void)ring_put(store_ring(s.store, 0), &rec);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_info(e)->lost_records, 6);
    assert_int_equal(evidence_each_sample(e, see_sample, &seen, &err), 0);
    assert_int_equal(seen.last.outcome, OUTCOME_INTERRUPTED); /* no end was ever seen */
    scene_remove(&s);
}

static void a_full_disk_is_told_until_it_is_over_and_loses_nothing(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 256, 10);
    for (uint32_t i = 0; i < 10; i++) {
        put_sample(store_ring(s.store, 0), i);
        fail_at = i >= 2 && i < 7 ? 0 : -1;
        changes_seen = 0;
        assert_int_equal(store_pump(s.store, (i + 1) * NS_PER_S, &err) < 0, i >= 2 && i < 7);
        assert_int_equal(store_pump(s.store, (i + 1) * NS_PER_S, &err) < 0, i >= 2 && i < 7);
    }
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_info(e)->samples, 10);
    scene_remove(&s);
}

enum { THREADS = 2, EACH = 300 };

struct producer {
    struct ring *ring;
    uint32_t first;
    int done;
};

static void *produce(void *arg)
{
    struct producer *p = arg;

    for (uint32_t i = p->first; i < THREADS * EACH; i += THREADS)
        put_sample(p->ring, i);
    __atomic_store_n(&p->done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void threads_may_write_while_the_recorder_packs(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct producer p[THREADS] = {{.first = 0}, {.first = 1}};
    pthread_t thread[THREADS];
    struct scene s = {0};
    struct err err = {0};
    int64_t now = 0;

    (void)state;
    scene_make(&s);
    scene_begin(&s, THREADS, 8192, THREADS * EACH);
    for (int i = 0; i < THREADS; i++) {
        p[i].ring = store_ring(s.store, i);
        assert_int_equal(pthread_create(&thread[i], NULL, produce, &p[i]), 0);
    }
    while (!__atomic_load_n(&p[0].done, __ATOMIC_ACQUIRE) ||
           !__atomic_load_n(&p[1].done, __ATOMIC_ACQUIRE))
        assert_int_equal(store_pump(s.store, now += 50 * NS_PER_MS, &err), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_info(e)->samples, THREADS * EACH);
    assert_int_equal(evidence_info(e)->lost_records, 0);
    scene_remove(&s);
}

static void live_figures_follow_the_records(void **state)
{
    struct store_live live;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 256, 10);
    store_live(s.store, &live);
    assert_true(isnan(live.ttft_p50_ns));
    for (uint32_t i = 0; i < 5; i++)
        put_sample(store_ring(s.store, 0), i);
    put_step(store_ring(s.store, 0), 5, 0);
    assert_int_equal(store_pump(s.store, 0, &err), 0);
    store_live(s.store, &live);
    assert_int_equal(live.started, 6);
    assert_int_equal(live.ended, 5);
    assert_int_equal(live.ok, 5);
    assert_int_equal(live.in_flight, 1);
    assert_int_equal(live.output_events, 5 * (SCENE_EVENTS - 1));
    assert_close(live.ttft_p50_ns, 4000900.0, 80000.0);
    scene_remove(&s);
}

static int see_fact(void *ctx, const struct fact *f)
{
    int *n = ctx;

    assert_string_equal(f->scope, "host");
    if ((*n)++ == 0) {
        assert_string_equal(f->value, "12");
        assert_int_equal(f->known, KNOWN_MEASURED);
        assert_int_equal(f->time_ns, TIME_NONE);
    } else {
        assert_null(f->value);
        assert_int_equal(f->known, KNOWN_UNKNOWN);
        assert_string_equal(f->source, "no such file");
    }
    return 0;
}

static int see_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    int *n = ctx;

    ++*n;
    assert_int_equal(time_ns, 77);
    assert_string_equal(kind, "clock");
    assert_string_equal(text, "stepped, \"by\" 3 s");
    return 0;
}

static void facts_and_notes_come_back_in_order(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    const struct fact cores = {"host", "cpu.cores", "12", "", "/proc", KNOWN_MEASURED, TIME_NONE};
    const struct fact none = {"host", "gov", NULL, "", "no such file", KNOWN_UNKNOWN, TIME_NONE};
    struct scene s = {0};
    struct err err = {0};
    int facts = 0, notes = 0;

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    assert_int_equal(store_fact(s.store, &cores, &err), 0);
    assert_int_equal(store_note(s.store, 77, "clock", "stepped, \"by\" 3 s", &err), 0);
    assert_int_equal(store_fact(s.store, &none, &err), 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_each_fact(e, see_fact, &facts, &err), 0);
    assert_int_equal(evidence_each_note(e, see_note, &notes, &err), 0);
    assert_int_equal(facts, 2);
    assert_int_equal(notes, 1);
    scene_remove(&s);
}

static struct scene finished_run(void)
{
    struct scene s = {0};

    scene_make(&s);
    scene_begin(&s, 1, 256, 3);
    for (uint32_t i = 0; i < 3; i++)
        put_sample(store_ring(s.store, 0), i);
    scene_finish(&s);
    assert_int_equal(chmod(s.path, 0644), 0);
    return s;
}

/* Changes a finished file behind asrun's back; opening it must say so. */
static void check_tampered(const char *sql, const char *words)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = finished_run();
    struct err err = {0};
    sqlite3 *db;

    assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), -EBADMSG);
    assert_null(e);
    if (!strstr(err.text, words))
        fail_msg("%s: %s", sql, err.text);
    scene_remove(&s);
}

static void changed_content_is_found_at_open_and_named(void **state)
{
    (void)state;
    check_tampered("UPDATE sample SET first_content_ns = first_content_ns - 1000 WHERE id = 1",
                   "block 5 does not agree");
    check_tampered("UPDATE event_part SET blob = x'01e80700' WHERE sample = 2", "does not agree");
    check_tampered("UPDATE meta SET value = '{}' WHERE key = 'plan'", "block 1 does not agree");
    check_tampered("DELETE FROM sample WHERE id = 2", "rows of sample are missing");
    check_tampered("DELETE FROM sample; DELETE FROM event_part; DELETE FROM chain WHERE block > 4",
                   "outside every block");
    check_tampered("INSERT INTO note (time_ns, kind, text) VALUES (1, 'a', 'b')",
                   "outside every block");
    check_tampered("DELETE FROM chain WHERE block = 2", "block 2 is missing");
    check_tampered("UPDATE sample SET id = 3 WHERE id = 2", "never scheduled");
    check_tampered("DROP TABLE fact", "no such table");
    check_tampered("DROP TABLE second", "no such table");
    check_tampered("PRAGMA user_version = 2", "format 2");
    check_tampered("PRAGMA application_id = 2", "no asrun evidence");
}

static void what_is_no_evidence_is_refused(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};
    FILE *f;

    (void)state;
    scene_make(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), -ENOENT);
    assert_int_equal(evidence_open(&e, s.dir, EVIDENCE_RECOVER, &err), -EBADMSG);
    f = fopen(s.path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), -EBADMSG);
    f = fopen(s.path, "w");
    assert_non_null(f);
    for (int i = 0; i < 3000; i++)
        assert_true(fputs("no evidence ", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "no asrun evidence"));
    assert_null(e);
    scene_remove(&s);
}

static void creating_survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        struct scene s = {0};
        struct err err = {0};

        scene_make(&s);
        fault_alloc(nth);
        r = store_create(&s.store, s.path, 2, 64, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, s.store != NULL);
        assert_int_equal(scene_has(&s, ""), r == 0); /* and leaves nothing behind */
        assert_int_equal(scene_has(&s, "-spool"), r == 0);
        scene_remove(&s);
    }
    assert_int_equal(r, 0);
}

static void recording_survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct scene s = {0};
        struct err err = {0};

        scene_make(&s);
        scene_begin(&s, 1, 256, 4);
        for (uint32_t i = 0; i < 4; i++)
            put_sample(store_ring(s.store, 0), i);
        fault_alloc(nth);
        r = store_pump(s.store, 0, &err);
        if (r == 0)
            r = store_flush(s.store, &err);
        fault_alloc(-1);
        scene_finish(&s); /* what failed once is made up for */
        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
        assert_int_equal(evidence_info(e)->samples, 4);
        scene_remove(&s);
    }
    assert_int_equal(r, 0);
}

static void opening_survives_every_failed_allocation(void **state)
{
    struct scene s = finished_run();
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        AUTO(evidence_close) struct evidence *e = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = evidence_open(&e, s.path, EVIDENCE_RECOVER, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, e != NULL);
    }
    assert_int_equal(r, 0);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_run_gives_back_what_was_recorded),
        cmocka_unit_test(evidence_is_never_overwritten),
        cmocka_unit_test(an_empty_spool_without_evidence_is_replaced_and_a_full_one_kept),
        cmocka_unit_test(a_spool_that_does_not_fit_states_its_size),
        cmocka_unit_test(a_long_stream_is_packed_in_parts_and_its_ring_freed),
        cmocka_unit_test(a_ring_that_fills_is_drained_before_its_time),
        cmocka_unit_test(records_that_come_to_nothing_do_not_fill_the_ring),
        cmocka_unit_test(lost_records_are_counted_and_noted),
        cmocka_unit_test(a_full_disk_is_told_until_it_is_over_and_loses_nothing),
        cmocka_unit_test(threads_may_write_while_the_recorder_packs),
        cmocka_unit_test(live_figures_follow_the_records),
        cmocka_unit_test(facts_and_notes_come_back_in_order),
        cmocka_unit_test(changed_content_is_found_at_open_and_named),
        cmocka_unit_test(what_is_no_evidence_is_refused),
        cmocka_unit_test(creating_survives_every_failed_allocation),
        cmocka_unit_test(recording_survives_every_failed_allocation),
        cmocka_unit_test(opening_survives_every_failed_allocation),
    };

    hook_sqlite();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
