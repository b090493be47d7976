/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layout.h"
#include <math.h>
#include <string.h>

enum { NAME = 20, THREADS = 8, SIZE = 12, MEDIAN = 16, INTERVAL = 22, BEST = 10 };

static void size_text(struct str *out, const json_t *c)
{
    int64_t order = get_count(c, "order"), bytes = get_count(c, "sizeBytes");

    if (order > 0)
        str_addf(out, "order %" PRId64, order);
    else if (bytes < 1 << 20)
        str_addf(out, "%" PRId64 " KiB", bytes >> 10);
    else
        str_addf(out, "%" PRId64 " MiB", bytes >> 20);
}

/* Rates in thousands of millions, times in ns; NAN: "-". */
static void show_figure(struct str *out, const char *unit, double v)
{
    if (isnan(v))
        str_add(out, "-");
    else
        str_addf(out, "%.4g", strcmp(unit, "s") == 0 ? v * 1e9 : v / 1e9);
}

static const char *scaled_unit(const char *unit)
{
    return strcmp(unit, "s") == 0 ? "ns" : strcmp(unit, "bytes/s") == 0 ? "GB/s" : "Gflop/s";
}

static void row(struct page *p, const json_t *c)
{
    AUTO(str_release) struct str threads = {0}, size = {0}, median = {0}, between = {0}, best = {0};
    const char *unit = get_text(c, "unit");

    if (get_count(c, "threads") > 0)
        str_addf(&threads, "%" PRId64, get_count(c, "threads"));
    else
        str_add(&threads, "-");
    size_text(&size, c);
    show_figure(&median, unit, get_number(c, "median"));
    str_addf(&median, " %s", scaled_unit(unit));
    show_figure(&between, unit, get_number(c, "lo"));
    str_add(&between, " to ");
    show_figure(&between, unit, get_number(c, "hi"));
    show_figure(&best, unit, get_number(c, "best"));
    str_add(p->out, "  ");
    page_left(p, NAME, get_text(c, "name"));
    page_right(p, THREADS, threads.data ? threads.data : "");
    page_right(p, SIZE, size.data ? size.data : "");
    page_right(p, MEDIAN, median.data ? median.data : "");
    page_right(p, INTERVAL, between.data ? between.data : "");
    page_right(p, BEST, best.data ? best.data : "");
    str_addf(p->out, " %5" PRId64 "\n", get_count(c, "repetitions"));
}

static void columns(struct page *p)
{
    str_add(p->out, "  ");
    page_left(p, NAME, "ceiling");
    page_right(p, THREADS, "threads");
    page_right(p, SIZE, "size");
    page_right(p, MEDIAN, "median");
    page_right(p, INTERVAL, "95 % of the median");
    page_right(p, BEST, "best");
    str_add(p->out, "     n\n");
}

/* Those of the envelope itself, and the processor. */
static void facts(struct page *p, const json_t *list)
{
    const json_t *f;
    size_t i;

    page_heading(p, "By what");
    json_array_foreach(list, i, f)
    {
        AUTO(str_release) struct str text = {0};
        bool own = strcmp(get_text(f, "scope"), "envelope") == 0;
        const char *unit = get_text(f, "unit");

        if (!own && strcmp(get_text(f, "name"), "cpu.model") != 0 &&
            strcmp(get_text(f, "name"), "memory.thp") != 0)
            continue;
        str_addf(&text, "%s %s", get_text(f, "name"), get_text(f, "value"));
        if (unit[0] && strcmp(unit, "1") != 0)
            str_addf(&text, " %s", unit);
        str_addf(&text, " (%s)", get_text(f, "known"));
        page_bullet(p, text.data ? text.data : "");
    }
}

static void absent(struct page *p, const json_t *list)
{
    const json_t *f;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    page_heading(p, "Not measured");
    json_array_foreach(list, i, f)
    {
        AUTO(str_release) struct str text = {0};

        str_addf(&text, "%s: %s", get_text(f, "name"), get_text(f, "why"));
        page_bullet(p, text.data ? text.data : "");
    }
}

void report_envelope(struct str *out, const json_t *envelope)
{
    struct page p = {.out = out};
    const json_t *c;
    size_t i;

    str_addf(out, "The envelope of this host, measured %s\n", get_text(envelope, "time"));
    page_wrap(&p, 0, 0, get_text(envelope, "words"));
    str_add(out, "\n");
    columns(&p);
    json_array_foreach(json_object_get(envelope, "ceilings"), i, c) row(&p, c);
    facts(&p, json_object_get(envelope, "facts"));
    absent(&p, json_object_get(envelope, "notMeasured"));
}
