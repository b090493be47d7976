/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

/* Reads a plain decimal number; *@rest is what follows it. Leading blanks, hex, inf: no. */
static int number(double *ret, const char *text, const char **rest)
{
    char *end;
    double v;

    if (!isdigit((unsigned char)text[text[0] == '-']))
        return -EINVAL;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return -EINVAL;
    errno = 0;
    v = strtod(text, &end);
    if (errno || !isfinite(v))
        return -EINVAL;
    *ret = v;
    *rest = end;
    return 0;
}

static int scaled(double *ret, const char *text, const struct unit *units, size_t n)
{
    const char *rest;
    double v;

    if (number(&v, text, &rest) < 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(rest, units[i].name) == 0) {
            *ret = v * units[i].factor;
            return 0;
        }
    return -EINVAL;
}

static const struct unit duration_units[] = {
    {"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1},
};

int units_duration(int64_t *ret_ns, const char *text)
{
    double ns;

    if (strcmp(text, "0") == 0) {
        *ret_ns = 0;
        return 0;
    }
    if (scaled(&ns, text, duration_units, COUNT_OF(duration_units)) < 0 || ns < 0 || ns > 9e18)
        return -EINVAL;
    *ret_ns = llround(ns);
    return 0;
}

int units_rate(double *ret_per_s, const char *text)
{
    static const struct unit units[] = {{"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}};
    double v;

    if (scaled(&v, text, units, COUNT_OF(units)) < 0 || v <= 0)
        return -EINVAL;
    *ret_per_s = v;
    return 0;
}

int units_ratio(double *ret, const char *text)
{
    const char *rest;
    double v, below;

    if (number(&v, text, &rest) < 0)
        return -EINVAL;
    if (strcmp(rest, "%") == 0)
        v /= 100;
    else if (*rest == '/') {
        if (number(&below, rest + 1, &rest) < 0 || *rest || below <= 0)
            return -EINVAL;
        v /= below;
    } else if (*rest)
        return -EINVAL;
    if (v <= 0)
        return -EINVAL;
    *ret = v;
    return 0;
}

int units_size(int64_t *ret, const char *text)
{
    static const struct unit units[] = {{"", 1},         {"k", 1e3}, {"Ki", 1024},      {"M", 1e6},
                                        {"Mi", 1048576}, {"G", 1e9}, {"Gi", 1073741824}};
    double v;

    if (scaled(&v, text, units, COUNT_OF(units)) < 0 || v < 0 || v > 9e15 || v != floor(v))
        return -EINVAL;
    *ret = (int64_t)v;
    return 0;
}

int units_i64(int64_t *ret, const char *text)
{
    char *end;
    long long v;

    if (!isdigit((unsigned char)text[text[0] == '-']))
        return -EINVAL;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || *end)
        return -EINVAL;
    *ret = v;
    return 0;
}

int units_double(double *ret, const char *text)
{
    const char *rest;
    double v;

    if (number(&v, text, &rest) < 0 || *rest)
        return -EINVAL;
    *ret = v;
    return 0;
}

static void three_digits(struct units_text *out, double v, const char *unit)
{
    int decimals = v >= 100 ? 0 : v >= 10 ? 1 : 2;

    (void)snprintf(out->text, sizeof out->text, "%.*f %s", decimals, v, unit);
}

struct units_text units_show_ns(double ns)
{
    struct units_text out = {"-"};
    double size = fabs(ns);

    if (!isfinite(ns))
        return out;
    if (size >= 1e9)
        three_digits(&out, ns / 1e9, "s");
    else if (size >= 1e6)
        three_digits(&out, ns / 1e6, "ms");
    else
        three_digits(&out, ns / 1e3, "µs");
    return out;
}

struct units_text units_exact_ns(int64_t ns)
{
    static const struct {
        const char *name;
        int64_t factor;
    } units[] = {{"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};
    struct units_text out = {"0"};

    for (size_t i = 0; ns != 0 && i < COUNT_OF(units); i++)
        if (ns % units[i].factor == 0) {
            (void)snprintf(out.text, sizeof out.text, "%" PRId64 "%s", ns / units[i].factor,
                           units[i].name);
            break;
        }
    return out;
}
