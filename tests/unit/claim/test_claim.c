/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"
#include "base/fs.h"
#include "harness/fault.h"

static const char *text_at(const json_t *o, const char *a, const char *b)
{
    const char *s = json_string_value(json_object_get(b ? json_object_get(o, a) : o, b ? b : a));

    assert_non_null(s);
    return s;
}

static bool any_text(const json_t *list, const char *key, const char *words)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v)
    {
        const char *s = json_string_value(key ? json_object_get(v, key) : v);

        if (s && strstr(s, words))
            return true;
    }
    return false;
}

static void the_sentence_says_what_where_and_how(void **state)
{
    AUTO(json_unref) json_t *c = scene((struct story){0});
    const char *s = text_at(c, "sentence", NULL);

    (void)state;
    assert_non_null(strstr(s, "The p90 time to first content, from when it was due, was 3"));
    assert_non_null(strstr(s, "(95 % interval "));
    assert_non_null(strstr(s, "for test (fixed lengths 32 in, 10 out)"));
    assert_non_null(strstr(s, "under constant arrivals at 4 per second"));
    assert_non_null(strstr(s, "on llama.cpp b1234, model m, at http://127.0.0.1:1/v1"));
    assert_non_null(strstr(s, "by kernel receive stamps, over 240 counted requests in 3 trials"));
}

static void verdict_and_answer_are_there(void **state)
{
    AUTO(json_unref) json_t *c = scene((struct story){0});

    (void)state;
    assert_string_equal(text_at(c, "verdict", "verdict"), "snapshot");
    assert_string_equal(text_at(c, "answer", NULL), "met");
    assert_int_equal(json_array_size(json_object_get(c, "answers")), 2);
    assert_int_equal(json_array_size(json_object_get(c, "trials")), 3);
    assert_int_equal(json_array_size(json_object_get(c, "metrics")), 16);
    assert_int_equal(strlen(text_at(c, "digests", "figures")), 64);
}

static void what_is_not_stated_is_named(void **state)
{
    AUTO(json_unref) json_t *asked = scene((struct story){0});
    AUTO(json_unref) json_t *bare = scene((struct story){.yaml = STORY_UNASKED, .trials = 1});
    const json_t *of_asked = json_object_get(json_object_get(asked, "assumptions"), "unstated");
    const json_t *of_bare = json_object_get(json_object_get(bare, "assumptions"), "unstated");

    (void)state;
    assert_false(any_text(of_asked, "name", "good"));
    assert_false(any_text(of_asked, "name", "precision"));
    assert_false(any_text(of_asked, "name", "tenancy"));
    assert_true(any_text(of_asked, "name", "model weights"));
    assert_true(any_text(of_bare, "name", "good"));
    assert_true(any_text(of_bare, "name", "regime"));
    assert_false(any_text(of_bare, "name", "precision")); /* measured */
    assert_true(any_text(of_bare, "name", "model weights"));
    assert_true(
        any_text(of_bare, "name", "hardware of the target")); /* not known to be on this host */
    assert_true(any_text(of_bare, "name", "hardware price"));
    assert_true(any_text(json_object_get(bare, "representativenessGaps"), NULL, "fixed lengths"));
    assert_true(any_text(json_object_get(bare, "notObserved"), "name", "cpu.governor"));
    assert_string_equal(text_at(bare, "answer", NULL), "not asked");
    assert_string_equal(text_at(bare, "verdict", "verdict"), "refused");
}

static void a_number_that_is_not_carried_is_not_there(void **state)
{
    AUTO(json_unref) json_t *c = scene((struct story){0});
    const json_t *ttft = json_array_get(json_object_get(c, "metrics"), 0);
    const json_t *p99 = json_array_get(json_object_get(ttft, "percentiles"), 3);

    (void)state;
    assert_string_equal(text_at(p99, "state", NULL), "needs more");
    assert_true(json_is_null(json_object_get(p99, "value")));
    assert_true(json_integer_value(json_object_get(p99, "needs")) >= 180);
}

static void figures_are_small_and_rise(void **state)
{
    AUTO(json_unref) json_t *c = scene((struct story){0});
    const json_t *list = json_object_get(c, "figures"), *cdf = json_array_get(list, 0);
    const json_t *x = json_object_get(cdf, "x"), *p = json_object_get(cdf, "p");

    (void)state;
    assert_int_equal(json_array_size(x), 200);
    for (size_t i = 1; i < 200; i++) {
        assert_true(json_number_value(json_array_get(x, i)) >=
                    json_number_value(json_array_get(x, i - 1)));
        assert_true(json_number_value(json_array_get(p, i)) >
                    json_number_value(json_array_get(p, i - 1)));
    }
    assert_close(json_number_value(json_array_get(p, 199)), 1, 0);
}

static void the_same_evidence_gives_the_same_document(void **state)
{
    AUTO(json_unref) json_t *a = scene((struct story){0}), *b = scene((struct story){0});

    (void)state;
    assert_true(json_equal(a, b));
}

static void survives_failed_allocations(void **state)
{
    AUTO(told_release) struct told t = tell((struct story){0});
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 200; nth++) {
        AUTO(json_unref) json_t *claim = NULL;
        struct err err = {0};

        fault_alloc(nth);
        r = scene_claim(&claim, &t, "complete", &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, claim != NULL);
    }
    assert_int_equal(r, 0);
}

/* The examples that the schema is tested with: CLAIM_VECTORS=DIR writes them anew. */
static void examples_can_be_written(void **state)
{
    static const struct {
        const char *name;
        struct story story;
    } examples[] = {
        {"asked.json", {0}},
        {"not-asked.json", {.yaml = STORY_UNASKED, .trials = 1}},
        {"interrupted.json",
         {.missing = 30, .state = "interrupted", .outcome = "interrupted", .fail_every = 9}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        AUTO(json_unref) json_t *c = scene(examples[i].story);
        AUTO(free) char *text = json_pretty(c);
        const char *dir = getenv("CLAIM_VECTORS");
        char path[512];
        struct err err = {0};

        assert_non_null(text);
        (void)snprintf(path, sizeof path, "%s/%s", dir ? dir : "", examples[i].name);
        if (dir)
            assert_int_equal(fs_write(path, text, strlen(text), &err), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentence_says_what_where_and_how),
        cmocka_unit_test(verdict_and_answer_are_there),
        cmocka_unit_test(what_is_not_stated_is_named),
        cmocka_unit_test(a_number_that_is_not_carried_is_not_there),
        cmocka_unit_test(figures_are_small_and_rise),
        cmocka_unit_test(the_same_evidence_gives_the_same_document),
        cmocka_unit_test(survives_failed_allocations),
        cmocka_unit_test(examples_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
