/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/observed.h"
#include "../evidence/scene.h"
#include "story.h"

static void put_what(struct scene *s, const char *scope, const char *name, const char *value,
                     enum known known, int64_t time_ns, const char *source)
{
    const struct fact f = {scope, name, value, "", source, known, time_ns};
    struct err err = {0};

    assert_int_equal(store_fact(s->store, &f, &err), 0);
}

static void put_fact(struct scene *s, const char *scope, const char *name, const char *value,
                     enum known known, int64_t time_ns)
{
    put_what(s, scope, name, value, known, time_ns, "a source");
}

static void requirements_and_changes_are_read(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(observed_release) struct observed o = {0};
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    scene_make(&s);
    scene_begin(&s, 1, 64, 1);
    put_fact(&s, "require", "stack.precision", "met by word only", KNOWN_DECLARED, TIME_NONE);
    put_what(&s, "require", "system.cpu.governor", "met", KNOWN_MEASURED, TIME_NONE,
             "wants performance; host.cpu.governor is performance (measured: /sys)");
    put_what(&s, "require", "stack.engine", "met", KNOWN_MEASURED, TIME_NONE,
             "wants vLLM; target.engine.name is vLLM (measured: x)");
    put_fact(&s, "require", "system.gpu", NULL, KNOWN_UNKNOWN, TIME_NONE);
    put_fact(&s, "require", "system.tea", "brewing", KNOWN_MEASURED, TIME_NONE);
    put_fact(&s, "host", "cpu.governor", "performance", KNOWN_MEASURED, TIME_NONE);
    put_fact(&s, "host", "cpu.governor", "performance", KNOWN_MEASURED, NS_PER_S);
    put_fact(&s, "host", "cpu.governor", "powersave", KNOWN_MEASURED, 2 * NS_PER_S);
    put_fact(&s, "host", "cpu.governor", NULL, KNOWN_UNKNOWN, 3 * NS_PER_S);
    put_fact(&s, "engine.process", "pid", "7", KNOWN_MEASURED, TIME_NONE);
    put_fact(&s, "engine.process", "pid", "8", KNOWN_MEASURED, 4 * NS_PER_S);
    assert_int_equal(
        store_note(s.store, 4 * NS_PER_S, "changed", "engine.process pid: 7 to 8", &err), 0);
    assert_int_equal(store_note(s.store, 5 * NS_PER_S, "search", "no change", &err), 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(observed_read(&o, e, &err), 0);
    assert_int_equal(o.requirement_count, 4);
    assert_true(o.requirements[1].changed);
    assert_false(o.requirements[0].changed || o.requirements[2].changed);
    assert_int_equal(o.requirements[0].outcome, REQUIRE_BY_WORD);
    assert_int_equal(o.requirements[0].known, KNOWN_DECLARED);
    assert_int_equal(o.requirements[3].outcome, REQUIRE_UNKNOWN);
    assert_int_equal(o.change_count, 2);
    assert_string_equal(o.changes[0].text, "engine.process pid: 7 to 8");
    assert_string_equal(o.changes[1].text, "host.cpu.governor: from performance to powersave");
    assert_int_equal(o.changes[1].time_ns, 2 * NS_PER_S);
    scene_remove(&s);
}

static void put_step_meta(struct scene *s, uint32_t step)
{
    char key[32], value[256];
    struct err err = {0};

    (void)snprintf(key, sizeof key, "step_plan.%u", step);
    assert_int_equal(store_meta(s->store, key, "{\"asrun\":1}", &err), 0);
    (void)snprintf(key, sizeof key, "step.%u", step);
    (void)snprintf(value, sizeof value,
                   "{\"first\":%u,\"count\":1,\"first_trial\":%u,\"trials\":1,\"target\":0,"
                   "\"overrides\":{},\"why\":\"\",\"plan_digest\":\"aa\","
                   "\"schedule_digest\":\"bb\",\"prompts_digest\":\"cc\"}",
                   step, step);
    assert_int_equal(store_meta(s->store, key, value, &err), 0);
}

/* Two steps; the first is over after 2 s. */
static void make_steps(struct scene *s)
{
    struct err err = {0};

    scene_make(s);
    scene_begin(s, 1, 64, 2);
    put_step_meta(s, 0);
    put_step_meta(s, 1);
    put_fact(s, "host", "cpu.governor", "performance", KNOWN_MEASURED, TIME_NONE);
    put_fact(s, "host", "cpu.boost", "1", KNOWN_MEASURED, TIME_NONE);
    put_fact(s, "host", "cpu.governor", "powersave", KNOWN_MEASURED, NS_PER_S);
    assert_int_equal(store_note(s->store, NS_PER_S, "changed", "early", &err), 0);
    assert_int_equal(store_trial_end(s->store, 0, 2 * NS_PER_S, NS_PER_S, "complete", &err), 0);
    assert_int_equal(store_trial_begin(s->store, 1, 3 * NS_PER_S, 1, 1, "none", &err), 0);
    put_fact(s, "host", "cpu.boost", "0", KNOWN_MEASURED, 4 * NS_PER_S);
    assert_int_equal(store_note(s->store, 4 * NS_PER_S, "changed", "late", &err), 0);
    assert_int_equal(store_trial_end(s->store, 1, 5 * NS_PER_S, 4 * NS_PER_S, "complete", &err), 0);
    assert_int_equal(store_finish(s->store, "complete", &err), 0);
}

static size_t changes_of(struct evidence *e, uint32_t step)
{
    AUTO(observed_release) struct observed o = {0};
    struct err err = {0};

    evidence_select(e, step);
    assert_int_equal(observed_read(&o, e, &err), 0);
    return o.change_count;
}

static void what_changed_after_a_step_is_not_of_it(void **state)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct scene s = {0};
    struct err err = {0};

    (void)state;
    make_steps(&s);
    store_close(TAKE(s.store));
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(changes_of(e, 0), 2);
    assert_int_equal(changes_of(e, 1), 4); /* what was so before it qualifies it too */
    assert_int_equal(changes_of(e, EVIDENCE_WHOLE), 4);
    scene_remove(&s);
}

/* What was not seen to hold, and what changed, qualify the verdict; they do not refuse it. */
static void they_qualify_the_verdict(void **state)
{
    struct requirement q[] = {
        {"stack.precision", REQUIRE_BY_WORD, KNOWN_REPORTED, "w", true},
        {"system.kernel", REQUIRE_MET, KNOWN_MEASURED, "w", false},
        {"system.gpu", REQUIRE_UNKNOWN, KNOWN_UNKNOWN, "w", false},
        {"stack.engine", REQUIRE_VIOLATED, KNOWN_REPORTED, "w", false},
    };
    struct change c[] = {{2500 * NS_PER_MS, "host.cpu.governor: from performance to powersave"}};
    const struct observed seen = {
        .requirements = q, .requirement_count = 4, .changes = c, .change_count = 1};
    AUTO(told_release) struct told t = tell((struct story){.observed = &seen});

    (void)state;
    assert_int_equal(t.result, 0);
    assert_int_equal(t.analysis->verdict, VERDICT_SNAPSHOT);
    assert_true(has_reason(&t, "required, and met by word only: stack.precision (reported)"));
    assert_true(has_reason(&t, "required, but not known to hold: system.gpu"));
    assert_true(
        has_reason(&t, "the run went on although what it requires is violated: stack.engine"));
    assert_true(
        has_reason(&t, "changed 1 time during the run; first, after 2.5 s: host.cpu.governor"));
    assert_true(has_reason(&t, "required, and changed during the run: stack.precision"));
    assert_false(has_reason(&t, "system.kernel"));
    t.analysis->observed = (struct observed){0}; /* ours */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requirements_and_changes_are_read),
        cmocka_unit_test(what_changed_after_a_step_is_not_of_it),
        cmocka_unit_test(they_qualify_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
