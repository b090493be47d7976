/* SPDX-License-Identifier: Apache-2.0 */
/* target.body: any JSON value by name, except what asrun sets and what is a secret. */
#include "plan/plan.h"
#include "base/str.h"
#include "harness/unit.h"

static const char head[] = "asrun: 1\n"
                           "workload: {fixed: {input_tokens: 32, output_tokens: 100}}\n"
                           "load: {arrivals: constant, rate: 4/s, duration: 60s}\n";

static int parse(struct plan **ret, const char *body, const struct plan_override *o, size_t n,
                 struct err *err)
{
    char text[1000];

    (void)snprintf(text, sizeof text, "%starget: {url: \"http://h/v1\", model: m%s%s}\n", head,
                   *body ? ", body: " : "", body);
    return plan_parse(ret, text, "plan.yaml", o, n, err);
}

static void check_body(const char *body, const struct plan_override *o, size_t n, const char *want)
{
    AUTO(plan_free) struct plan *p = NULL, *again = NULL;
    AUTO(str_release) struct str s = {0};
    struct err err = {0};

    if (parse(&p, body, o, n, &err) < 0)
        fail_msg("%s: %s", body, err.text);
    assert_string_equal(p->target.body, want);
    plan_add_body(&s, p);
    if (*want)
        assert_memory_equal(s.data + 1, want + 1, strlen(want) - 2);
    else
        assert_int_equal(s.len, 0);
    /* the effective plan says the same, and is one */
    assert_int_equal(plan_parse(&again, p->effective, "effective", NULL, 0, &err), 0);
    assert_string_equal(again->target.body, want);
    assert_memory_equal(&again->digest, &p->digest, sizeof p->digest);
}

static void takes_any_json_value(void **state)
{
    const struct plan_override dotted[] = {{"target.body.top_k", "40"},
                                           {"target.body.stop", "[a, \"1\"]"}};
    const struct plan_override whole = {"target.body", "{seed: 7}"};

    (void)state;
    check_body("", NULL, 0, "");
    check_body("{}", NULL, 0, "");
    check_body("{top_p: 0.5, n: 1, stop: [\"a b\", c], x: null, y: true, z: \"true\"}", NULL, 0,
               "{\"n\":1,\"stop\":[\"a b\",\"c\"],\"top_p\":0.5,\"x\":null,\"y\":true,"
               "\"z\":\"true\"}");
    check_body("{chat_template_kwargs: {enable_thinking: false}, l: [[1, {}], []]}", NULL, 0,
               "{\"chat_template_kwargs\":{\"enable_thinking\":false},\"l\":[[1,{}],[]]}");
    check_body("{top_k: 1}", dotted, 2, "{\"stop\":[\"a\",\"1\"],\"top_k\":40}");
    check_body("", &whole, 1, "{\"seed\":7}");
}

static void refuses_what_is_set_elsewhere_or_secret_or_no_json(void **state)
{
    static const struct {
        const char *body, *words;
    } rows[] = {
        {"{model: x}", "target.model"},
        {"{messages: []}", "is set by asrun itself"},
        {"{max_tokens: 5}", "output lengths"},
        {"{temperature: 1}", "load.temperature"},
        {"{stream: false}", "target.stream"},
        {"{api_key: s3cret}", "does not belong in a plan"},
        {"{top_p: .5}", "is no JSON number"},
        {"[1]", "is no map"},
        {"x", "is no map"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct plan *p = NULL;
        struct err err = {0};

        assert_int_equal(parse(&p, rows[i].body, NULL, 0, &err), -EINVAL);
        if (!strstr(err.text, rows[i].words) || strstr(err.text, "s3cret"))
            fail_msg("%s: %s", rows[i].body, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_any_json_value),
        cmocka_unit_test(refuses_what_is_set_elsewhere_or_secret_or_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
