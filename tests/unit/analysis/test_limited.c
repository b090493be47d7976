/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is limited by, where the limit is planted. */
#include "plant.h"

#define HEAD                                                                                       \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 32, output_tokens: 10}}\n"                                   \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"                                         \
    "exclude: {warm_up: none}\n"
#define OPEN HEAD "load: {arrivals: constant, rate: 10/s, requests: 400}\n"
#define CLOSED HEAD "load: {arrivals: closed, concurrency: 16, requests: 400}\n"
#define STAGES                                                                                     \
    HEAD "load: {arrivals: constant, stages: [{rate: 25/s, for: 8s}, {rate: 26/s, for: 8s}]}\n"

static void expect(struct plant p, enum limit wall, enum limit time)
{
    AUTO(planted_release) struct planted t = run(p);
    const struct limited *l = &t.a->limited;
    double walls = 0, times = 0;

    for (int i = 0; i < LIMIT_COUNT_; i++) {
        walls += l->wall.share[i];
        times += l->time.share[i];
    }
    if (l->wall.by != wall)
        fail_msg("wall: %s, not %s", limit_name(l->wall.by), limit_name(wall));
    if (l->time.by != time)
        fail_msg("time: %s, not %s", limit_name(l->time.by), limit_name(time));
    assert_true(fabs(walls - 1) < 1e-9); /* every instant has one state */
    assert_true(l->time.seconds == 0 || fabs(times - 1) < 1e-9);
}

/* One request takes 60 ms; 10 arrive each second; 4 can be served at a time. */
#define EASY                                                                                       \
    .yaml = OPEN, .slots = 4, .every_ns = 100 * NS_PER_MS, .prefill_ns = 40 * NS_PER_MS,           \
    .gap_ns = 2 * NS_PER_MS

static void a_server_with_room_is_limited_by_arrivals(void **state)
{
    (void)state;
    expect((struct plant){EASY}, LIMIT_ARRIVALS, LIMIT_PREFILL);
}

static void long_answers_are_decode(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 100 * NS_PER_MS,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = 20 * NS_PER_MS},
           LIMIT_ARRIVALS, LIMIT_DECODE);
}

static void too_few_slots_are_a_queue(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 1,
                          .every_ns = 50 * NS_PER_MS,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = 2 * NS_PER_MS},
           LIMIT_QUEUE, LIMIT_QUEUE);
    expect(
        (struct plant){
            .yaml = CLOSED, .slots = 4, .prefill_ns = 40 * NS_PER_MS, .gap_ns = 2 * NS_PER_MS},
        LIMIT_QUEUE, LIMIT_QUEUE);
}

static void a_queue_of_mixed_lengths_is_one_too(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 1,
                          .every_ns = 40 * NS_PER_MS,
                          .prefill_ns = 10 * NS_PER_MS,
                          .gap_ns = NS_PER_MS,
                          .lengths = true},
           LIMIT_QUEUE, LIMIT_QUEUE);
}

static void long_prompts_alone_are_no_queue(void **state)
{
    AUTO(planted_release)
    struct planted t = run((struct plant){.yaml = OPEN,
                                          .slots = 64,
                                          .every_ns = 40 * NS_PER_MS,
                                          .prefill_ns = 10 * NS_PER_MS,
                                          .gap_ns = NS_PER_MS,
                                          .lengths = true});

    (void)state;
    assert_true(t.a->limited.wall.share[LIMIT_QUEUE] < 0.02);
    assert_int_equal(t.a->limited.wall.by, LIMIT_ARRIVALS);
}

static void waits_that_vary_for_themselves_are_unknown(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 100 * NS_PER_MS,
                          .prefill_ns = 60 * NS_PER_MS,
                          .gap_ns = NS_PER_MS,
                          .varies = true},
           LIMIT_ARRIVALS, LIMIT_PREFILL);
}

static void a_full_closed_loop_without_a_queue_is_unknown(void **state)
{
    (void)state;
    expect(
        (struct plant){
            .yaml = CLOSED, .slots = 64, .prefill_ns = 40 * NS_PER_MS, .gap_ns = 2 * NS_PER_MS},
        LIMIT_UNKNOWN, LIMIT_PREFILL);
}

static void the_engines_word_for_a_queue_counts(void **state)
{
    (void)state;
    expect((struct plant){.yaml = CLOSED,
                          .slots = 64,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = 2 * NS_PER_MS,
                          .queue = true},
           LIMIT_QUEUE, LIMIT_UNKNOWN); /* of the first tokens' wait it may have been any part */
}

static void a_queue_that_all_are_in_alike_is_no_prefill(void **state)
{
    /* Two requests always out, found by each of them: nothing to compare with. */
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 50 * NS_PER_MS,
                          .prefill_ns = 110 * NS_PER_MS,
                          .gap_ns = NS_PER_MS},
           LIMIT_ARRIVALS, LIMIT_UNKNOWN);
}

static void full_cpus_of_the_engine_are_the_host_cpu(void **state)
{
    (void)state;
    expect((struct plant){.yaml = CLOSED,
                          .slots = 4,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = 2 * NS_PER_MS,
                          .cpu = true},
           LIMIT_HOST_CPU, LIMIT_QUEUE);
}

static void what_is_sent_late_or_by_a_saturated_client_is_the_client(void **state)
{
    (void)state;
    expect((struct plant){EASY, .late_ns = 90 * NS_PER_MS}, LIMIT_CLIENT, LIMIT_CLIENT);
    expect((struct plant){EASY, .saturated = true}, LIMIT_CLIENT, LIMIT_PREFILL);
}

static void connections_that_take_long_are_the_network(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 200 * NS_PER_MS,
                          .prefill_ns = 20 * NS_PER_MS,
                          .gap_ns = NS_PER_MS,
                          .connect_ns = 150 * NS_PER_MS},
           LIMIT_NETWORK, LIMIT_NETWORK);
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 100 * NS_PER_MS,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = NS_PER_MS,
                          .trip_ns = 35 * NS_PER_MS},
           LIMIT_ARRIVALS, LIMIT_NETWORK);
}

static void failures_are_unknown(void **state)
{
    (void)state;
    expect((struct plant){.yaml = OPEN,
                          .slots = 64,
                          .every_ns = 10 * NS_PER_MS,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = NS_PER_MS,
                          .fails = true},
           LIMIT_UNKNOWN, LIMIT_UNKNOWN);
}

static void a_load_that_is_not_steady_proves_nothing(void **state)
{
    (void)state;
    expect((struct plant){.yaml = STAGES,
                          .slots = 64,
                          .every_ns = 70 * NS_PER_MS,
                          .prefill_ns = 40 * NS_PER_MS,
                          .gap_ns = 2 * NS_PER_MS},
           LIMIT_UNKNOWN, LIMIT_PREFILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_with_room_is_limited_by_arrivals),
        cmocka_unit_test(long_answers_are_decode),
        cmocka_unit_test(too_few_slots_are_a_queue),
        cmocka_unit_test(a_queue_of_mixed_lengths_is_one_too),
        cmocka_unit_test(long_prompts_alone_are_no_queue),
        cmocka_unit_test(waits_that_vary_for_themselves_are_unknown),
        cmocka_unit_test(a_full_closed_loop_without_a_queue_is_unknown),
        cmocka_unit_test(the_engines_word_for_a_queue_counts),
        cmocka_unit_test(a_queue_that_all_are_in_alike_is_no_prefill),
        cmocka_unit_test(full_cpus_of_the_engine_are_the_host_cpu),
        cmocka_unit_test(what_is_sent_late_or_by_a_saturated_client_is_the_client),
        cmocka_unit_test(connections_that_take_long_are_the_network),
        cmocka_unit_test(failures_are_unknown),
        cmocka_unit_test(a_load_that_is_not_steady_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
