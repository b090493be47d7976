/* SPDX-License-Identifier: Apache-2.0 */
/* workload.mix: shares, streams, replay by time, and what it leaves alone. */
#include "harness/unit.h"
#include "plan/schedule.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct plan *parsed(const char *mix, const char *load, struct err *err)
{
    struct plan *p = NULL;
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "asrun: 1\nworkload: {mix: [%s]}\nload: {%s}\nexclude: {warm_up: none}\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\nseed: 7\n",
                   mix, load);
    return plan_parse(&p, text, "plan.yaml", NULL, 0, err) < 0 ? NULL : p;
}

static struct schedule *built(const char *mix, const char *load)
{
    struct err err = {0};
    AUTO(plan_free) struct plan *p = parsed(mix, load, &err);
    struct schedule *s = NULL;

    if (!p || schedule_build(&s, p, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static const char three[] = "{name: a, share: 50%, input_tokens: 10, output_tokens: 20},"
                            "{name: b, share: 30%, input_tokens: 30, output_tokens: 40, model: l1},"
                            "{name: c, share: 20%, profile: mooncake-conversation}";

static void each_item_is_of_one_component_with_its_lengths(void **state)
{
    enum { N = 4000 };
    AUTO(schedule_free)
    struct schedule *s = built(three, "arrivals: poisson, rate: 9/s, requests: 4000");
    static const double share[] = {0.5, 0.3, 0.2};
    int n[3] = {0};

    (void)state;
    assert_int_equal(s->components, 3);
    for (size_t i = 0; i < N; i++) {
        const struct item *item = &s->items[i];

        assert_in_range(item->component, 0, 2);
        n[item->component]++;
        if (item->component < 2) {
            assert_int_equal(item->input_tokens, item->component ? 30 : 10);
            assert_int_equal(item->output_tokens, item->component ? 40 : 20);
        }
    }
    for (int c = 0; c < 3; c++)
        assert_true(fabs(n[c] - share[c] * N) < 3.3 * sqrt(share[c] * (1 - share[c]) * N));
}

static void a_longer_mix_begins_with_the_shorter_one(void **state)
{
    AUTO(schedule_free)
    struct schedule *whole = built(three, "arrivals: closed, concurrency: 4, requests: 600");
    AUTO(schedule_free)
    struct schedule *part = built(three, "arrivals: closed, concurrency: 4, requests: 60");

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(part->items[i].component, whole->items[i].component);
        assert_int_equal(part->items[i].input_tokens, whole->items[i].input_tokens);
        assert_int_equal(part->items[i].output_tokens, whole->items[i].output_tokens);
    }
}

/* The arrivals are those of the same plan without a mix, and the shares are in the digest. */
static void a_mix_leaves_the_arrivals_alone(void **state)
{
    static const char load[] = "arrivals: poisson, rate: 10/s, requests: 200";
    AUTO(schedule_free) struct schedule *s = built(three, load);
    AUTO(schedule_free)
    struct schedule *other = built("{name: a, share: 40%, input_tokens: 10, output_tokens: 20},"
                                   "{name: b, share: 60%, input_tokens: 10, output_tokens: 20}",
                                   load);
    AUTO(plan_free) struct plan *p = NULL;
    AUTO(schedule_free) struct schedule *plain = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(
        plan_parse(&p,
                   "asrun: 1\nworkload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
                   "load: {arrivals: poisson, rate: 10/s, requests: 200}\n"
                   "exclude: {warm_up: none}\nseed: 7\n"
                   "target: {url: \"http://127.0.0.1:8080/v1\", model: default}\n",
                   "plan.yaml", NULL, 0, &err),
        0);
    assert_int_equal(schedule_build(&plain, p, &err), 0);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(s->items[i].at_ns, plain->items[i].at_ns);
    assert_string_not_equal(digest_hex(&s->digest).text, digest_hex(&other->digest).text);
    assert_string_equal(digest_hex(&plain->digest).text, /* as before there were mixes */
                        "1fd7d49304fc72d4f1ed71876be4b257634fa1224838e5ebf828700cadccc4a2");
}

/* Row k of each is at 0, 1, 1.5, 4, 9, 60 s and 0, 1.2, 4 s; their blocks have the same numbers. */
static void a_replay_merges_its_profiles_by_time(void **state)
{
    static const int32_t input[] = {40, 50, 70, 51, 33, 64, 52, 10, 100};
    static const int64_t ms[] = {0, 0, 1000, 1200, 1500, 4000, 4000, 9000, 60000};
    static const uint8_t from[] = {0, 1, 0, 1, 0, 0, 1, 0, 0};
    const char *source = getenv("SOURCE");
    AUTO(schedule_free) struct schedule *s = NULL;
    char mix[800];

    (void)state;
    if (!source)
        skip();
    (void)snprintf(mix, sizeof mix,
                   "{name: rows, profile: \"%s/tests/vectors/plans/rows.jsonl\"},"
                   "{name: more, profile: \"%s/tests/vectors/plans/more.jsonl\"}",
                   source, source);
    s = built(mix, "arrivals: replay");
    assert_int_equal(s->count, COUNT_OF(input));
    for (size_t i = 0; i < s->count; i++) {
        assert_int_equal(s->items[i].at_ns, ms[i] * NS_PER_MS);
        assert_int_equal(s->items[i].input_tokens, input[i]);
        assert_int_equal(s->items[i].component, from[i]);
    }
    assert_int_equal(s->items[1].reuse_tokens, 0); /* though its blocks are numbered alike */
    assert_true(s->items[3].reuse_tokens > 0);
    assert_true(s->production_rate_per_s > 0);
}

/* Prefixes of different components share nothing, whatever the numbers of their blocks. */
static void components_share_no_blocks(void **state)
{
    AUTO(schedule_free)
    struct schedule *s = built("{name: a, share: 50%, input_tokens: 64, output_tokens: 1,"
                               " shared_prefix_tokens: 32},"
                               "{name: b, share: 50%, input_tokens: 64, output_tokens: 1,"
                               " shared_prefix_tokens: 16}",
                               "arrivals: closed, concurrency: 1, requests: 100");
    bool seen[2] = {0};

    (void)state;
    for (size_t i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];
        int32_t prefix = item->component ? 16 : 32;

        assert_int_equal(item->block_count, 1);
        assert_int_equal(s->blocks[item->block_first], item->component);
        assert_int_equal(schedule_block_tokens(s, item), prefix);
        assert_int_equal(item->reuse_tokens, seen[item->component] ? prefix : 0);
        seen[item->component] = true;
    }
}

#define A "{name: a, share: 50%, input_tokens: 10, output_tokens: 20}"
#define CLOSED "arrivals: closed, concurrency: 1, requests: 10"

static void what_cannot_be_meant_is_refused(void **state)
{
    static const struct {
        const char *mix, *load, *words;
    } wrong[] = {
        {A, CLOSED, "a mix is of 2 to 32"},
        {A "," A, CLOSED, "has the name of another"},
        {A ",{name: b, share: 40%, input_tokens: 1, output_tokens: 1}", CLOSED, "add up to 100%"},
        {A ",{name: b, input_tokens: 1, output_tokens: 1}", CLOSED, "has no share"},
        {A ",{share: 50%, input_tokens: 1, output_tokens: 1}", CLOSED, "has no name"},
        {A ",{name: b, share: 50%}", CLOSED, "has neither profile nor lengths"},
        {A ",{name: b, share: 50%, input_tokens: 1}", CLOSED, "lacks a length"},
        {A ",{name: b, share: 50%, profile: mooncake-conversation, input_tokens: 1}", CLOSED,
         "has profile and lengths"},
        {A ",{name: b, share: 50%, profile: nothing}", CLOSED, "is no shipped profile"},
        {A ",{name: b, share: 50%, tokens: 1}", CLOSED, "is not a key here; known here: name"},
        {A ",{name: b, share: 50%, input_tokens: 1, output_tokens: 1}", "arrivals: replay",
         "has no arrivals to replay"},
        {"{name: a, share: 50%, profile: mooncake-conversation},"
         "{name: b, share: 50%, profile: azure-2023-conversation}",
         "arrivals: replay", "but a replay takes all rows"},
        {A ",{name: b, share: 50%, input_tokens: 1, output_tokens: 1}",
         "arrivals: poisson, requests: 5", "load.rate: is missing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err = {0};
        AUTO(plan_free) struct plan *p = parsed(wrong[i].mix, wrong[i].load, &err);

        if (p || !strstr(err.text, wrong[i].words))
            fail_msg("%zu: %s", i, err.text);
    }
}

/* The effective plan, with the profiles' digests, reads as the same plan. */
static void the_effective_plan_reads_back(void **state)
{
    struct err err = {0};
    AUTO(plan_free)
    struct plan *p = parsed(three, "arrivals: closed, concurrency: 1, requests: 5", &err);
    AUTO(plan_free) struct plan *again = NULL;

    (void)state;
    assert_non_null(p);
    assert_int_equal(plan_parse(&again, p->effective, "effective", NULL, 0, &err), 0);
    assert_string_equal(again->effective, p->effective);
    assert_string_equal(again->mix[1].model, "l1");
    assert_int_equal(strlen(again->mix[2].profile_digest), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_of_one_component_with_its_lengths),
        cmocka_unit_test(a_longer_mix_begins_with_the_shorter_one),
        cmocka_unit_test(a_mix_leaves_the_arrivals_alone),
        cmocka_unit_test(a_replay_merges_its_profiles_by_time),
        cmocka_unit_test(components_share_no_blocks),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(the_effective_plan_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
