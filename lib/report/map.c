/* SPDX-License-Identifier: Apache-2.0 */
/* The map of a sweep or a search: a row a step, its keys, what was asked, the rates, the answer. */
#include "report/layout.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEYS = 8, ASKED = 3, FIGURE = 15 };

struct columns {
    const char *keys[KEYS];
    size_t widths[KEYS], key_count;
    size_t asked; /* limits of good, at most ASKED */
};

static const json_t *first_claim(const json_t *map)
{
    return json_object_get(json_array_get(json_object_get(map, "steps"), 0), "claim");
}

static struct columns columns_of(const json_t *map)
{
    struct columns c = {.asked = json_array_size(json_object_get(first_claim(map), "answers"))};
    const json_t *key, *step;
    size_t i;

    c.asked = c.asked < ASKED ? c.asked : ASKED;
    json_array_foreach(json_object_get(map, "keys"), i, key)
    {
        size_t k;

        if (c.key_count == KEYS)
            break;
        c.keys[i] = json_string_value(key);
        c.widths[i] = text_width(c.keys[i]);
        json_array_foreach(json_object_get(map, "steps"), k, step)
        {
            const char *v = get_text(json_object_get(step, "overrides"), c.keys[i]);

            c.widths[i] = text_width(v) > c.widths[i] ? text_width(v) : c.widths[i];
        }
        c.key_count++;
    }
    return c;
}

static const json_t *rate_of(const json_t *claim, const char *id)
{
    const json_t *m;
    size_t i;

    json_array_foreach(json_object_get(claim, "metrics"), i,
                       m) if (strcmp(get_text(m, "metric"), id) ==
                              0) return json_object_get(m, "mean");
    return NULL;
}

static void figure(struct page *p, const char *unit, const json_t *e, bool interval)
{
    AUTO(str_release) struct str text = {0};
    double lo = get_number(e, "low"), hi = get_number(e, "high");

    if (!interval) {
        show_value(&text, unit, get_number(e, "value"));
    } else if (!isnan(lo)) {
        str_add(&text, isnan(hi) ? ">" : "");
        str_addf(&text, "%.3g", strcmp(unit, "s") == 0 ? 1e3 * lo : lo);
        if (!isnan(hi))
            str_addf(&text, "…%.3g", strcmp(unit, "s") == 0 ? 1e3 * hi : hi);
        str_add(&text, strcmp(unit, "s") == 0 ? " ms" : "");
    }
    page_right(p, FIGURE, text.data ? text.data : "");
}

static void head(struct page *p, const json_t *map, const struct columns *c)
{
    const json_t *o;
    size_t i;

    page_right(p, 6, "step");
    str_add(p->out, "  ");
    for (size_t k = 0; k < c->key_count; k++)
        page_left(p, c->widths[k] + 2, c->keys[k]);
    json_array_foreach(json_object_get(first_claim(map), "answers"), i, o)
    {
        char text[48];

        if (i == c->asked)
            break;
        (void)snprintf(text, sizeof text, "[%zu]", i + 1);
        page_right(p, FIGURE, text);
    }
    page_right(p, FIGURE, "requests/s");
    page_right(p, FIGURE, "tokens/s");
    str_add(p->out, "  answer\n");
}

static void figures(struct page *p, const json_t *claim, const struct columns *c, bool interval)
{
    for (size_t i = 0; i < c->asked; i++) {
        const json_t *o = json_array_get(json_object_get(claim, "answers"), i);

        figure(p, get_text(o, "unit"), json_object_get(o, "estimate"), interval);
    }
    figure(p, "1/s", rate_of(claim, "throughput.requests@1"), interval);
    figure(p, "1/s", rate_of(claim, "throughput.output_tokens@1"), interval);
}

static void row(struct page *p, const json_t *step, const struct columns *c)
{
    const json_t *claim = json_object_get(step, "claim");
    size_t indent = 8;
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, get_count(step, "step"));
    page_right(p, 6, text);
    str_add(p->out, "  ");
    for (size_t k = 0; k < c->key_count; k++) {
        page_left(p, c->widths[k] + 2, get_text(json_object_get(step, "overrides"), c->keys[k]));
        indent += c->widths[k] + 2;
    }
    figures(p, claim, c, false);
    str_addf(p->out, "  %s%s\n", get_text(step, "answer"),
             strcmp(get_text(step, "verdict"), "refused") == 0 ? " (refused)" : "");
    page_dim(p, true);
    page_left(p, indent, "");
    figures(p, claim, c, true);
    str_add(p->out, "\n");
    page_dim(p, false);
}

/* What the numbered columns are. */
static void legend(struct page *p, const json_t *map, const struct columns *c)
{
    const json_t *o;
    size_t i;

    json_array_foreach(json_object_get(first_claim(map), "answers"), i, o)
    {
        AUTO(str_release) struct str text = {0};
        const json_t *most = json_object_get(o, "atMost"), *least = json_object_get(o, "atLeast");

        if (i == c->asked)
            break;
        str_addf(&text, "[%zu] %s of %s", i + 1, get_text(o, "statistic"), get_text(o, "metric"));
        if (json_is_number(most)) {
            str_add(&text, ", at most ");
            show_value(&text, get_text(o, "unit"), json_number_value(most));
        }
        if (json_is_number(least)) {
            str_add(&text, ", at least ");
            show_value(&text, get_text(o, "unit"), json_number_value(least));
        }
        page_wrap(p, 2, 6, text.data ? text.data : "");
    }
}

static void search_ends(struct str *s, const json_t *o, const char *key)
{
    double met = get_number(o, "met"), not_met = get_number(o, "notMet");
    double from = get_number(o, "from"), to = get_number(o, "to");

    if (isnan(met) && not_met <= from)
        str_addf(s, "not even the lowest load, %s %g, met.", key, from);
    else if (met >= to)
        str_addf(s, "the highest load that was tried, %s %g, met: the limit lies beyond.", key, to);
    else {
        if (isnan(met))
            str_add(s, "no load is known to have met");
        else
            str_addf(s, "%s %g is the highest that met", key, met);
        if (isnan(not_met))
            str_add(s, "; none is known not to have met.");
        else
            str_addf(s, "; %g is the lowest that did not.", not_met);
    }
}

static void search(struct page *p, const json_t *map)
{
    const json_t *o = json_object_get(map, "search");
    AUTO(str_release) struct str s = {0};
    const char *key = json_string_value(json_array_get(json_object_get(map, "keys"), 0));
    double from = get_number(o, "unsureFrom"), to = get_number(o, "unsureTo");

    if (!json_is_object(o))
        return;
    str_addf(&s, "Search, %s: ", get_text(o, "ended"));
    search_ends(&s, o, key ? key : "");
    if (!isnan(from)) {
        if (from < to)
            str_addf(&s, " From %g to %g it can't be told", from, to);
        else
            str_addf(&s, " At %g it can't be told", from);
        str_addf(&s, "%s%s.", get_text(o, "unsureWhy")[0] ? ": " : "", get_text(o, "unsureWhy"));
    }
    str_add(p->out, "\n");
    page_bold(p, true);
    page_wrap(p, 2, 2, s.data ? s.data : "");
    page_bold(p, false);
}

void report_map(struct str *out, const json_t *map, const struct report_style *style)
{
    struct page p = {out, style->color};
    const struct columns c = columns_of(map);
    const json_t *step;
    size_t i;

    page_dim(&p, true);
    str_addf(
        out,
        "asrun map%s%s, %s, %s; values with their 95 %% intervals, each step's claim: --step N\n",
        style->path ? ": " : "", style->path ? style->path : "", get_text(map, "kind"),
        get_text(map, "state"));
    page_dim(&p, false);
    if (get_text(map, "question")[0])
        page_wrap(&p, 2, 2, get_text(map, "question"));
    str_add(out, "\n");
    head(&p, map, &c);
    json_array_foreach(json_object_get(map, "steps"), i, step) row(&p, step, &c);
    legend(&p, map, &c);
    search(&p, map);
}
