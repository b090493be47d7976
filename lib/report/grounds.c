/* SPDX-License-Identifier: Apache-2.0 */
/* What the numbers rest on, and what the tool says of itself. */
#include "report/layout.h"
#include <math.h>
#include <string.h>

enum { MOST_UNSEEN = 12, LONGEST_VALUE = 60 };

static void texts(struct page *p, const json_t *list)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) page_bullet(p, json_string_value(v));
}

static void unstated(struct page *p, const json_t *list)
{
    AUTO(str_release) struct str names = {0};
    const json_t *v;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Assumptions not stated");
    json_array_foreach(list, i, v) str_addf(&names, "%s%s", i ? ", " : "", get_text(v, "name"));
    page_wrap(p, 2, 2, names.data ? names.data : "");
}

/* Pages that an engine of another make would have are in the document alone. */
static bool is_told(const json_t *fact, size_t told)
{
    return told < MOST_UNSEEN && strncmp(get_text(fact, "name"), "endpoint.", 9) != 0;
}

static void unseen(struct page *p, const json_t *list)
{
    AUTO(str_release) struct str rest = {0};
    size_t i, told = 0;
    const json_t *v;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Not observed");
    json_array_foreach(list, i, v)
    {
        AUTO(str_release) struct str text = {0};

        if (!is_told(v, told))
            continue;
        str_addf(&text, "%s %s: %s", get_text(v, "scope"), get_text(v, "name"), get_text(v, "why"));
        page_bullet(p, text.data ? text.data : "");
        told++;
    }
    str_addf(&rest, "and %zu more, in the document", json_array_size(list) - told);
    if (told < json_array_size(list))
        page_bullet(p, rest.data ? rest.data : "");
}

/* The facts of one scope that are known in one way. */
static void facts_known(struct page *p, const char *scope, const json_t *list, const char *known)
{
    AUTO(str_release) struct str text = {0};
    const json_t *f;
    size_t i;

    json_array_foreach(list, i, f)
    {
        const char *value = get_text(f, "value"), *unit = get_text(f, "unit");

        if (strcmp(get_text(f, "known"), known) != 0 || strlen(value) > LONGEST_VALUE)
            continue;
        if (text.len == 0)
            str_addf(&text, "%s, %s: ", scope, known);
        else
            str_add(&text, "; ");
        str_addf(&text, "%s %s%s%s", get_text(f, "name"), value, unit[0] ? " " : "", unit);
    }
    if (text.data)
        page_bullet(p, text.data);
}

void report_stack(struct page *p, const json_t *claim)
{
    static const char *const kinds[] = {"measured", "derived", "reported", "declared", "published"};
    const json_t *facts = json_object_get(claim, "facts");
    const char *scope;
    json_t *list;

    if (json_object_size(facts) == 0)
        return;
    page_heading(p, "Stack and system, and how it is known");
    json_object_foreach((json_t *)(uintptr_t)facts, scope, list)
    {
        if (strcmp(scope, "self_test") == 0 || strcmp(scope, "require") == 0) /* told elsewhere */
            continue;
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            facts_known(p, scope, list, kinds[k]);
    }
}

void report_grounds(struct page *p, const json_t *claim)
{
    const json_t *assumptions = json_object_get(claim, "assumptions");

    page_heading(p, "Assumptions stated");
    texts(p, json_object_get(assumptions, "stated"));
    unstated(p, json_object_get(assumptions, "unstated"));
    page_heading(p, "Not production");
    texts(p, json_object_get(claim, "representativenessGaps"));
    unseen(p, json_object_get(claim, "notObserved"));
}

static void expectation(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};
    const json_t *seen = json_object_get(o, "observed");
    const char *unit = get_text(o, "unit");

    str_addf(&text, "%s %s: expected ", get_text(o, "statistic"), get_text(o, "metric"));
    show_value(&text, unit, get_number(o, "expected"));
    str_addf(&text, " (%s", get_text(o, "known"));
    if (get_text(o, "source")[0])
        str_addf(&text, ", %s", get_text(o, "source"));
    str_add(&text, "), observed ");
    if (get_count(seen, "needs") > 0)
        str_addf(&text, "not yet: needs %" PRId64 " more requests", get_count(seen, "needs"));
    else if (isnan(get_number(seen, "value")))
        str_add(&text, get_text(seen, "why"));
    else
        show_value(&text, unit, get_number(seen, "value"));
    if (!isnan(get_number(o, "ratio")))
        str_addf(&text, ", %.2f times the expected", get_number(o, "ratio"));
    page_bullet(p, text.data ? text.data : "");
}

void report_expectations(struct page *p, const json_t *claim)
{
    const json_t *list = json_object_get(claim, "expectations"), *o;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Expected beside observed");
    json_array_foreach(list, i, o) expectation(p, o);
}

static void spread(struct page *p, const char *what, const json_t *s)
{
    AUTO(str_release) struct str text = {0};

    if (get_count(s, "n") == 0)
        return;
    str_addf(&text, "%s: p50 ", what);
    show_value(&text, "s", get_number(s, "p50"));
    str_add(&text, ", p99 ");
    show_value(&text, "s", get_number(s, "p99"));
    str_add(&text, ", max ");
    show_value(&text, "s", get_number(s, "max"));
    page_bullet(p, text.data ? text.data : "");
}

static void shared_reads(struct page *p, const json_t *o)
{
    double share = get_number(o, "batchedEvents");
    char what[120];

    if (isnan(share))
        return;
    (void)snprintf(what, sizeof what, "events that shared a read with a later one: %.3g %%",
                   100 * share);
    if (share > 0) {
        (void)snprintf(what, sizeof what,
                       "events that shared a read with a later one: %.3g %%, earlier by at most",
                       100 * share);
        spread(p, what, json_object_get(o, "batchedWidth"));
    } else
        page_bullet(p, what);
}

static void stamps(struct page *p, const json_t *claim)
{
    AUTO(str_release) struct str text = {0};
    const json_t *o = json_object_get(claim, "stamps");

    str_addf(&text, "stamps: %s, %.4g %% of the responses", get_text(o, "source"),
             100 * get_number(o, "share"));
    if (!isnan(get_number(o, "share")))
        page_bullet(p, text.data ? text.data : "");
}

/* What the packets say beside the client's own stamps. */
static void wire(struct page *p, const json_t *claim)
{
    const json_t *o = json_object_get(json_object_get(claim, "stamps"), "wire");
    const json_t *apart = json_object_get(o, "apart");
    AUTO(str_release) struct str text = {0};

    if (!o || json_is_null(o))
        return;
    str_addf(&text, "packets: %.0f events on the wire and at the client", get_number(apart, "n"));
    if (get_number(apart, "n") > 0) {
        str_add(&text, "; apart p50 ");
        show_value(&text, "s", get_number(apart, "p50"));
        str_add(&text, ", p99 ");
        show_value(&text, "s", get_number(apart, "p99"));
        str_addf(&text, ", %.4g %% within ", 100 * get_number(o, "closeShare"));
        show_value(&text, "s", get_number(o, "close"));
    }
    str_addf(&text, "; missing on the wire %.0f of %.0f answers, packets dropped %.0f",
             get_number(o, "missing"), get_number(o, "answers"), get_number(o, "droppedPackets"));
    page_bullet(p, text.data ? text.data : "");
}

/* Where the kernel was asked when requests left. */
static void send_stamps(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};

    if (!o)
        return;
    str_addf(&text, "requests with the kernel's stamp of their sending: %.4g %%",
             100 * get_number(o, "share"));
    if (!isnan(get_number(o, "share")))
        page_bullet(p, text.data ? text.data : "");
    spread(p, "the kernel's stamp after the user-space one before the write",
           json_object_get(o, "afterUser"));
}

static void token_agreement(struct page *p, const json_t *claim)
{
    static const char *const rows[][2] = {
        {"inputReportedVsRequested", "prompt tokens off by more than 2 % and 2 tokens"},
        {"cachedReportedVsExpected", "cached tokens not as expected"},
        {"outputReportedVsRequested", "output tokens not as requested"},
        {"outputReportedVsCounted", "output tokens reported and events counted differ"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(str_release) struct str text = {0};
        const json_t *o = json_object_get(json_object_get(claim, "tokens"), rows[i][0]);

        if (get_count(o, "compared") == 0)
            continue;
        str_addf(&text, "%s: %" PRId64 " of %" PRId64 " requests", rows[i][1],
                 get_count(o, "differ"), get_count(o, "compared"));
        page_bullet(p, text.data ? text.data : "");
    }
}

static void connections(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};

    str_addf(&text,
             "sent on a used connection: %" PRId64 ", sent again after a stale one: %" PRId64
             ", held back by the cap: %" PRId64 ", records lost: %" PRId64,
             get_count(o, "reusedConnections"), get_count(o, "resentStale"),
             get_count(o, "capWaits"), get_count(o, "lostRecords"));
    page_bullet(p, text.data ? text.data : "");
}

static void client(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};
    const json_t *seconds = json_object_get(o, "seconds"), *g;
    int64_t clean = get_count(seconds, "clean"), strained = get_count(seconds, "strained");
    int64_t saturated = get_count(seconds, "saturated");
    size_t i;

    if (clean + strained + saturated == 0)
        return;
    str_addf(&text,
             "the client's measured seconds: %" PRId64 " clean, %" PRId64 " strained, %" PRId64
             " saturated",
             clean, strained, saturated);
    json_array_foreach(json_object_get(o, "gates"), i, g)
    {
        int64_t warned = get_count(g, "secondsWarned"), refused = get_count(g, "secondsRefused");

        if (strcmp(get_text(g, "gate"), "run_delay") == 0)
            str_addf(&text, "; runnable without a CPU for at most %.3g %% of a second",
                     get_number(g, "worst"));
        if (warned + refused > 0)
            str_addf(&text,
                     "; %s: %s, at worst %.3g %s, warned in %" PRId64 ", refused in %" PRId64,
                     get_text(g, "gate"), get_text(g, "figure"), get_number(g, "worst"),
                     get_text(g, "unit"), warned, refused);
    }
    page_bullet(p, text.data ? text.data : "");
}

static void self_test(struct page *p, const json_t *o)
{
    AUTO(str_release) struct str text = {0};

    if (!json_is_true(json_object_get(o, "made"))) {
        str_addf(&text, "self-test against a null server: %s", get_text(o, "why"));
    } else {
        str_addf(&text,
                 "self-test against a null server before the run: %.3g events/s, %.3g times what "
                 "was asked of it; ",
                 get_number(o, "capacityEventsPerS"), get_number(o, "headroom"));
        show_value(&text, "s", get_number(o, "cpuPerEvent"));
        str_add(&text, " of CPU an event; it adds p99 ");
        show_value(&text, "s", get_number(json_object_get(o, "added"), "p99"));
        str_add(&text, " to an event's time, and sends p99 ");
        show_value(&text, "s", get_number(json_object_get(o, "lateness"), "p99"));
        str_add(&text, " late");
    }
    page_bullet(p, text.data ? text.data : "");
}

void report_instrument(struct page *p, const json_t *claim)
{
    const json_t *o = json_object_get(claim, "instrument");

    page_heading(p, "The instrument");
    stamps(p, claim);
    wire(p, claim);
    spread(p, "sent after it was due, connecting apart", json_object_get(o, "lateness"));
    spread(p, "user-space stamp after the kernel's", json_object_get(o, "stampLag"));
    send_stamps(p, json_object_get(o, "sendStamps"));
    shared_reads(p, o);
    connections(p, o);
    client(p, json_object_get(o, "client"));
    self_test(p, json_object_get(o, "selfTest"));
    token_agreement(p, claim);
}
