/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/azure.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char columns_wanted[] = "TIMESTAMP,ContextTokens,GeneratedTokens";

static int find_column(size_t *ret, const struct csv *csv, const char *name, const char *where,
                       struct err *err)
{
    for (size_t i = 0; i < csv->count; i++)
        if (strcmp(csv->field[i], name) == 0) {
            *ret = i;
            return 0;
        }
    return err_set(err, -EINVAL, "%s:1: no column %s; wanted: a first line with the columns %s",
                   where, name, columns_wanted);
}

static void note_ignored(struct azure *a, const struct csv *csv)
{
    size_t len = 0;

    for (size_t i = 0; i < csv->count; i++)
        if (i != a->time && i != a->input && i != a->output && len < sizeof a->ignored)
            len += (size_t)snprintf(a->ignored + len, sizeof a->ignored - len, "%s%.60s",
                                    len ? ", " : "", csv->field[i]);
}

int azure_columns(struct azure *ret, char *line, size_t n, const char *where, struct err *err)
{
    struct azure a = {.zone = -1};
    struct csv csv;
    const char *problem = csv_split(&csv, line, n);

    if (problem)
        return err_set(err, -EINVAL, "%s:1: %s; wanted: a first line with the columns %s", where,
                       problem, columns_wanted);
    if (find_column(&a.time, &csv, "TIMESTAMP", where, err) < 0 ||
        find_column(&a.input, &csv, "ContextTokens", where, err) < 0 ||
        find_column(&a.output, &csv, "GeneratedTokens", where, err) < 0)
        return -EINVAL;
    a.columns = csv.count;
    note_ignored(&a, &csv);
    *ret = a;
    return 0;
}

/* Exactly @n digits. */
static bool take_digits(int *ret, const char **at, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        v = v * 10 + ((*at)[i] - '0');
    }
    *at += n;
    *ret = v;
    return true;
}

static bool take_char(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at))
        return false;
    ++*at;
    return true;
}

/* Nanoseconds of ".6805900"; digits past the ninth must be zeros, so that no time is lost. */
static bool take_fraction(int64_t *ret, const char **at)
{
    int64_t unit = NS_PER_S;

    *ret = 0;
    if (!take_char(at, "."))
        return true;
    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); ++*at) {
        unit /= 10;
        if (unit == 0 && **at != '0')
            return false;
        *ret += unit * (**at - '0');
    }
    return true;
}

static bool take_zone(int *zone, int64_t *offset_s, const char **at)
{
    bool behind = **at == '-';
    int hours, minutes;

    *offset_s = 0;
    *zone = **at != '\0';
    if (!*zone || take_char(at, "Z"))
        return true;
    if (!take_char(at, "+-") || !take_digits(&hours, at, 2) || !take_char(at, ":") ||
        !take_digits(&minutes, at, 2) || hours > 14 || minutes > 59)
        return false;
    *offset_s = (behind ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
    return true;
}

static bool take_date(struct tm *tm, const char **at)
{
    return take_digits(&tm->tm_year, at, 4) && take_char(at, "-") &&
           take_digits(&tm->tm_mon, at, 2) && take_char(at, "-") &&
           take_digits(&tm->tm_mday, at, 2) && take_char(at, " T") &&
           take_digits(&tm->tm_hour, at, 2) && take_char(at, ":") &&
           take_digits(&tm->tm_min, at, 2) && take_char(at, ":") && take_digits(&tm->tm_sec, at, 2);
}

int azure_time(int64_t *ret_ns, int *zone, const char *text)
{
    struct tm tm = {0}, back;
    int64_t fraction, offset_s;
    int has_zone;
    time_t t;

    if (!take_date(&tm, &text) || !take_fraction(&fraction, &text) ||
        !take_zone(&has_zone, &offset_s, &text) || *text)
        return -EINVAL;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    back = tm;
    t = timegm(&back); /* normalises: the 31st of June comes back as another day */
    if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || back.tm_sec != tm.tm_sec ||
        back.tm_min != tm.tm_min || back.tm_hour != tm.tm_hour || tm.tm_year < 70 ||
        tm.tm_year > 300)
        return -EINVAL;
    *ret_ns = ((int64_t)t - offset_s) * NS_PER_S + fraction;
    *zone = has_zone;
    return 0;
}

static int read_tokens(struct row *r, int32_t *ret, const char *key, const char *text)
{
    static const char want[] = "a whole number of tokens, 1 to 100000000";
    size_t digits = strspn(text + (*text == '-'), "0123456789") + (*text == '-');
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end || !isfinite(v))
        return row_bad(r, key, "not a number", want);
    return row_set_tokens(r, ret, key, text[digits] == '\0', v);
}

static int read_time(struct azure *a, struct row *r, const char *text)
{
    int zone;

    if (azure_time(&r->at_ns, &zone, text) < 0)
        return row_bad(r, "TIMESTAMP", "not a date and time", "2023-11-16 18:15:46.6805900");
    if (a->zone >= 0 && a->zone != zone)
        return row_bad(r, "TIMESTAMP", "with and without time zone mixed", "one form in a file");
    a->zone = zone;
    return 1;
}

int azure_parse(struct azure *a, struct row *r, char *line, size_t n)
{
    struct csv csv;
    const char *problem = csv_split(&csv, line, n);
    int ok;

    r->id_count = 0;
    r->problem[0] = r->other[0] = '\0';
    if (problem)
        return row_bad(r, "", problem, columns_wanted);
    if (csv.count != a->columns)
        return row_bad(r, "", "wrong number of fields", columns_wanted);
    ok = read_tokens(r, &r->input_tokens, "ContextTokens", csv.field[a->input]);
    if (ok)
        ok = read_tokens(r, &r->output_tokens, "GeneratedTokens", csv.field[a->output]);
    return ok ? read_time(a, r, csv.field[a->time]) : 0;
}
