/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/diff.h"
#include "analysis/diff_parts.h"
#include "two.h"

static const char *result(const json_t *d)
{
    return json_string_value(json_object_get(d, "result"));
}

/* The entry of that name in differs, unknown or same; NULL: none. */
static const json_t *entry(const json_t *d, const char *list, const char *name)
{
    const json_t *o;
    size_t i;

    json_array_foreach(json_object_get(d, list), i,
                       o) if (strcmp(json_string_value(json_object_get(o, "name")), name) ==
                              0) return o;
    return NULL;
}

static void two_of_a_kind_are_the_same(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;

    (void)state;
    two_fact(&t, "target", "engine.name", "vLLM", "vLLM");
    two_fact(&t, "target", "engine.version", "0.11.0", "0.11.0");
    two_fact(&t, "engine.process", "pid", "7", "8");
    two_fact(&t, "host", "load.average", "1", "2");
    two_dispatch(&t, 500, 500);
    d = two_compare(&t);
    assert_string_equal(result(d), "same");
    assert_int_equal(json_array_size(json_object_get(d, "differs")), 0);
    assert_int_equal(json_array_size(json_object_get(d, "unknown")), 0);
    assert_non_null(entry(d, "same", "target.engine.version"));
    assert_int_equal(json_integer_value(json_object_get(d, "notCompared")), 3); /* and the URL */
}

static void the_most_telling_comes_first(void **state)
{
    static const char *const order[] = {"target.engine.version", "seed", "target.context.length",
                                        "host.cpu.model", "client.something"};
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;

    (void)state;
    t.plan[1] = "{\"asrun\":1,\"seed\":2,\"target\":{\"url\":\"http://b\"}}";
    two_fact(&t, "client", "something", "1", "2");
    two_fact(&t, "host", "cpu.model", "x", "y");
    two_fact(&t, "target", "context.length", "1", "2");
    two_fact(&t, "target", "engine.name", "vLLM", "vLLM");
    two_fact(&t, "target", "engine.version", "0.11.0", "0.11.1");
    d = two_compare(&t);
    assert_string_equal(result(d), "differs");
    assert_int_equal(json_array_size(json_object_get(d, "differs")), COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_string_equal(json_string_value(json_object_get(
                                json_array_get(json_object_get(d, "differs"), i), "name")),
                            order[i]);
}

static void unknowns_are_never_left_out(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;
    const json_t *o;

    (void)state;
    two_fact(&t, "target", "engine.name", "vLLM", "vLLM");
    two_fact(&t, "target", "engine.version", "0.11.0", NULL);
    two_fact(&t, "host", "cpu.governor", NULL, NULL);
    two_dispatch(&t, 500, 500);
    d = two_compare(&t);
    assert_string_equal(result(d), "cannot tell");
    o = entry(d, "unknown", "target.engine.version");
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "why")), "unknown in B: looked for");
    assert_true(json_is_null(json_object_get(o, "b")));
    o = entry(d, "unknown", "host.cpu.governor");
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "why")),
                        "unknown in A and B: looked for");
}

static void another_kernel_comes_first(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;
    const json_t *first;

    (void)state;
    two_fact(&t, "target", "engine.version", "0.11.0", "0.11.1");
    two_dispatch(&t, 1000, 100);
    d = two_compare(&t);
    assert_string_equal(result(d), "differs");
    first = json_array_get(json_object_get(d, "differs"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")),
                        "functions of the engine");
    assert_non_null(strstr(json_string_value(json_object_get(first, "why")), "90.0 %"));
    assert_non_null(entry(d, "differs", "libtwo.so"));
    assert_non_null(entry(d, "differs", "libtwo.so slow_kernel"));
    assert_null(entry(d, "differs", "libload.so"));
}

static void chance_is_no_difference(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;

    (void)state;
    two_dispatch(&t, 500, 520);
    d = two_compare(&t);
    assert_non_null(entry(d, "same", "functions of the engine"));
    assert_int_equal(json_array_size(json_object_get(d, "differs")), 0);
}

static void conditions_differ_beyond_their_spread(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;

    (void)state;
    two_series(&t, "cpu.share", 0.5, 0.501, 60);
    two_series(&t, "memory.pressure", 0.1, 0.3, 60);
    two_series(&t, "cpu.frequency", 2.1e9, 1.5e9, 60);
    two_series(&t, "short", 1, 9, 4);
    d = two_compare(&t);
    assert_non_null(entry(d, "same", "host.cpu.share"));
    assert_non_null(entry(d, "differs", "host.memory.pressure"));
    assert_non_null(entry(d, "unknown", "host.short"));
    assert_non_null(entry(d, "unknown", "functions of the engine"));
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(d, "differs"), 0), "name")),
                        "host.cpu.frequency");
}

static void ports_and_outcomes_are_no_differences(void **state)
{
    AUTO(two_release) struct two t = two_begin();
    AUTO(json_unref) json_t *d = NULL;

    (void)state;
    two_fact(&t, "engine", "arguments", "llama-server --port 57431 -np 4",
             "llama-server --port 8080 -np 4");
    two_fact(&t, "engine", "metrics.page", "http://127.0.0.1:57431/metrics",
             "http://127.0.0.1:44845/metrics");
    two_fact(&t, "engine", "slots", "57431", "44845");
    two_fact(&t, "engine", "ratio", "a:5", "a:6");
    two_fact_at(&t, NS_PER_S, "engine", "decode.time", "0.8", "0.9");
    two_fact_at(&t, NS_PER_S, "engine.library", "libx.so.sha256", "ab", "cd");
    d = two_compare(&t);
    assert_non_null(entry(d, "same", "engine.arguments"));
    assert_non_null(entry(d, "same", "engine.metrics.page"));
    assert_non_null(entry(d, "differs", "engine.slots"));
    assert_non_null(entry(d, "differs", "engine.ratio"));
    assert_non_null(entry(d, "differs", "engine.library.libx.so.sha256"));
    assert_null(entry(d, "differs", "engine.decode.time"));
}

static void facts_have_their_tier(void **state)
{
    (void)state;
    assert_int_equal(diff_fact_tier("engine.process.pid"), DIFF_IGNORED);
    assert_int_equal(diff_fact_tier("target.engine.version"), DIFF_ENGINE);
    assert_int_equal(diff_fact_tier("model.precision"), DIFF_ENGINE);
    assert_int_equal(diff_fact_tier("gpu.driver"), DIFF_ENGINE);
    assert_int_equal(diff_fact_tier("gpu.amd.driver"), DIFF_ENGINE);
    assert_int_equal(diff_fact_tier("gpu.0.name"), DIFF_SYSTEM);
    assert_int_equal(diff_fact_tier("host.kernel.release"), DIFF_SYSTEM);
    assert_int_equal(diff_fact_tier("target.requests.running_max"), DIFF_STACK);
    assert_int_equal(diff_fact_tier("something.else"), DIFF_INCIDENTAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_a_kind_are_the_same),
        cmocka_unit_test(the_most_telling_comes_first),
        cmocka_unit_test(unknowns_are_never_left_out),
        cmocka_unit_test(another_kernel_comes_first),
        cmocka_unit_test(chance_is_no_difference),
        cmocka_unit_test(conditions_differ_beyond_their_spread),
        cmocka_unit_test(ports_and_outcomes_are_no_differences),
        cmocka_unit_test(facts_have_their_tier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
