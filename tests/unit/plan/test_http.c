/* SPDX-License-Identifier: Apache-2.0 */
/* target.http and what goes with it. */
#include "harness/unit.h"
#include "plan/plan.h"

#define PLAN(target)                                                                               \
    "asrun: 1\nworkload: {fixed: {input_tokens: 4, output_tokens: 4}}\n"                           \
    "target: {model: m, " target                                                                   \
    "}\nload: {arrivals: constant, rate: 1/s, requests: 4, threads: 2}\n"

static void a_plan_speaks_1_1_unless_it_says_otherwise(void **state)
{
    const struct {
        const char *text;
        enum plan_http http;
        int32_t connections;
    } cases[] = {
        {PLAN("url: \"http://h/v1\""), PLAN_HTTP_1, 1},
        {PLAN("url: \"http://h/v1\", http: 1.1"), PLAN_HTTP_1, 1},
        {PLAN("url: \"http://h/v1\", http: 2, http2: {connections: 16}"), PLAN_HTTP_2, 16},
        {PLAN("url: \"https://h/v1\", http: \"auto\", http2: {connections: 2}"), PLAN_HTTP_AUTO, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(plan_free) struct plan *p = NULL;
        struct err err = {0};

        assert_int_equal(plan_parse(&p, cases[i].text, "t", NULL, 0, &err), 0);
        assert_int_equal(p->target.http, cases[i].http);
        assert_int_equal(p->target.http2_connections, cases[i].connections);
    }
}

static void contradictions_name_the_key_and_the_remedy(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {PLAN("url: \"http://h/v1\", http2: {connections: 2}"),
         "target.http2.connections: is of HTTP/2; add target.http"},
        {PLAN("url: \"http://h/v1\", http: 2"),
         "target.http2.connections: is less than load.threads"},
        {PLAN("url: \"http://h/v1\", http: 2, http2: {connections: 2}, keep_alive: false"),
         "target.keep_alive: is of HTTP/1.1"},
        {PLAN("url: \"http://h/v1\", http: 2, http2: {connections: 2}, proxy: true"),
         "target.proxy: is for HTTP/1.1"},
        {PLAN("url: \"http://h/v1\", http: 3"), "target.http"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *p = NULL;
        struct err err = {0};

        assert_int_equal(plan_parse(&p, cases[i].text, "t", NULL, 0, &err), -EINVAL);
        assert_non_null(strstr(err.text, cases[i].words));
        assert_null(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_speaks_1_1_unless_it_says_otherwise),
        cmocka_unit_test(contradictions_name_the_key_and_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
