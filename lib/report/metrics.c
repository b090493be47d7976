/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of numbers: distributions with an interval under each value, single values, parts. */
#include "report/layout.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 22, CELL = 12 };

struct scale {
    double factor;
    const char *unit;
};

/* One unit a row, so that its numbers can be compared at a glance. */
static struct scale scale_of(const json_t *metric)
{
    double v = get_number(json_object_get(metric, "mean"), "value");

    if (strcmp(get_text(metric, "unit"), "s") != 0)
        return (struct scale){1, get_text(metric, "unit")};
    if (isnan(v))
        v = get_number(metric, "max");
    if (v < 1e-3)
        return (struct scale){1e6, "µs"};
    return v < 1 ? (struct scale){1e3, "ms"} : (struct scale){1, "s"};
}

static void digits(struct str *out, double v)
{
    if (isnan(v))
        str_add(out, "-");
    else if (fabs(v) >= 1000)
        str_addf(out, "%.0f", v);
    else
        str_addf(out, "%.3g", v);
}

static void cell(struct page *p, const json_t *estimate, const struct scale *s, bool interval)
{
    AUTO(str_release) struct str text = {0};
    double lo = get_number(estimate, "low"), hi = get_number(estimate, "high");

    if (!interval) {
        digits(&text, get_number(estimate, "value") * s->factor);
    } else if (!isnan(lo) && !isnan(hi)) {
        digits(&text, lo * s->factor);
        str_add(&text, "…");
        digits(&text, hi * s->factor);
    } else if (!isnan(lo)) {
        str_add(&text, ">");
        digits(&text, lo * s->factor);
    }
    page_right(p, CELL, text.data ? text.data : "");
}

static void row(struct page *p, const json_t *metric, const char *name, const struct scale *s,
                bool interval)
{
    const json_t *percentile;
    size_t i;

    str_add(p->out, "  ");
    page_left(p, NAME, name);
    cell(p, json_object_get(metric, "mean"), s, interval);
    json_array_foreach(json_object_get(metric, "percentiles"), i, percentile)
        cell(p, percentile, s, interval);
    str_add(p->out, "\n");
}

static void distribution(struct page *p, const json_t *metric)
{
    struct scale s = scale_of(metric);
    char note[64];

    (void)snprintf(note, sizeof note, "  %s, n %" PRId64, s.unit, get_count(metric, "n"));
    row(p, metric, get_text(metric, "metric"), &s, false);
    page_dim(p, true);
    row(p, metric, note, &s, true);
    page_dim(p, false);
}

static bool is_distribution(const json_t *metric)
{
    return json_array_size(json_object_get(metric, "percentiles")) > 0;
}

static void header(struct page *p, const json_t *metric)
{
    const json_t *percentile;
    size_t i;

    str_add(p->out, "  ");
    page_left(p, NAME, "");
    page_right(p, CELL, "mean");
    json_array_foreach(json_object_get(metric, "percentiles"), i, percentile)
    {
        char text[24];

        (void)snprintf(text, sizeof text, "p%g", get_number(percentile, "percentile"));
        page_right(p, CELL, text);
    }
    str_add(p->out, "\n");
}

/* Metrics whose @i-th percentile needs the same number of requests share a line. */
static void needs_line(struct page *p, const json_t *metrics, size_t at, size_t i)
{
    AUTO(str_release) struct str text = {0};
    const json_t *first =
        json_array_get(json_object_get(json_array_get(metrics, at), "percentiles"), i);
    int64_t needs = get_count(first, "needs");
    const json_t *m;
    size_t k;

    str_addf(&text, "p%g needs %" PRId64 " more requests:", get_number(first, "percentile"), needs);
    json_array_foreach(metrics, k, m)
    {
        const json_t *e = json_array_get(json_object_get(m, "percentiles"), i);

        if (!e || get_count(e, "needs") != needs)
            continue;
        if (k < at)
            return; /* told already */
        str_addf(&text, "%s %s", k == at ? "" : ",", get_text(m, "metric"));
    }
    page_wrap(p, 2, 4, text.data ? text.data : "");
}

static void tell_needs(struct page *p, const json_t *metrics)
{
    const json_t *m, *e;
    size_t k, i;

    json_array_foreach(metrics, k, m)
        json_array_foreach(json_object_get(m, "percentiles"), i, e) if (get_count(e, "needs") > 0)
            needs_line(p, metrics, k, i);
}

static void tell_refused(struct page *p, const json_t *metrics)
{
    const json_t *m, *e;
    size_t k, i;

    json_array_foreach(metrics, k, m) json_array_foreach(json_object_get(m, "percentiles"), i, e)
    {
        AUTO(str_release) struct str text = {0};

        if (strcmp(get_text(e, "state"), "refused") != 0)
            continue;
        str_addf(&text, "p%g of %s: %s", get_number(e, "percentile"), get_text(m, "metric"),
                 get_text(e, "why"));
        page_wrap(p, 2, 4, text.data ? text.data : "");
    }
}

/* Said once for all percentiles it is true of. */
static void tell_no_interval(struct page *p, const json_t *metrics)
{
    AUTO(str_release) struct str text = {0};
    const json_t *m, *e;
    size_t k, i;

    json_array_foreach(metrics, k, m)
        json_array_foreach(json_object_get(m, "percentiles"), i,
                           e) if (strcmp(get_text(e, "state"), "ok") == 0 && get_text(e, "why")[0])
            str_addf(&text, "%s p%g of %s",
                     text.len ? ","
                              : "no interval, requests depend on each other for longer than this "
                                "sample can resolve:",
                     get_number(e, "percentile"), get_text(m, "metric"));
    if (text.data)
        page_wrap(p, 2, 4, text.data);
}

static void single(struct page *p, const json_t *metric)
{
    AUTO(str_release) struct str value = {0}, interval = {0};
    const json_t *e = json_object_get(metric, "mean");

    show_value(&value, get_text(metric, "unit"), get_number(e, "value"));
    show_interval(&interval, get_text(metric, "unit"), e);
    str_add(p->out, "  ");
    page_left(p, 28, get_text(metric, "metric"));
    page_right(p, 16, value.data ? value.data : "");
    str_add(p->out, "   ");
    page_dim(p, true);
    str_add(p->out, interval.data ? interval.data : get_text(e, "why"));
    page_dim(p, false);
    str_add(p->out, "\n");
}

static void tell_absent(struct page *p, const json_t *metrics)
{
    const json_t *m;
    size_t i;

    json_array_foreach(metrics, i, m)
    {
        AUTO(str_release) struct str text = {0};
        const json_t *mean = json_object_get(m, "mean");

        if (strcmp(get_text(mean, "state"), "absent") != 0)
            continue;
        str_addf(&text, "%s: %s", get_text(m, "metric"), get_text(mean, "why"));
        page_wrap(p, 2, 4, text.data ? text.data : "");
    }
}

static bool is_present(const json_t *metric)
{
    return strcmp(get_text(json_object_get(metric, "mean"), "state"), "absent") != 0;
}

void report_metrics(struct page *p, const json_t *claim)
{
    const json_t *metrics = json_object_get(claim, "metrics"), *m;
    size_t i;

    page_heading(p, "Metrics, with the 95 % interval under each value");
    header(p, json_array_get(metrics, 0));
    json_array_foreach(metrics, i, m) if (is_distribution(m) && is_present(m)) distribution(p, m);
    str_add(p->out, "\n");
    json_array_foreach(metrics, i, m) if (!is_distribution(m) && is_present(m)) single(p, m);
    page_dim(p, true);
    tell_needs(p, metrics);
    tell_refused(p, metrics);
    tell_no_interval(p, metrics);
    tell_absent(p, metrics);
    page_dim(p, false);
}

static const char *meaning(const char *part)
{
    static const char *const words[][2] = {
        {"wait", "due, not yet taken up by the client"},
        {"connect", "opening a connection, where one was opened"},
        {"tls", "TLS handshake, where a connection was opened"},
        {"sending", "first to last request byte"},
        {"waiting", "last request byte to first content"},
        {"streaming", "first to last content"},
    };

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i][0], part) == 0)
            return words[i][1];
    return "";
}

static void part(struct page *p, const json_t *o)
{
    static const char *const columns[] = {"p50", "p90", "p99", "max"};

    str_add(p->out, "  ");
    page_left(p, 12, get_text(o, "part"));
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        AUTO(str_release) struct str text = {0};

        show_value(&text, "s", get_number(o, columns[i]));
        page_right(p, 10, text.data ? text.data : "");
    }
    str_add(p->out, "   ");
    page_dim(p, true);
    str_add(p->out, meaning(get_text(o, "part")));
    page_dim(p, false);
    str_add(p->out, "\n");
}

void report_parts(struct page *p, const json_t *claim)
{
    const json_t *o;
    size_t i;

    page_heading(p, "Where the time went");
    str_add(p->out, "                     p50       p90       p99       max\n");
    json_array_foreach(json_object_get(claim, "parts"), i, o) if (get_count(o, "n") > 0) part(p, o);
}
