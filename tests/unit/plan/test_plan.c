/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"
#include "plan/keys.h"
#include "plan/metric_names.h"
#include "base/fs.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include <math.h>

static const char minimal[] = "asrun: 1\n"
                              "workload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
                              "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n"
                              "load: {arrivals: constant, rate: 4/s, duration: 60s}\n";

static struct plan *parsed(const char *text)
{
    struct plan *p = NULL;
    struct err err = {0};

    if (plan_parse(&p, text, "plan.yaml", NULL, 0, &err) < 0)
        fail_msg("%s", err.text);
    return p;
}

static void refused(const char *text, const struct plan_override *o, size_t n, const char *words)
{
    struct plan *p = (struct plan *)&refused;
    struct err err = {0};

    assert_int_equal(plan_parse(&p, text, "plan.yaml", o, n, &err), -EINVAL);
    if (!strstr(err.text, words))
        fail_msg("expected '%s', got '%s'", words, err.text);
    assert_ptr_equal(p, &refused); /* untouched */
}

static void fills_the_struct_with_what_is_said_and_defaults(void **state)
{
    AUTO(plan_free) struct plan *p = parsed(minimal);

    (void)state;
    assert_string_equal(p->target.url, "http://127.0.0.1:8080/v1");
    assert_string_equal(p->target.model, "default");
    assert_string_equal(p->question, "");
    assert_int_equal(p->fixed_input, 32);
    assert_int_equal(p->load.arrivals, ARRIVALS_CONSTANT);
    assert_close(p->load.rate_per_s, 4, 0);
    assert_int_equal(p->load.duration_ns, 60 * NS_PER_S);
    assert_int_equal(p->load.timeout_ns, 120 * NS_PER_S);
    assert_int_equal(p->load.max_in_flight, 1024);
    assert_true(p->target.stream && p->exclude.drain);
    assert_int_equal(p->target.ignore_eos, TRI_AUTO);
    assert_int_equal(p->exclude.warm_up, WARM_UP_DURATION);
    assert_int_equal(p->exclude.warm_up_ns, 30 * NS_PER_S);
    assert_int_equal(p->trials.count, 1);
    assert_int_equal(p->regime, REGIME_UNSTATED);
    assert_int_equal(p->good_count, 0);
    assert_int_equal(p->seed, 1);
}

static void reads_limits_in_the_unit_of_their_metric(void **state)
{
    static const char text[] =
        "good:\n"
        "  - {metric: ttft.content.due@1, percentile: 99, at_most: 500ms}\n"
        "  - {metric: slo_attainment@1, at_least: 95%, slo: {latency.due@1: 1.5s}}\n"
        "  - {metric: throughput.requests@1, at_least: 30/m}\n"
        "  - {metric: errors.share@1, at_most: 0}\n";
    char all[1024];
    AUTO(plan_free) struct plan *p = NULL;

    (void)state;
    (void)snprintf(all, sizeof all, "%s%s", minimal, text);
    p = parsed(all);
    assert_int_equal(p->good_count, 4);
    assert_close(p->good[0].percentile, 99, 0);
    assert_true(p->good[0].has_at_most && !p->good[0].has_at_least);
    assert_close(p->good[0].at_most, 0.5, 1e-12);
    assert_true(isnan(p->good[1].percentile));
    assert_close(p->good[1].at_least, 0.95, 1e-12);
    assert_string_equal(p->good[1].slo[0].metric, "latency.due@1");
    assert_int_equal(p->good[1].slo[0].at_most_ns, 1500 * NS_PER_MS);
    assert_close(p->good[2].at_least, 0.5, 1e-12);
    assert_true(p->good[3].has_at_most);
    assert_close(p->good[3].at_most, 0, 0);
}

static void the_effective_plan_gives_itself_again(void **state)
{
    static const char *const files[] = {"constant", "full",   "closed",
                                        "as-json",  "replay", "learned"};
    const char *source = getenv("SOURCE");

    (void)state;
    if (!source)
        skip();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        AUTO(plan_free) struct plan *p = NULL, *again = NULL, *shown = NULL;
        AUTO(free) char *yaml = NULL;
        struct err err = {0};
        char path[512];

        (void)snprintf(path, sizeof path, "%s/tests/vectors/plans/%s.yaml", source, files[i]);
        assert_int_equal(plan_load(&p, path, NULL, 0, &err), 0);
        assert_int_equal(plan_parse(&again, p->effective, "effective", NULL, 0, &err), 0);
        assert_string_equal(p->effective, again->effective);
        assert_true(digest_equal(&p->digest, &again->digest));
        yaml = plan_show(p);
        assert_non_null(yaml);
        assert_int_equal(plan_parse(&shown, yaml, "shown", NULL, 0, &err), 0);
        assert_string_equal(p->effective, shown->effective);
    }
}

static void an_effective_plan_needs_no_profile_file(void **state)
{
    AUTO(plan_free)
    struct plan *p = parsed(
        "asrun: 1\n"
        "workload:\n"
        "  profile: /no/such/profile.jsonl\n"
        "  profile_digest: 00000000000000000000000000000000000000000000000000000000000000ff\n"
        "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n"
        "load: {arrivals: replay}\n");
    struct profile profile = {0};
    struct err err = {0};

    (void)state;
    assert_string_equal(p->profile, "/no/such/profile.jsonl");
    assert_true(plan_profile(&profile, p, &err) < 0); /* but executing it does */
    assert_non_null(strstr(err.text, "/no/such/profile.jsonl"));
}

static void flags_set_keys_over_the_file(void **state)
{
    const struct plan_override o[] = {
        {"load.rate", "8/s"},           {"declare.gpu.name", "H100: 80 GB"},
        {"assume", "[idle, \"a: b\"]"}, {"load.rate", "9/s"},
        {"target.name", "null"},        {"workload.fixed", "{input_tokens: 64, output_tokens: 1}"},
    };
    AUTO(plan_free) struct plan *p = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(plan_parse(&p, minimal, "plan.yaml", o, COUNT_OF(o), &err), 0);
    assert_close(p->load.rate_per_s, 9, 0);
    assert_int_equal(p->declare_count, 1);
    assert_string_equal(p->declare[0].key, "gpu.name");
    assert_string_equal(p->declare[0].value, "H100: 80 GB");
    assert_int_equal(p->assume_count, 2);
    assert_string_equal(p->assume[1], "a: b");
    assert_string_equal(p->target.name, "");
    assert_int_equal(p->fixed_input, 64);
}

static void errors_name_the_place_the_key_and_what_is_right(void **state)
{
    const struct plan_override bad[] = {{"load.rate", "fast"}}, odd[] = {{"load..rate", "1/s"}};
    const struct plan_override list[] = {{"assume", "[1, [2]]"}}, broken[] = {{"assume", "[1"}};

    (void)state;
    refused(minimal, bad, 1, "command line: load.rate: 'fast' does not fit; it takes a rate");
    refused(minimal, odd, 1, "command line: load.: is not a key");
    refused(minimal, list, 1, "command line: assume[1]: must be one value");
    refused(minimal, broken, 1, "command line:1: ");
    refused("asrun: 1\nseed: x\n", NULL, 0, "plan.yaml:2: seed: 'x' is not a seed");
    refused("asrun: 1\n\n\nsed: 1\n", NULL, 0,
            "plan.yaml:4: sed: is not a key; did you mean seed?");
    refused("", NULL, 0, "plan.yaml:1: asrun: is missing");
}

static void splits_flags_in_place(void **state)
{
    char flag[] = "--load.rate=4/s", empty[] = "--question=", plain[] = "--json", arg[] = "a=b";
    struct plan_override o = {0};

    (void)state;
    assert_int_equal(plan_flag(&o, flag), 1);
    assert_string_equal(o.key, "load.rate");
    assert_string_equal(o.value, "4/s");
    assert_int_equal(plan_flag(&o, empty), 1);
    assert_string_equal(o.value, "");
    assert_int_equal(plan_flag(&o, plain), 0);
    assert_int_equal(plan_flag(&o, arg), 0);
}

static void secrets_come_from_their_place(void **state)
{
    AUTO(free) char *value = NULL;
    char path[] = "/tmp/asrun-secret-XXXXXX";
    char ref[64];
    struct err err = {0};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    fd_close(fd);
    (void)snprintf(ref, sizeof ref, "file:%s", path);
    assert_int_equal(plan_secret(&value, ref, &err), -EINVAL); /* empty */
    assert_int_equal(fs_write(path, "s3cret\n", 7, &err), 0);
    assert_int_equal(plan_secret(&value, ref, &err), 0);
    assert_string_equal(value, "s3cret");
    (void)remove(path);
    assert_int_equal(setenv("ASRUN_TEST_SECRET", "tok", 1), 0);
    free(TAKE(value));
    assert_int_equal(plan_secret(&value, "env:ASRUN_TEST_SECRET", &err), 0);
    assert_string_equal(value, "tok");
    free(TAKE(value));
    assert_int_equal(plan_secret(&value, "env:ASRUN_TEST_NO_SUCH", &err), -EINVAL);
    assert_int_equal(plan_secret(&value, "hunter2", &err), -EINVAL);
    assert_null(strstr(err.text, "hunter2"));
    assert_null(value);
}

static void names_near_misses(void **state)
{
    (void)state;
    assert_int_equal(text_distance("rate", "rate", 3), 0);
    assert_int_equal(text_distance("rate", "raet", 3), 1);
    assert_int_equal(text_distance("rate", "rat", 3), 1);
    assert_int_equal(text_distance("rate", "zebra", 2), 3);
    assert_int_equal(text_distance("", "abc", 9), 3);
}

static void every_key_and_metric_is_well_formed(void **state)
{
    const struct key *k;
    const struct metric_name *m;

    (void)state;
    for (size_t i = 0; (k = key_at(i)); i++) {
        assert_ptr_equal(key_find(k->name), k);
        assert_int_equal(key_index(k), i);
        assert_non_null(key_takes(k));
        assert_true(strlen(k->help) > 0);
        assert_false(key_is_group(k->name));
        assert_true(k->min <= k->max);
    }
    for (size_t i = 0; (m = metric_name_at(i)); i++)
        assert_ptr_equal(metric_name_find(m->id), m);
    assert_null(metric_name_find("ttft"));
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 2000; nth++) {
        AUTO(plan_free) struct plan *p = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = plan_parse(&p, minimal, "plan.yaml", NULL, 0, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, p != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_struct_with_what_is_said_and_defaults),
        cmocka_unit_test(reads_limits_in_the_unit_of_their_metric),
        cmocka_unit_test(the_effective_plan_gives_itself_again),
        cmocka_unit_test(an_effective_plan_needs_no_profile_file),
        cmocka_unit_test(flags_set_keys_over_the_file),
        cmocka_unit_test(errors_name_the_place_the_key_and_what_is_right),
        cmocka_unit_test(splits_flags_in_place),
        cmocka_unit_test(secrets_come_from_their_place),
        cmocka_unit_test(names_near_misses),
        cmocka_unit_test(every_key_and_metric_is_well_formed),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
