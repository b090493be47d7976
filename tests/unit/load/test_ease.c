/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ease.h"
#include "harness/unit.h"

#define WINDOW (100 * NS_PER_MS)

struct thread { /* a thread whose windows are all alike */
    struct ease ease;
    int64_t now_ns, cpu_ns;
};

static struct thread fresh(void)
{
    struct thread t = {.now_ns = NS_PER_S};

    ease_init(&t.ease, t.now_ns);
    assert_int_equal(ease_window(&t.ease, t.now_ns, 0, 0), EASE_STAY);
    return t;
}

/* One window in which the thread worked and polled for so long. */
static enum ease_step pass(struct thread *t, int64_t work_ms, int64_t spun_ms, double full)
{
    t->now_ns += WINDOW;
    t->cpu_ns += (work_ms + spun_ms) * NS_PER_MS;
    t->ease.spun_ns = spun_ms * NS_PER_MS;
    return ease_window(&t->ease, t->now_ns, t->cpu_ns, full);
}

static void an_idle_thread_may_poll_nine_tenths(void **state)
{
    struct thread t = fresh();

    (void)state;
    assert_int_equal(pass(&t, 0, 90, 0), EASE_STAY);
    assert_int_equal(t.ease.may_spin_ns, 90 * NS_PER_MS);
    assert_true(ease_may_spin(&t.ease));
    t.ease.spun_ns = 90 * NS_PER_MS;
    assert_false(ease_may_spin(&t.ease));
}

static void work_takes_twice_its_time_from_polling(void **state)
{
    struct thread t = fresh();

    (void)state;
    (void)pass(&t, 20, 30, 0);
    assert_int_equal(t.ease.may_spin_ns, 50 * NS_PER_MS);
    (void)pass(&t, 60, 0, 0);
    assert_int_equal(t.ease.may_spin_ns, 0);
}

static void a_busy_thread_gives_its_priority_up_and_takes_it_back_after_a_calm_second(void **state)
{
    struct thread t = fresh();

    (void)state;
    assert_int_equal(pass(&t, 92, 0, 0), EASE_STAY);
    assert_int_equal(pass(&t, 96, 0, 0), EASE_GIVE_UP);
    assert_int_equal(pass(&t, 96, 0, 0), EASE_STAY);
    for (int i = 0; i < 9; i++)
        assert_int_equal(pass(&t, 50, 0, 0), EASE_STAY);
    assert_int_equal(pass(&t, 90, 0, 0), EASE_STAY); /* the second begins anew */
    for (int i = 0; i < 9; i++)
        assert_int_equal(pass(&t, 50, 0, 0), EASE_STAY);
    assert_int_equal(pass(&t, 50, 0, 0), EASE_TAKE_BACK);
    assert_int_equal(t.ease.given_up, 21);
}

static void records_that_pile_up_cost_the_priority(void **state)
{
    struct thread t = fresh();

    (void)state;
    assert_int_equal(pass(&t, 30, 0, 0.2), EASE_STAY);
    assert_int_equal(pass(&t, 30, 0, 0.3), EASE_GIVE_UP);
    for (int i = 0; i < 20; i++)
        assert_int_equal(pass(&t, 30, 0, 0.1), EASE_STAY); /* not while they still wait */
}

static void unknown_cpu_time_changes_nothing(void **state)
{
    struct thread t = fresh();

    (void)state;
    t.ease.spun_ns = 0;
    assert_int_equal(ease_window(&t.ease, t.now_ns += WINDOW, -1, 0), EASE_STAY);
    assert_int_equal(t.ease.may_spin_ns, 90 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_thread_may_poll_nine_tenths),
        cmocka_unit_test(work_takes_twice_its_time_from_polling),
        cmocka_unit_test(a_busy_thread_gives_its_priority_up_and_takes_it_back_after_a_calm_second),
        cmocka_unit_test(records_that_pile_up_cost_the_priority),
        cmocka_unit_test(unknown_cpu_time_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
