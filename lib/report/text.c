/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the page: the sentence, what was counted, the numbers, their grounds, the verdict.
 */
#include "report/layout.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_counts(struct str *out, const json_t *counts)
{
    const char *key;
    json_t *v;
    bool first = true;

    json_object_foreach((json_t *)(uintptr_t)counts, key, v)
    {
        if (json_integer_value(v) == 0)
            continue;
        str_addf(out, "%s%s %" JSON_INTEGER_FORMAT, first ? "" : ", ",
                 strcmp(key, "warm_up") == 0          ? "warm-up"
                 : strcmp(key, "capacity_pilot") == 0 ? "capacity pilot"
                                                      : key,
                 json_integer_value(v));
        first = false;
    }
}

static int64_t total_of(const json_t *counts)
{
    int64_t sum = 0;
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)counts, key, v) sum += (int64_t)json_integer_value(v);
    return sum;
}

static void ledger_line(struct page *p, const char *name, int64_t n, const char *detail)
{
    char count[32];

    str_add(p->out, "  ");
    page_left(p, 14, name);
    (void)snprintf(count, sizeof count, "%" PRId64, n);
    page_right(p, 9, count);
    if (detail && detail[0]) {
        str_add(p->out, "   ");
        page_dim(p, true);
        str_add(p->out, detail);
        page_dim(p, false);
    }
    str_add(p->out, "\n");
}

static void counts_line(struct page *p, const char *name, const json_t *counts)
{
    AUTO(str_release) struct str detail = {0};

    add_counts(&detail, counts);
    ledger_line(p, name, total_of(counts), detail.data);
}

static void counted_line(struct page *p, const json_t *ledger)
{
    AUTO(str_release) struct str detail = {0};

    add_counts(&detail, json_object_get(ledger, "outcomes"));
    ledger_line(p, "counted", get_count(ledger, "counted"), detail.data);
}

static void ledger_total(struct page *p, const json_t *ledger)
{
    ledger_line(p, "scheduled", get_count(ledger, "scheduled"), NULL);
    ledger_line(p, "executed", get_count(ledger, "executed"), NULL);
    counted_line(p, ledger);
    counts_line(p, "excluded", json_object_get(ledger, "excluded"));
    counts_line(p, "not executed", json_object_get(ledger, "notExecuted"));
}

static void balance_line(struct page *p, const json_t *ledger)
{
    str_addf(p->out, "  %s: %" PRId64 " + %" PRId64 " + %" PRId64 " = %" PRId64 "\n",
             json_is_true(json_object_get(ledger, "balanced")) ? "balances" : "DOES NOT BALANCE",
             get_count(ledger, "counted"), total_of(json_object_get(ledger, "excluded")),
             total_of(json_object_get(ledger, "notExecuted")), get_count(ledger, "scheduled"));
}

static void capacity_line(struct page *p, const json_t *c)
{
    AUTO(str_release) struct str s = {0};
    double offered = get_number(c, "offeredPerSecond"), share = get_number(c, "offeredShare");

    if (isnan(get_number(c, "requestsPerSecond")))
        return;
    str_addf(&s,
             "capacity: %.3g requests/s, measured after the trials by %" PRId64
             " requests of the same kind, %" PRId64 " at a time",
             get_number(c, "requestsPerSecond"), get_count(c, "requests"),
             get_count(c, "concurrency"));
    if (!isnan(share))
        str_addf(&s, "; offered were %.3g/s, %.0f %% of it", offered, 100 * share);
    if (str_ok(&s))
        page_wrap(p, 2, 4, s.data);
}

static void ledger_row(struct page *p, const char *name, const json_t *row)
{
    AUTO(str_release) struct str detail = {0};
    const int64_t cells[] = {get_count(row, "scheduled"), get_count(row, "counted"),
                             total_of(json_object_get(row, "excluded")),
                             total_of(json_object_get(row, "notExecuted"))};

    str_add(p->out, "  ");
    page_left(p, 14, name);
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "%" PRId64, cells[i]);
        page_right(p, 14, text);
    }
    add_counts(&detail, json_object_get(row, "notExecuted"));
    if (detail.data)
        str_addf(p->out, "   %s", detail.data);
    str_add(p->out, "\n");
}

void report_ledger(struct str *out, const json_t *ledger, const struct report_style *style)
{
    struct page p = {out, style->color};
    const json_t *trial, *unbegun = json_object_get(ledger, "neverBegun");
    const json_t *pilot = json_object_get(ledger, "capacityPilot");
    size_t i;

    str_add(out, "                     scheduled       counted      excluded  not executed\n");
    json_array_foreach(json_object_get(ledger, "trials"), i, trial)
    {
        char name[32];

        (void)snprintf(name, sizeof name, "trial %zu", i + 1);
        ledger_row(&p, name, trial);
    }
    if (get_count(pilot, "scheduled") > 0)
        ledger_row(&p, "capacity pilot", pilot);
    if (get_count(unbegun, "scheduled") > 0)
        ledger_row(&p, "never begun", unbegun);
    ledger_row(&p, "all", ledger);
    str_add(out, "\n");
    counted_line(&p, ledger);
    counts_line(&p, "excluded", json_object_get(ledger, "excluded"));
    balance_line(&p, ledger);
}

static void title(struct page *p, const json_t *claim, const char *path)
{
    const char *question = get_text(json_object_get(claim, "workload"), "question");

    page_dim(p, true);
    str_addf(p->out, "asrun claim%s%s, run of %s, %s\n", path ? ": " : "", path ? path : "",
             get_text(claim, "start"), get_text(claim, "state"));
    page_dim(p, false);
    str_add(p->out, "\n");
    if (question[0])
        page_wrap(p, 2, 2, question);
    page_bold(p, true);
    page_wrap(p, 2, 2, get_text(claim, "sentence"));
    page_bold(p, false);
    if (strcmp(get_text(json_object_get(claim, "verdict"), "verdict"), "refused") == 0)
        page_wrap(p, 2, 2, "This describes the run; it is not a claim. The verdict says why.");
}

static void limit_text(struct str *out, const json_t *o)
{
    const char *unit = get_text(o, "unit");
    const json_t *most = json_object_get(o, "atMost"), *least = json_object_get(o, "atLeast");

    if (json_is_number(most)) {
        str_add(out, " at most ");
        show_value(out, unit, json_number_value(most));
    }
    if (json_is_number(least)) {
        str_add(out, " at least ");
        show_value(out, unit, json_number_value(least));
    }
}

static void answer(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0}, interval = {0};
    const json_t *e = json_object_get(o, "estimate");
    bool single = strcmp(get_text(o, "statistic"), "mean") == 0;

    str_addf(&text, "%s: %s%s%s", get_text(o, "answer"), single ? "" : get_text(o, "statistic"),
             single ? "" : " ", get_text(o, "metric"));
    limit_text(&text, o);
    if (json_is_number(json_object_get(e, "value"))) {
        str_add(&text, "; observed ");
        show_value(&text, get_text(o, "unit"), get_number(e, "value"));
        show_interval(&interval, get_text(o, "unit"), e);
        if (interval.data)
            str_addf(&text, " (%s)", interval.data);
    }
    if (get_text(o, "why")[0])
        str_addf(&text, "; %s", get_text(o, "why"));
    page_bullet(p, text.data ? text.data : "");
}

static void verdict(struct page *p, const json_t *claim)
{
    const json_t *v = json_object_get(claim, "verdict"), *o;
    size_t i;

    str_add(p->out, "\n");
    page_bold(p, true);
    str_addf(p->out, "Verdict: %s", get_text(v, "verdict"));
    page_bold(p, false);
    str_add(p->out, "\n");
    json_array_foreach(json_object_get(v, "reasons"), i, o) page_bullet(p, get_text(o, "text"));
    str_add(p->out, "\n");
    page_bold(p, true);
    str_addf(p->out, "Answer: %s", get_text(claim, "answer"));
    page_bold(p, false);
    str_add(p->out, "\n");
    json_array_foreach(json_object_get(claim, "answers"), i, o) answer(p, o);
}

void report_claim(struct str *out, const json_t *claim, const struct report_style *style)
{
    struct page p = {out, style->color};
    const json_t *ledger = json_object_get(claim, "ledger");

    title(&p, claim, style->path);
    page_heading(&p, "Executed, counted, excluded");
    ledger_total(&p, ledger);
    balance_line(&p, ledger);
    capacity_line(&p, json_object_get(claim, "capacity"));
    report_metrics(&p, claim);
    report_mix(&p, claim);
    report_parts(&p, claim);
    report_limited(&p, claim);
    report_utilisation(&p, claim);
    report_expectations(&p, claim);
    report_stack(&p, claim);
    report_observed(&p, claim);
    report_grounds(&p, claim);
    report_instrument(&p, claim);
    verdict(&p, claim);
}
