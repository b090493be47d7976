/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "plan/api.h"
#include "plan/metric_names.h"
#include "plan/schedule.h"
#include "plan/template.h"

#define PLAN(target, lengths)                                                                      \
    "asrun: 1\nworkload: {fixed: {input_tokens: 32" lengths "}}\n"                                 \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m, " target "}\n"                             \
    "load: {arrivals: constant, rate: 4/s, requests: 3}\n"
#define JSON "api: json, path: /x, body_template: '{\"a\":\"{{prompt}}\"}'"

static void takes_templates_apart(void **state)
{
    static const enum template_kind want[] = {TEMPLATE_TEXT,  TEMPLATE_PROMPT, TEMPLATE_INPUT,
                                              TEMPLATE_TEXT,  TEMPLATE_OUTPUT, TEMPLATE_ID,
                                              TEMPLATE_MODEL, TEMPLATE_QUERY,  TEMPLATE_DOCUMENTS};
    const char *at = "a {b{{prompt}}{{input_tokens}}}{ {{output_tokens}}{{request_id}}{{model}}"
                     "{{query}}{{documents}}";
    struct template_part part;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(template_next(&part, &at), 1);
        assert_int_equal(part.kind, want[i]);
    }
    assert_int_equal(template_next(&part, &at), 0);
    at = "{{nothing}}";
    assert_int_equal(template_next(&part, &at), -EINVAL);
    assert_memory_equal(part.text, "nothing", part.len);
    at = "{{prompt}";
    assert_int_equal(template_next(&part, &at), -EINVAL);
}

/* Each metric of the table is one that exists. */
static void only_what_an_answer_has_can_be_asked_of_it(void **state)
{
    static const char *const gone[] = {
        "ttft.content.due@1", "ttft.choice.sent@1",         "itl.gap@1",
        "tpot.after_first@1", "throughput.output_tokens@1", "cost.per_million_output@1"};
    static const char *const kept[] = {"latency.due@1", "throughput.requests@1", "errors.share@1",
                                       "goodput@1", "wait.client@1"};

    (void)state;
    for (enum api api = API_EMBEDDINGS; api <= API_JSON; api++) {
        for (size_t i = 0; i < COUNT_OF(gone); i++)
            assert_non_null(api_lacks(api, gone[i]));
        for (size_t i = 0; i < COUNT_OF(kept); i++)
            assert_null(api_lacks(api, kept[i]));
    }
    assert_null(api_lacks(API_EMBEDDINGS, "throughput.total_tokens@1"));
    assert_non_null(api_lacks(API_JSON, "throughput.total_tokens@1"));
    assert_non_null(api_lacks(API_RESPONSES, "ttft.choice.sent@1"));
    for (size_t i = 0; metric_name_at(i); i++)
        assert_null(api_lacks(API_CHAT, metric_name_at(i)->id));
}

static void answers_without_length_are_asked_for_none(void **state)
{
    AUTO(plan_free) struct plan *p = NULL;
    AUTO(schedule_free) struct schedule *s = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(plan_parse(&p, PLAN("api: embeddings", ""), "p", NULL, 0, &err), 0);
    assert_false(p->target.stream);
    assert_int_equal(schedule_build(&s, p, &err), 0);
    assert_int_equal(s->items[2].output_tokens, 0);
    assert_int_equal(s->items[2].input_tokens, 32);
}

static void the_reply_is_read_as_the_plan_says(void **state)
{
    AUTO(plan_free) struct plan *p = NULL;
    struct reply_spec spec;
    struct err err = {0};

    (void)state;
    assert_int_equal(plan_parse(&p,
                                PLAN(JSON ", success: {pointer: /a/0, equals: b, status: 201}", ""),
                                "p", NULL, 0, &err),
                     0);
    spec = plan_reply(p);
    assert_int_equal(spec.kind, REPLY_JSON);
    assert_int_equal(spec.test.count, 2);
    assert_int_equal(spec.status, 201);
    assert_string_equal(spec.equals, "b");
}

static void refuses_what_does_not_go_with_the_endpoint(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {PLAN("api: embeddings, stream: true", ""), "target.stream: is for target.api: chat, comp"},
        {PLAN("api: embeddings, documents: 3", ""), "target.documents: is for target.api: rerank"},
        {PLAN("api: embeddings", ", output_tokens: 3"), "output_tokens: has no meaning here"},
        {PLAN("api: responses", ""), "workload.fixed.output_tokens: is missing"},
        {PLAN("api: responses, include_usage: true", ", output_tokens: 3"), "chat and completions"},
        {PLAN("api: chat, success: {pointer: /a}", ", output_tokens: 3"), "json only"},
        {PLAN("api: json, body_template: '{}'", ""), "target.path: is missing"},
        {PLAN("api: json, path: /x", ""), "target.body_template: is missing"},
        {PLAN("api: json, path: x, body_template: '{}'", ""), "does not begin with /"},
        {PLAN("api: json, path: '/x y', body_template: '{}'", ""), "that no path has"},
        {PLAN("api: json, path: /x, body_template: '{'", ""), "is no JSON once it is filled in"},
        {PLAN("api: json, path: /x, body_template: '{{prompt}}x'", ""), "is no JSON once"},
        {PLAN("api: json, path: /x, body_template: '[{{rate}}]'", ""), "'rate' is no place"},
        {PLAN("api: json, path: /x, body_template: '[\"{{query}}\"]'", ""), "only rerank fills in"},
        {PLAN("api: json, path: /x, body_template: 'file:/no/such'", ""), "No such file"},
        {PLAN(JSON ", success: {equals: 3}", ""), "target.success.equals: is the value of nothing"},
        {PLAN(JSON ", success: {pointer: a}", ""), "target.success.pointer: is no JSON pointer"},
        {PLAN(JSON ", success: {status: 404}", ""), "target.success.status: 404 is out of range"},
        {PLAN(JSON ", body: {a: 1}", ""), "target.body: is for target.api: all but json"},
        {PLAN("api: rerank, body: {a: '{{b'}", ""), "target.body: holds '{{'"},
        {PLAN("api: rerank, body: {documents: 1}", ""), "documents is set by asrun itself"},
        {PLAN(JSON, ", output_tokens: 3"), "is asked for nowhere; write {{output_tokens}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct plan *p = NULL;
        struct err err = {0};

        assert_int_equal(plan_parse(&p, bad[i].text, "p", NULL, 0, &err), -EINVAL);
        if (!strstr(err.text, bad[i].words))
            fail_msg("expected '%s', got '%s'", bad[i].words, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_templates_apart),
        cmocka_unit_test(only_what_an_answer_has_can_be_asked_of_it),
        cmocka_unit_test(answers_without_length_are_asked_for_none),
        cmocka_unit_test(the_reply_is_read_as_the_plan_says),
        cmocka_unit_test(refuses_what_does_not_go_with_the_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
