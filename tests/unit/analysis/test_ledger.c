/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

static void every_item_is_in_one_place(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});
    const struct ledger_row *l = &t.analysis->ledger.total;

    (void)state;
    assert_int_equal(t.result, 0);
    assert_int_equal(l->scheduled, 300);
    assert_int_equal(l->warm_up, 60); /* due in the first 5 s at 4/s, in each trial */
    assert_int_equal(l->counted, 240);
    assert_int_equal(l->outcomes[OUTCOME_OK], 240);
    assert_int_equal(t.analysis->ledger.trials[1].counted, 80);
    assert_true(ledger_balances(l));
}

static void a_count_of_requests_is_a_rule_too(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.yaml = STORY_UNASKED, .trials = 1});

    (void)state;
    assert_int_equal(t.analysis->ledger.total.warm_up, 20);
    assert_int_equal(t.analysis->ledger.total.counted, 80);
}

static void failures_are_counted_with_their_outcome(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.fail_every = 10});
    const struct ledger_row *l = &t.analysis->ledger.total;

    (void)state;
    assert_int_equal(l->counted, 240);
    assert_int_equal(l->outcomes[OUTCOME_RESET], 24);
    assert_int_equal(l->warm_up_failed, 6);
    assert_true(has_reason(&t, "24 of 240 counted requests did not succeed"));
}

/* What a run says of itself at its end. */
static bool takes_away(const struct told *t, const char *words)
{
    for (size_t i = 0; i < t->analysis->reason_count; i++)
        if (t->analysis->reasons[i].takes_away && strstr(t->analysis->reasons[i].text, words))
            return true;
    return false;
}

static void what_was_not_executed_has_a_reason(void **state)
{
    AUTO(told_release)
    struct told stopped = tell((struct story){
        .missing = 30, .state = "interrupted", .outcome = "interrupted", .unbegun = 100});
    AUTO(told_release)
    struct told killed = tell((struct story){.missing = 7, .state = "killed", .outcome = ""});
    AUTO(told_release) struct told lost = tell((struct story){.missing = 2, .lost_records = 40});

    (void)state;
    assert_int_equal(stopped.result, 0);
    assert_int_equal(stopped.analysis->ledger.total.not_executed[NOT_INTERRUPTED], 130);
    assert_int_equal(stopped.analysis->ledger.unbegun.scheduled, 100);
    assert_true(has_reason(&stopped, "interrupted"));
    assert_int_equal(killed.analysis->ledger.total.not_executed[NOT_KILLED], 7);
    assert_true(has_reason(&killed, "interrupted"));
    assert_int_equal(lost.analysis->ledger.total.not_executed[NOT_LOST], 2);
    assert_true(has_reason(&lost, "40 records were lost"));
    assert_true(takes_away(&lost, "nothing can be claimed"));
    assert_false(takes_away(&stopped, ""));
    assert_int_equal(lost.analysis->verdict, VERDICT_REFUSED);
}

static void what_comes_after_a_failure_has_its_own_reason(void **state)
{
    AUTO(told_release)
    struct told t = tell((struct story){.trials = 1, .missing = 12, .skipped = 12});
    AUTO(told_release)
    struct told both = tell(
        (struct story){.trials = 1, .missing = 12, .skipped = 5, .state = "killed", .outcome = ""});
    AUTO(told_release)
    struct told many = tell((struct story){.trials = 1, .missing = 12, .skipped = 13});
    AUTO(told_release)
    struct told few = tell((struct story){.trials = 1, .missing = 12, .skipped = 11});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_int_equal(t.analysis->ledger.total.not_executed[NOT_PREDECESSOR], 12);
    assert_true(ledger_balances(&t.analysis->ledger.total));
    assert_int_equal(both.analysis->ledger.total.not_executed[NOT_PREDECESSOR], 5);
    assert_int_equal(both.analysis->ledger.total.not_executed[NOT_KILLED], 7);
    assert_int_equal(many.result, -EBADMSG);
    assert_int_equal(few.result, -EBADMSG);
}

static void nothing_is_missing_without_a_reason(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){.missing = 1});

    (void)state;
    assert_int_equal(t.result, -EBADMSG);
    assert_non_null(strstr(t.err.text, "does not balance: 1 items of trial 3"));
}

static int add_twice(struct analysis *a, uint32_t id, uint32_t trial, struct err *err)
{
    struct sample s = {.id = id, .trial = trial};
    int r = analysis_add_sample(a, &s, err);

    return r == 0 ? analysis_add_sample(a, &s, err) : r;
}

static void contradictions_are_integrity_failures(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});
    const struct evidence_trial trial = {.count = 2, .outcome = "complete"};
    const struct analysis_input in = {
        .plan = t.plan, .trials = &trial, .trial_count = 1, .scheduled = 2, .state = "complete"};
    struct err err = {0};

    (void)state;
    for (uint32_t id = 0; id < 4; id++) {
        AUTO(analysis_free) struct analysis *a = NULL;
        int r;

        assert_int_equal(analysis_new(&a, &in, &err), 0);
        r = add_twice(a, id, id == 3, &err); /* twice, twice, no such item, no such trial */
        assert_int_equal(r, id < 2 ? 0 : -EBADMSG);
        if (r == 0)
            assert_int_equal(analysis_order(a, &err), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_in_one_place),
        cmocka_unit_test(a_count_of_requests_is_a_rule_too),
        cmocka_unit_test(failures_are_counted_with_their_outcome),
        cmocka_unit_test(what_was_not_executed_has_a_reason),
        cmocka_unit_test(what_comes_after_a_failure_has_its_own_reason),
        cmocka_unit_test(nothing_is_missing_without_a_reason),
        cmocka_unit_test(contradictions_are_integrity_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
