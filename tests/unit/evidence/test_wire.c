/* SPDX-License-Identifier: Apache-2.0 */
/* A run with the wire's series beside its own. */
#include "kill.h"

enum { ITEMS = 5, WIRE_RING = 1, LATE_NS = 4000 };

static void begin(struct scene *s)
{
    struct store_begin b = {.plan = "{\"asrun\":1}",
                            .anchor = {.mono_ns = SCENE_ANCHOR, .real_ns = 42, .width_ns = 1},
                            .scheduled = ITEMS,
                            .trials = 1,
                            .wire = true,
                            .asrun_version = "test"};
    struct err err = {0};

    assert_int_equal(store_create(&s->store, s->path, 2, 1024, &err), 0);
    assert_int_equal(store_begin(s->store, &b, &err), 0);
    assert_int_equal(store_trial_begin(s->store, 0, 0, 0, ITEMS, "none", &err), 0);
}

/* What the packets said of sample @i: everything LATE_NS later, the first @events events. */
static void put_wire(struct ring *r, uint32_t i, int events, enum outcome outcome)
{
    uint32_t id = ITEMS + i;

    put(r, id, REC_POINT, POINT_SENT, scene_due(i) + 2000 + LATE_NS, 0);
    for (int e = 0; e < events; e++)
        put(r, id, REC_EVENT, e == 0 ? EVENT_CHOICES : EVENT_CONTENT | EVENT_CHOICES,
            scene_event_ns(i, e) + LATE_NS, 180);
    put(r, id, REC_END, (int)outcome, scene_event_ns(i, SCENE_EVENTS) + LATE_NS, 200);
}

/* Sample 0 and 1 are whole on the wire, 2 lacks an event there, 3 its end, 4 everything. */
static void write_run(struct scene *s)
{
    struct ring *own = store_ring(s->store, 0), *wire = store_ring(s->store, WIRE_RING);

    for (uint32_t i = 0; i < ITEMS; i++)
        put_sample(own, i);
    put_wire(wire, 0, SCENE_EVENTS, OUTCOME_OK);
    put_wire(wire, 1, SCENE_EVENTS, OUTCOME_OK);
    put_wire(wire, 2, SCENE_EVENTS - 1, OUTCOME_OK);
    put_wire(wire, 3, SCENE_EVENTS, OUTCOME_INTERRUPTED);
}

struct seen {
    struct sample samples[ITEMS];
    size_t count;
    int events, pairs;
};

static int see_sample(void *ctx, const struct sample *s)
{
    struct seen *seen = ctx;

    assert_true(seen->count < ITEMS);
    seen->samples[seen->count++] = *s;
    return 0;
}

static int see_event(void *ctx, uint32_t sample, uint32_t index, const struct event *e)
{
    struct seen *seen = ctx;

    assert_in_range(sample, 0, 1);
    assert_int_equal(e->time_ns, (scene_event_ns(sample, (int)index) + LATE_NS) / 1000 * 1000);
    seen->events++;
    return 0;
}

static int see_pair(void *ctx, const struct event *own, const struct event *wire)
{
    struct seen *seen = ctx;

    assert_int_equal(wire->time_ns - own->time_ns, LATE_NS);
    seen->pairs++;
    return 0;
}

static void check_wire(struct evidence *e)
{
    struct seen seen = {0};
    struct err err = {0};
    int64_t good, missing;

    assert_true(evidence_has_wire(e));
    assert_int_equal(evidence_wire_missing(e, &good, &missing, &err), 0);
    assert_int_equal(good, ITEMS);
    assert_int_equal(missing, 3);
    assert_int_equal(evidence_each_pair(e, see_pair, &seen, &err), 0);
    assert_int_equal(seen.pairs, 2 * SCENE_EVENTS);
    assert_int_equal(evidence_use_wire(e, &err), 0);
    assert_int_equal(evidence_each_event(e, UINT32_MAX, see_event, &seen, &err), 0);
    assert_int_equal(seen.events, 2 * SCENE_EVENTS);
    assert_int_equal(evidence_each_sample(e, see_sample, &seen, &err), 0);
    assert_int_equal(seen.count, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct sample *s = &seen.samples[i];

        assert_int_equal(s->due_ns, scene_due(i)); /* the plan's, whoever stamps */
        assert_int_equal(s->kernel, i < 2);
        assert_int_equal(s->sent_ns, i < 2 ? scene_due(i) + 2000 + LATE_NS : TIME_NONE);
        assert_int_equal(s->first_content_ns == TIME_NONE, i >= 2);
        assert_int_equal(s->end_ns, scene_event_ns(i, SCENE_EVENTS) + (i < 2 ? LATE_NS : 0));
    }
}

static void the_wire_gives_what_it_has_wholly_and_nothing_else(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct store_live live;
    struct err err = {0};

    (void)state;
    scene_make(&s);
    begin(&s);
    write_run(&s);
    assert_int_equal(store_pump(s.store, 0, &err), 0);
    store_live(s.store, &live);
    assert_int_equal(live.started, ITEMS); /* of the run, not of its second series */
    assert_int_equal(live.ended, ITEMS);
    assert_int_equal(live.in_flight, 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(evidence_info(e)->samples, ITEMS);
    check_wire(e);
    scene_remove(&s);
}

static void die_in_between(struct scene *s)
{
    struct err err = {0};

    begin(s);
    write_run(s);
    put(store_ring(s->store, WIRE_RING), ITEMS + 4, REC_POINT, POINT_SENT, scene_due(4), 0);
    if (store_pump(s->store, 0, &err) < 0 || store_pump(s->store, 300 * NS_PER_MS, &err) < 0)
        _exit(CHILD_FAILED);
    put(store_ring(s->store, WIRE_RING), ITEMS + 4, REC_EVENT, EVENT_CONTENT, scene_due(4) + 9, 1);
    _exit(KILLED);
}

static void a_killed_run_keeps_its_wire(void **state)
{
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    assert_int_equal(in_child(die_in_between, &s, -1), KILLED);
    for (int round = 0; round < 2; round++) {
        AUTO(evidence_close) struct evidence *e = NULL;

        assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
        assert_string_equal(evidence_info(e)->state, "killed");
        assert_int_equal(evidence_info(e)->samples, ITEMS);
        check_wire(e);
    }
    scene_remove(&s);
}

static void what_was_not_watched_has_no_wire(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    put_sample(store_ring(s.store, 0), 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_false(evidence_has_wire(e));
    assert_int_equal(evidence_use_wire(e, &err), -ENODATA);
    assert_non_null(strstr(err.text, "load.witness"));
    scene_remove(&s);
}

/* As an asrun without this series would have left it. */
static void a_file_without_the_tables_is_recovered_and_read(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};
    sqlite3 *db = NULL;

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    put_sample(store_ring(s.store, 0), 0);
    store_close(TAKE(s.store));
    assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE wire_sample; DROP TABLE wire_part;"
                                  "ALTER TABLE chain DROP COLUMN wire_sample;"
                                  "ALTER TABLE chain DROP COLUMN wire_part",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_RECOVER, &err), 0);
    assert_int_equal(evidence_info(e)->samples, 1);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wire_gives_what_it_has_wholly_and_nothing_else),
        cmocka_unit_test(a_killed_run_keeps_its_wire),
        cmocka_unit_test(what_was_not_watched_has_no_wire),
        cmocka_unit_test(a_file_without_the_tables_is_recovered_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
