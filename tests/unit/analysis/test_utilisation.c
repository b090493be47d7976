/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes and operations that follow from the times, where the times are planted. */
#include "plant.h"

#define MODEL                                                                                      \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 32, output_tokens: 11}}\n"                                   \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "exclude: {warm_up: none}\n"                                                                   \
    "load: {arrivals: constant, rate: 1/s, requests: 400}\n"
#define DECLARED MODEL "model: {parameters: 1e9, bytes_per_parameter: 2, kv_bytes_per_token: 1e6}\n"

/* 40 ms of prefill, then ten tokens 10 ms apart. */
#define TEN .slots = 64, .prefill_ns = 40 * NS_PER_MS, .gap_ns = 10 * NS_PER_MS

static bool near(double v, double want, double share)
{
    if (fabs(v - want) <= share * fabs(want))
        return true;
    fail_msg("%.6g, not %.6g", v, want);
    return false;
}

static void one_at_a_time_is_exact(void **state)
{
    AUTO(planted_release)
    struct planted t = run((struct plant){.yaml = DECLARED, TEN, .every_ns = NS_PER_S});
    const struct utilisation *u = &t.a->utilisation;
    /* of each token: all weights; the prompt, the first token, and those since */
    const double kv = (32 + (1 + 10) / 2.0) * 1e6;

    (void)state;
    assert_null(u->absent);
    assert_true(near(u->at_once, 1, 1e-9));
    assert_true(near(u->decode.seconds, 400 * 0.1, 0.01)); /* less the last, past the window */
    assert_true(near(u->decode.bytes.least, 100 * (2e9 + kv), 1e-3));
    assert_true(near(u->decode.bytes.most, 100 * (2e9 + kv), 1e-3));
    assert_true(near(u->decode.operations.least, 100 * 2e9, 1e-3));
    /* 32 tokens in 40 ms; the weights once in each */
    assert_true(near(u->prefill.operations.least, 32 / 0.04 * 2e9, 1e-3));
    assert_true(near(u->prefill.bytes.least, (2e9 + 32e6) / 0.04, 0.01));
    assert_true(isnan(u->prefill.bytes.most)); /* in how many chunks is not known */
}

static void two_together_share_a_step_or_do_not(void **state)
{
    /* Two always: one arrives every 50 ms and is in decode for 100 ms, 10 tokens. */
    AUTO(planted_release)
    struct planted t = run((struct plant){.yaml = DECLARED, TEN, .every_ns = 50 * NS_PER_MS});
    const struct utilisation *u = &t.a->utilisation;
    const double kv = 200 * (32 + (1 + 10) / 2.0) * 1e6;

    (void)state;
    assert_true(near(u->at_once, 2, 0.01));
    assert_true(near(u->decode.bytes.least, 100 * 2e9 + kv, 0.01)); /* 200 tokens in 100 steps */
    assert_true(near(u->decode.bytes.most, 200 * 2e9 + kv, 0.01));
    assert_true(near(u->decode.operations.most, 200 * 2e9, 0.01));
}

static void what_waits_in_a_queue_is_no_prefill(void **state)
{
    AUTO(planted_release)
    struct planted t = run((struct plant){.yaml = DECLARED,
                                          .slots = 1,
                                          .prefill_ns = 40 * NS_PER_MS,
                                          .gap_ns = 2 * NS_PER_MS,
                                          .every_ns = 59 * NS_PER_MS});
    const struct utilisation *u = &t.a->utilisation;

    (void)state;
    assert_true(t.a->limited.grows);
    assert_true(u->prefill.operations.least > 0.3 * 32 / 0.04 * 2e9);
}

static void facts_of_the_model_come_before_the_users_word(void **state)
{
    struct model_facts m = {0};
    struct fact f = {
        .scope = "model", .name = "parameters", .value = "7000", .known = KNOWN_MEASURED};
    struct plan p = {.model = {.parameters = 1e9, .bytes_per_parameter = 2}};

    (void)state;
    model_facts_init(&m, &p);
    assert_true(m.of[MODEL_PARAMETERS].value == 1e9);
    assert_int_equal(m.of[MODEL_PARAMETERS].known, KNOWN_DECLARED);
    assert_true(isnan(m.of[MODEL_KV_BYTES].value));
    model_facts_take(&m, &f);
    assert_true(m.of[MODEL_PARAMETERS].value == 7000);
    f = (struct fact){
        .scope = "target", .name = "model.parameters", .value = "8000", .known = KNOWN_REPORTED};
    model_facts_take(&m, &f); /* a word does not replace what was read */
    assert_true(m.of[MODEL_PARAMETERS].value == 7000);
    f = (struct fact){
        .scope = "model", .name = "bytes_per_parameter", .value = NULL, .known = KNOWN_UNKNOWN};
    model_facts_take(&m, &f); /* absent is not zero */
    assert_true(m.of[MODEL_BYTES].value == 2);
}

static void an_unknown_model_and_experts_are_refused_with_a_reason(void **state)
{
    AUTO(planted_release)
    struct planted t = run((struct plant){.yaml = MODEL, TEN, .every_ns = NS_PER_S});

    (void)state;
    assert_non_null(strstr(t.a->utilisation.absent, "model.parameters"));
    t.a->model.of[MODEL_PARAMETERS].value = 1e9;
    t.a->model.experts = 8;
    assert_int_equal(utilisation_make(t.a), 0);
    assert_non_null(strstr(t.a->utilisation.absent, "mixture of experts"));
}

static void without_bytes_there_are_operations_only(void **state)
{
    AUTO(planted_release)
    struct planted t =
        run((struct plant){.yaml = MODEL "model: {parameters: 1e9}\n", TEN, .every_ns = NS_PER_S});

    (void)state;
    assert_null(t.a->utilisation.absent);
    assert_true(isnan(t.a->utilisation.decode.bytes.least));
    assert_true(near(t.a->utilisation.decode.operations.least, 2e11, 1e-3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time_is_exact),
        cmocka_unit_test(two_together_share_a_step_or_do_not),
        cmocka_unit_test(what_waits_in_a_queue_is_no_prefill),
        cmocka_unit_test(facts_of_the_model_come_before_the_users_word),
        cmocka_unit_test(an_unknown_model_and_experts_are_refused_with_a_reason),
        cmocka_unit_test(without_bytes_there_are_operations_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
