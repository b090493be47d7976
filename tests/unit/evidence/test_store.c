/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_run_gives_back_what_was_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
