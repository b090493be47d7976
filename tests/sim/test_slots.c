/* SPDX-License-Identifier: Apache-2.0 */
/* A closed loop whose slots change, on virtual time. */
#include "sim/scene.h"

#define START(s) ((s)->config.start_ns)
#define MS NS_PER_MS

/* Requests that are due and not ended at @ms after the start. */
static int out_at(const struct scene *s, int64_t ms)
{
    int64_t at = START(s) + ms * MS;
    int n = 0;

    for (uint32_t i = 0; i < s->config.count; i++) {
        int64_t due = scene_point(s, i, POINT_DUE);

        n += due != TIME_NONE && due <= at && scene_point(s, i, POINT_END) > at;
    }
    return n;
}

/* How many began at exactly @ms: when a slot opened, not when one came free. */
static int opened_at(const struct scene *s, int64_t ms)
{
    int n = 0;

    for (uint32_t i = 0; i < s->config.count; i++)
        n += scene_point(s, i, POINT_DUE) == START(s) + ms * MS;
    return n;
}

static void answer_in_40_ms(struct twin *t, int fd, int nth)
{
    (void)nth;
    twin_send(t, fd, 40 * MS, TWIN_DATA, JSON_ANSWER);
}

static struct scene *staged(size_t count, const struct slot_step *steps, size_t n)
{
    struct scene *s = scene_new(count, 0);

    s->twin->request = answer_in_40_ms;
    s->config.slot_steps = steps;
    s->config.slot_step_count = n;
    for (size_t i = 0; i < n; i++)
        if (steps[i].slots > s->config.concurrency)
            s->config.concurrency = steps[i].slots;
    return s;
}

static void slots_open_and_close_when_they_should(void **state)
{
    static const struct slot_step steps[] = {
        {0, 2}, {500 * MS, 5}, {1000 * MS, 1}, {1500 * MS, 0}, {2000 * MS, 3}};
    AUTO(scene_free) struct scene *s = staged(400, steps, COUNT_OF(steps));

    (void)state;
    s->config.duration_ns = 2500 * MS;
    scene_run(s);
    assert_int_equal(opened_at(s, 0), 2);
    assert_int_equal(opened_at(s, 500), 3);
    assert_int_equal(opened_at(s, 1000), 0);
    assert_int_equal(opened_at(s, 2000), 3);
    for (int64_t ms = 1; ms < 2500; ms += 7) {
        int want = ms < 500 ? 2 : ms < 1000 ? 5 : ms < 1500 ? 1 : ms < 2000 ? 0 : 3;
        int before = ms < 1000 ? 0 : ms < 1045 ? 5 : ms < 1500 ? 0 : ms < 1545 ? 1 : 0;

        assert_in_range(out_at(s, ms), want, want > before ? want : before);
    }
    for (uint32_t i = 0; i < s->report.started; i++) /* nothing is cut off */
        assert_int_equal(scene_outcome(s, i), OUTCOME_OK);
    assert_in_range(s->report.end_ns - START(s), 2500 * MS, 2650 * MS);
}

/* More slots than items, and a trial that ends by its items. */
static void there_are_never_more_slots_than_items(void **state)
{
    static const struct slot_step steps[] = {{0, 1}, {100 * MS, 50}};
    AUTO(scene_free) struct scene *s = staged(6, steps, COUNT_OF(steps));

    (void)state;
    s->config.concurrency = 6; /* as load_run() does */
    scene_run(s);
    assert_int_equal(s->report.ended, 6);
    assert_int_equal(opened_at(s, 100), 3);
}

/* The second of two threads has the smaller half. */
static void threads_share_the_slots(void **state)
{
    static const struct slot_step steps[] = {{0, 3}, {300 * MS, 8}, {600 * MS, 1}};
    AUTO(scene_free) struct scene *s = staged(200, steps, COUNT_OF(steps));

    (void)state;
    s->config.concurrency = 4;
    s->config.duration_ns = NS_PER_S;
    s->thread = 1;
    s->threads = 2;
    scene_run(s);
    assert_int_equal(out_at(s, 150), 1);
    assert_int_equal(out_at(s, 450), 4);
    assert_int_equal(out_at(s, 800), 0);
}

static void a_resting_slot_closes_too(void **state)
{
    static const struct slot_step steps[] = {{0, 4}, {100 * MS, 1}};
    AUTO(scene_free) struct scene *s = staged(40, steps, COUNT_OF(steps));

    (void)state;
    for (size_t i = 0; i < 40; i++)
        s->items[i].think_ns = 200 * MS;
    s->config.duration_ns = 1000 * MS;
    scene_run(s);
    assert_int_equal(s->report.started, 4 + 4); /* four at 0; one each at 240, 480, 720, 960 ms */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_open_and_close_when_they_should),
        cmocka_unit_test(there_are_never_more_slots_than_items),
        cmocka_unit_test(threads_share_the_slots),
        cmocka_unit_test(a_resting_slot_closes_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
