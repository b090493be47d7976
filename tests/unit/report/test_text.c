/* SPDX-License-Identifier: Apache-2.0 */
#include "../claim/scene.h"
#include "report/report.h"

static char *page_of(struct story story, bool color)
{
    AUTO(json_unref) json_t *claim = scene(story);
    const struct report_style style = {.color = color, .path = "run.asrun"};
    struct str out = {0};

    report_claim(&out, claim, &style);
    if (getenv("CLAIM_SHOW"))
        puts(out.data);
    return str_take(&out);
}

static void assert_has(const char *page, const char *words)
{
    if (!strstr(page, words))
        fail_msg("no '%s' in:\n%s", words, page);
}

static void assert_narrow(const char *page)
{
    for (const char *line = page; *line;) {
        size_t len = strcspn(line, "\n"), width = 0;

        for (size_t i = 0; i < len; i++)
            width += ((unsigned char)line[i] & 0xc0) != 0x80;
        if (width > 96)
            fail_msg("%zu columns: %.*s", width, (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void the_page_has_all_it_must_have(void **state)
{
    AUTO(free) char *page = page_of((struct story){.extra_percentile = 99.9}, false);

    (void)state;
    assert_has(page, "balances: 240 + 60 + 0 = 300");
    assert_has(page, "warm-up 60");
    assert_has(page, "p99 needs ");
    assert_has(page, " more requests: ttft.content.due@1");
    assert_has(page, "expected 100 ms (declared, slide), observed 2");
    assert_has(page, "Verdict: snapshot");
    assert_has(page, "Answer: met");
    assert_has(page, "met: p90 ttft.content.due@1 at most 500 ms; observed ");
    assert_has(page, "  - target, reported: engine.name llama.cpp; engine.version b1234");
    assert_has(page, "Assumptions not stated");
    assert_has(page, "host cpu.governor: no cpufreq on this machine");
    assert_null(strchr(page, '\033'));
    assert_narrow(page);
}

static void a_description_is_no_claim(void **state)
{
    AUTO(free) char *page = page_of((struct story){.yaml = STORY_UNASKED, .trials = 1}, false);

    (void)state;
    assert_has(page, "not a claim");
    assert_has(page, "Verdict: refused");
    assert_has(page, "add good");
    assert_has(page, "Answer: not asked");
    assert_narrow(page);
}

static void an_interrupted_run_says_so(void **state)
{
    AUTO(free)
    char *page = page_of(
        (struct story){
            .missing = 30, .state = "interrupted", .outcome = "interrupted", .fail_every = 9},
        false);

    (void)state;
    assert_has(page, "30   interrupted 30");
    assert_has(page, "the run was interrupted");
    assert_has(page, "of the requests failed");
    assert_narrow(page);
}

static void a_terminal_gets_bold_and_nothing_unclosed(void **state)
{
    AUTO(free) char *page = page_of((struct story){0}, true);
    size_t on = 0, off = 0;

    (void)state;
    for (const char *p = page; (p = strchr(p, '\033')); p++)
        *(p[2] == '0' ? &off : &on) += 1;
    assert_true(on > 5);
    assert_int_equal(on, off);
}

static void the_ledger_stands_alone(void **state)
{
    AUTO(json_unref)
    json_t *claim = scene((struct story){
        .missing = 30, .state = "interrupted", .outcome = "interrupted", .unbegun = 40});
    AUTO(str_release) struct str out = {0};
    const struct report_style style = {0};

    (void)state;
    report_ledger(&out, json_object_get(claim, "ledger"), &style);
    assert_has(out.data,
               "  trial 3                  100            50            20            30");
    assert_has(out.data, "never begun");
    assert_has(out.data, "balances: 210 + 60 + 70 = 340");
    assert_narrow(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_all_it_must_have),
        cmocka_unit_test(a_description_is_no_claim),
        cmocka_unit_test(an_interrupted_run_says_so),
        cmocka_unit_test(a_terminal_gets_bold_and_nothing_unclosed),
        cmocka_unit_test(the_ledger_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
