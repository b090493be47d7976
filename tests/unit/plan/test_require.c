/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/require.h"
#include "harness/unit.h"

static void versions_go_by_numbers(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"550", "550", 0},           {"550.54.15", "550", 1},      {"0.9", "0.10", -1},
        {"v0.11.0", "0.11", 0},      {"0.11.0rc1", "0.11.0", -1},  {"0.11.0rc1", "0.11.0rc2", -1},
        {"0.11.0.dev3", "0.11", -1}, {"2.7.0+cu128", "2.7.0", 0},  {"b6765-3f2a91c", "6765", 0},
        {"1.0.0-rc1", "1.0.0", -1},  {"6.1.0-28-amd64", "6.1", 0}, {"12.4", "12.10", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (require_version_compare(cases[i].a, cases[i].b) != cases[i].order)
            fail_msg("%s against %s", cases[i].a, cases[i].b);
        assert_int_equal(require_version_compare(cases[i].b, cases[i].a), -cases[i].order);
    }
}

static void each_kind_of_wish_holds_or_not(void **state)
{
    static const struct {
        const char *wanted, *value, *unit;
        bool precision;
        int holds;
    } cases[] = {
        {"performance", "Performance", "", false, 1},
        {"performance", "powersave", "", false, 0},
        {"NVIDIA H100*", "NVIDIA H100 80GB HBM3", "", false, 1},
        {"NVIDIA H100*", "NVIDIA A100-SXM4-80GB", "", false, 0},
        {"0.11.*", "0.11.2", "", false, 1},
        {"0.11.*", "0.11", "", false, 1},
        {"0.11.*", "0.110.2", "", false, 0},
        {">=550", "550.54.15", "", false, 1},
        {">=550", "535.1", "", false, 0},
        {">=550, <560", "550.54.15", "", false, 1},
        {">=550 <560", "565.1", "", false, 0},
        {"!=0.11.1", "0.11.1", "", false, 0},
        {"== 0.11.1", "0.11.1", "", false, 1},
        {">=550", "none", "", false, -1},
        {">=64Gi", "68719476736", "bytes", false, 1},
        {">=64Gi", "68719476735", "bytes", false, 0},
        {"8", "8", "cpus", false, 1},
        {"0.5", "0.50", "1", false, 1},
        {"bf16", "torch.bfloat16", "", true, 1},
        {"BFLOAT16", "bf16", "", true, 1},
        {"fp16", "F16", "", true, 1},
        {"bf16", "fp16", "", true, 0},
        {"bf16", "bfloat16", "", false, 0},
        {"Q4_0", "q4_0", "", true, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (require_holds(cases[i].wanted, cases[i].value, cases[i].unit, cases[i].precision) !=
            cases[i].holds)
            fail_msg("%s of %s", cases[i].wanted, cases[i].value);
}

#define FACT(s, n, v, k)                                                                           \
    {                                                                                              \
        s, n, v, "", "a source", k, TIME_NONE                                                      \
    }

static struct require_found find(const char *key, const char *wanted, const struct fact *facts,
                                 size_t n, bool here)
{
    const char *const list[] = {wanted};
    const struct plan_require q = {key, list, 1};

    return require_find(&q, facts, n, here);
}

static void a_word_does_not_outweigh_an_observation(void **state)
{
    const struct fact facts[] = {
        FACT("declared", "precision", "bf16", KNOWN_DECLARED),
        FACT("target", "dtype", "float16", KNOWN_REPORTED),
        FACT("model", "precision", "Q4_0", KNOWN_MEASURED),
    };
    struct require_found f = find("precision", "q4_0", facts, 3, true);

    (void)state;
    assert_int_equal(f.outcome, REQUIRE_MET);
    f = find("precision", "bf16", facts, 3, true);
    assert_int_equal(f.outcome, REQUIRE_VIOLATED);
    assert_string_equal(f.fact->scope, "model");
    f = find("precision", "fp16", facts, 2, true);
    assert_int_equal(f.outcome, REQUIRE_BY_WORD);
    assert_int_equal(f.fact->known, KNOWN_REPORTED);
    assert_int_equal(find("precision", "bf16", facts, 1, true).outcome, REQUIRE_BY_WORD);
}

static void all_of_one_name_must_hold(void **state)
{
    const struct fact facts[] = {
        FACT("gpu.0", "name", "NVIDIA H100 80GB", KNOWN_MEASURED),
        FACT("gpu.1", "name", "NVIDIA A100", KNOWN_MEASURED),
    };

    (void)state;
    assert_int_equal(find("gpu", "NVIDIA H100*", facts, 1, true).outcome, REQUIRE_MET);
    assert_int_equal(find("gpu", "NVIDIA H100*", facts, 2, true).outcome, REQUIRE_VIOLATED);
    assert_int_equal(find("gpu", "NVIDIA*", facts, 2, true).outcome, REQUIRE_MET);
}

/* The governor of the client is nothing to a target elsewhere. */
static void facts_of_another_host_do_not_count(void **state)
{
    const struct fact facts[] = {FACT("host", "cpu.governor", "performance", KNOWN_MEASURED)};
    struct require_found f = find("cpu.governor", "performance", facts, 1, false);

    (void)state;
    assert_int_equal(f.outcome, REQUIRE_UNKNOWN);
    assert_non_null(strstr(f.why, "not the target's"));
    assert_int_equal(find("cpu.governor", "performance", facts, 1, true).outcome, REQUIRE_MET);
    assert_int_equal(find("host.cpu.governor", "performance", facts, 1, false).outcome,
                     REQUIRE_MET);
}

static void what_is_absent_is_unknown_and_says_why(void **state)
{
    const struct fact facts[] = {FACT("host", "cpu.governor", NULL, KNOWN_UNKNOWN),
                                 FACT("target", "engine.version", "unversioned", KNOWN_REPORTED)};
    struct require_found f = find("cpu.governor", "performance", facts, 2, true);

    (void)state;
    assert_int_equal(f.outcome, REQUIRE_UNKNOWN);
    assert_ptr_equal(f.fact, &facts[0]);
    assert_null(find("driver", ">=550", facts, 2, true).fact);
    assert_int_equal(find("engine.version", ">=0.11", facts, 2, true).outcome, REQUIRE_UNKNOWN);
}

static void any_fact_can_be_named(void **state)
{
    const struct fact facts[] = {FACT("target", "cuda_graph.disabled", "false", KNOWN_REPORTED),
                                 FACT("require", "stack.x", "met", KNOWN_MEASURED)};

    (void)state;
    assert_int_equal(find("target.cuda_graph.disabled", "false", facts, 2, false).outcome,
                     REQUIRE_BY_WORD);
    assert_int_equal(find("cuda_graph.disabled", "true", facts, 2, false).outcome,
                     REQUIRE_VIOLATED);
    assert_int_equal(find("stack.x", "met", facts, 2, false).outcome, REQUIRE_UNKNOWN);
}

static void outcomes_have_names(void **state)
{
    enum require_outcome o = REQUIRE_MET;

    (void)state;
    for (enum require_outcome i = REQUIRE_MET; i <= REQUIRE_UNKNOWN; i++) {
        assert_int_equal(require_outcome_parse(&o, require_outcome_name(i)), 0);
        assert_int_equal(o, i);
    }
    assert_int_equal(require_outcome_parse(&o, "maybe"), -EINVAL);
}

static const char plan_text[] =
    "asrun: 1\n"
    "workload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
    "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n"
    "load: {arrivals: constant, rate: 4/s, duration: 60s}\n"
    "stack: {require: {precision: [bf16, fp16], engine.version: 0.11.*}}\n";

/* Read, overridden by a flag, written out, and read again. */
static void plans_carry_lists(void **state)
{
    const struct plan_override o[] = {{"system.require.driver", ">=550"},
                                      {"system.require.gpu", "[A100*, H100*]"},
                                      {"stack.on_violation", "go"}};
    AUTO(plan_free) struct plan *p = NULL, *again = NULL;
    struct err err = {0};

    (void)state;
    if (plan_parse(&p, plan_text, "plan.yaml", o, COUNT_OF(o), &err) < 0 ||
        plan_parse(&again, p->effective, "effective", NULL, 0, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(p->effective, again->effective);
    assert_int_equal(again->stack_require_count, 2);
    assert_int_equal(again->on_violation, ON_VIOLATION_GO);
    assert_string_equal(again->system_require[0].wanted[0], ">=550");
    assert_int_equal(again->system_require[1].count, 2);
    assert_string_equal(again->system_require[1].wanted[1], "H100*");
}

static void senseless_wishes_are_errors(void **state)
{
    static const char *const values[] = {"\"\"",   "[]",        "{a: b}",    "[a, [b]]",
                                         "\">=\"", "\">=new\"", "\">=1, 2\""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct plan *p = NULL;
        struct err err = {0};
        char text[600];

        (void)snprintf(text, sizeof text, "%.320ssystem: {require: {driver: %s}}\n", plan_text,
                       values[i]);
        if (plan_parse(&p, text, "plan.yaml", NULL, 0, &err) != -EINVAL)
            fail_msg("%s is taken", values[i]);
        assert_non_null(strstr(err.text, "system.require.driver"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_go_by_numbers),
        cmocka_unit_test(each_kind_of_wish_holds_or_not),
        cmocka_unit_test(a_word_does_not_outweigh_an_observation),
        cmocka_unit_test(all_of_one_name_must_hold),
        cmocka_unit_test(facts_of_another_host_do_not_count),
        cmocka_unit_test(what_is_absent_is_unknown_and_says_why),
        cmocka_unit_test(any_fact_can_be_named),
        cmocka_unit_test(outcomes_have_names),
        cmocka_unit_test(plans_carry_lists),
        cmocka_unit_test(senseless_wishes_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
