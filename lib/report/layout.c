/* SPDX-License-Identifier: Apache-2.0 */
#include "report/layout.h"
#include "base/units.h"
#include <math.h>
#include <string.h>

static size_t width_n(const char *text, size_t n)
{
    size_t width = 0;

    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

size_t text_width(const char *text)
{
    return width_n(text, strlen(text));
}

static void spaces(struct page *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        str_add(p->out, " ");
}

void page_dim(struct page *p, bool on)
{
    if (p->color)
        str_add(p->out, on ? "\033[2m" : "\033[0m");
}

void page_bold(struct page *p, bool on)
{
    if (p->color)
        str_add(p->out, on ? "\033[1m" : "\033[0m");
}

void page_heading(struct page *p, const char *title)
{
    str_add(p->out, "\n");
    page_bold(p, true);
    str_add(p->out, title);
    page_bold(p, false);
    str_add(p->out, "\n");
}

void page_wrap(struct page *p, size_t first, size_t rest, const char *text)
{
    size_t at = first;
    bool fresh = true;

    spaces(p, first);
    while (*text) {
        size_t len = strcspn(text, " "), width = width_n(text, len);

        if (!fresh && at + 1 + width > REPORT_WIDTH) {
            str_add(p->out, "\n");
            spaces(p, rest);
            at = rest;
            fresh = true;
        }
        if (!fresh)
            str_add(p->out, " ");
        str_addn(p->out, text, len);
        at += width + !fresh;
        fresh = false;
        text += len + strspn(text + len, " ");
    }
    str_add(p->out, "\n");
}

void page_bullet(struct page *p, const char *text)
{
    str_add(p->out, "  -");
    page_wrap(p, 1, 4, text);
}

void page_left(struct page *p, size_t width, const char *text)
{
    size_t own = text_width(text);

    str_add(p->out, text);
    spaces(p, own < width ? width - own : 1);
}

void page_right(struct page *p, size_t width, const char *text)
{
    size_t own = text_width(text);

    spaces(p, own < width ? width - own : 1);
    str_add(p->out, text);
}

const char *get_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

double get_number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

int64_t get_count(const json_t *o, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(o, key));
}

void show_value(struct str *out, const char *unit, double v)
{
    if (isnan(v))
        str_add(out, "-");
    else if (strcmp(unit, "s") == 0)
        str_add(out, units_show_ns(v * 1e9).text);
    else if (strcmp(unit, "ratio") == 0)
        str_addf(out, "%.4g %%", 100 * v);
    else if (strcmp(unit, "usd") == 0)
        str_addf(out, "%.4g USD", v);
    else if (strcmp(unit, "1/s") == 0)
        str_addf(out, "%.4g/s", v);
    else
        str_addf(out, "%.4g %s", v, unit);
}

void show_interval(struct str *out, const char *unit, const json_t *estimate)
{
    double lo = get_number(estimate, "low"), hi = get_number(estimate, "high");

    if (isnan(lo) && isnan(hi))
        return;
    if (isnan(hi))
        str_add(out, "above ");
    if (!isnan(lo))
        show_value(out, unit, lo);
    if (isnan(hi))
        return;
    str_add(out, isnan(lo) ? "below " : " to ");
    show_value(out, unit, hi);
}
