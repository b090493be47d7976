/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "stats/search.h"
#include <math.h>

static const struct search_rules rules = {
    .from = 1, .to = 100, .resolution = 0.05, .repeats = 2, .steps = 50};

/* Feeds answers of a target that meets loads up to @low, not those from @high on, and can't tell
 * between. Checks on the way that no load is beyond the bracket. */
static struct search run(const struct search_rules *r, double low, double high, bool longer)
{
    struct search s;

    search_init(&s, r);
    while (search_going(&s)) {
        assert_true(s.load >= r->from && s.load <= r->to);
        assert_false(s.load <= s.met || s.load >= s.not_met); /* false with NAN */
        search_feed(&s,
                    s.load <= low    ? SEARCH_MET
                    : s.load >= high ? SEARCH_NOT_MET
                                     : SEARCH_CANNOT_TELL,
                    longer);
    }
    return s;
}

static void brackets_a_plain_edge(void **state)
{
    (void)state;
    for (double edge = 1; edge < 99; edge *= 1.07) {
        struct search s = run(&rules, edge, edge + 1e-9, true);

        assert_int_equal(s.phase, SEARCH_DONE);
        assert_true(search_found(&s));
        assert_true(s.met <= edge && edge < s.not_met && s.not_met <= 1.05 * s.met);
        assert_true(s.step <= 14);
    }
}

static void never_more_than_doubles_what_was_met(void **state)
{
    struct search s;

    (void)state;
    search_init(&s, &rules);
    for (double load = 1; s.load <= 30; load *= 2) {
        assert_close(s.load, load, 1e-9);
        search_feed(&s, SEARCH_MET, true);
    }
    search_feed(&s, SEARCH_NOT_MET, true);
    assert_int_equal(s.phase, SEARCH_HALVES);
    assert_close(s.load, 22.63, 1e-9);
}

static void says_where_the_range_ends_first(void **state)
{
    struct search all = run(&rules, 1000, 1001, true), none = run(&rules, 0.5, 0.6, true);

    (void)state;
    assert_true(search_found(&all) && all.met == 100 && isnan(all.not_met));
    assert_true(search_found(&none) && none.not_met == 1 && isnan(none.met));
    assert_int_equal(none.step, 1);
}

static void leaves_what_cant_be_told_and_narrows_both_sides(void **state)
{
    struct search s = run(&rules, 20, 30, true);

    (void)state;
    assert_int_equal(s.phase, SEARCH_DONE);
    assert_false(search_found(&s));
    assert_true(s.met <= 20 && s.not_met >= 30);
    assert_true(s.unsure_from <= s.met * 1.05 && s.not_met <= s.unsure_to * 1.05);
}

static void repeats_only_where_longer_may_tell(void **state)
{
    struct search s;

    (void)state;
    search_init(&s, &rules);
    search_feed(&s, SEARCH_CANNOT_TELL, true);
    assert_true(s.phase == SEARCH_REPEATS && s.load == 1 && s.repeat == 1);
    search_feed(&s, SEARCH_CANNOT_TELL, false);
    assert_true(s.load == 2 && s.unsure_to == 1);
}

static void a_longer_trial_may_decide_all_the_same(void **state)
{
    struct search s;

    (void)state;
    search_init(&s, &rules);
    search_feed(&s, SEARCH_CANNOT_TELL, true);
    search_feed(&s, SEARCH_MET, true);
    assert_true(s.met == 1 && s.load == 2 && isnan(s.unsure_to));
    search_feed(&s, SEARCH_CANNOT_TELL, false);
    search_feed(&s, SEARCH_CANNOT_TELL, false); /* between 1 and 2 */
    assert_true(s.load < s.unsure_from && s.unsure_to == 2);
}

static void slots_are_whole(void **state)
{
    const struct search_rules slots = {
        .from = 1, .to = 100, .resolution = 0.01, .whole = true, .steps = 50};

    (void)state;
    for (int edge = 1; edge < 100; edge++) {
        struct search s = run(&slots, edge, edge + 1, true);

        assert_true(search_found(&s) && s.met == edge && s.not_met == edge + 1);
    }
}

static void stops_when_its_steps_are_spent(void **state)
{
    struct search_rules few = rules;
    struct search s;

    (void)state;
    few.steps = 3;
    s = run(&few, 50, 51, true);
    assert_true(s.phase == SEARCH_SPENT && s.step == 3 && !search_found(&s) && s.met == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brackets_a_plain_edge),
        cmocka_unit_test(never_more_than_doubles_what_was_met),
        cmocka_unit_test(says_where_the_range_ends_first),
        cmocka_unit_test(leaves_what_cant_be_told_and_narrows_both_sides),
        cmocka_unit_test(repeats_only_where_longer_may_tell),
        cmocka_unit_test(a_longer_trial_may_decide_all_the_same),
        cmocka_unit_test(slots_are_whole),
        cmocka_unit_test(stops_when_its_steps_are_spent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
