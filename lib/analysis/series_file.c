/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/series_file.h"
#include "base/str.h"
#include "base/units.h"
#include "base/vec.h"
#include "workload/csv.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
    struct series_set *set;
    struct source *s;
    struct err *err;
    size_t first_run; /* of this file */
    int value, run;   /* columns; run -1: none */
    char name[64];    /* of the value's column, for messages */
    size_t columns;
    int64_t blank; /* the first of the blank lines just read; 0: none */
};

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "out of memory");
}

static int bad(const struct reading *r, const char *why)
{
    return err_set(r->err, -EINVAL, "%s:%" PRId64 ": %s", r->s->name, r->s->line, why);
}

static void trim(char **text)
{
    char *end;

    *text += strspn(*text, " \t");
    end = *text + strlen(*text);
    while (end > *text && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
}

static int split(const struct reading *r, struct csv *row)
{
    const char *why = r->s->too_long ? "longer than 1 MiB" : csv_split(row, r->s->text, r->s->len);

    if (why)
        return bad(r, why);
    for (size_t i = 0; i < row->count; i++)
        trim(&row->field[i]);
    return 0;
}

static const double most = 1e100; /* squares and their sums must stay finite */

/* As programs write numbers; no NaN, no infinity, no hexadecimal digits. */
static int parse(double *ret, const char *text)
{
    char *end;
    double v = strtod(text, &end);

    if (!*text || text[strspn(text, "+-.0123456789eE")] || *end || !isfinite(v) || fabs(v) > most)
        return -EINVAL;
    *ret = v;
    return 0;
}

static bool all_numbers(const struct csv *row)
{
    double v;

    for (size_t i = 0; i < row->count; i++)
        if (parse(&v, row->field[i]) < 0)
            return false;
    return true;
}

/* Counts the rows; says nothing of what was measured. */
static bool is_counter(const char *name)
{
    static const char *const names[] = {"run", "iteration", "index", "step", ""};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static int by_name(const struct csv *head, const char *name,
                   int (*differ)(const char *a, const char *b))
{
    for (size_t i = 0; i < head->count; i++)
        if (differ(head->field[i], name) == 0)
            return (int)i;
    return -1;
}

/* @wanted: not there; NULL: @candidates columns could be meant, and one is wanted. */
static int unclear(const struct reading *r, const struct csv *head, const char *wanted,
                   size_t candidates)
{
    AUTO(str_release) struct str list = {0};

    for (size_t i = 0; i < head->count; i++)
        str_addf(&list, "%s%s", i > 0 ? ", " : "", head->field[i]);
    if (!str_ok(&list))
        return no_memory(r->err);
    if (wanted)
        return err_set(r->err, -EINVAL, "%s:%" PRId64 ": no column '%s'; there are: %.120s",
                       r->s->name, r->s->line, wanted, list.data);
    return err_set(r->err, -EINVAL, "%s:%" PRId64 ": %s columns (%.120s); name one with --column",
                   r->s->name, r->s->line, candidates > 0 ? "several" : "only counting", list.data);
}

static int find_named(struct reading *r, const struct csv *head, const char *column)
{
    size_t candidates = 0;

    r->run = by_name(head, "run", strcasecmp);
    if (column) {
        r->value = by_name(head, column, strcmp);
        return r->value < 0 ? unclear(r, head, column, 0) : 0;
    }
    for (size_t i = 0; i < head->count; i++)
        if (!is_counter(head->field[i])) {
            candidates++;
            r->value = (int)i;
        }
    return candidates == 1 ? 0 : unclear(r, head, NULL, candidates);
}

static int find_numbered(struct reading *r, const struct csv *head, const char *column)
{
    int64_t n = 1;

    r->run = -1;
    if (!column && head->count > 1)
        return bad(r, "several columns without names; give the number of one to --column");
    if (column && (units_i64(&n, column) < 0 || n < 1 || n > (int64_t)head->count))
        return err_set(r->err, -EINVAL,
                       "%s:%" PRId64 ": no column '%s'; without a header they are 1 to %zu",
                       r->s->name, r->s->line, column, head->count);
    r->value = (int)n - 1;
    return 0;
}

static int add_run(struct reading *r, const char *name)
{
    struct series_run run = {0};
    AUTO(str_release) struct str text = {0};

    str_addf(&text, "%s%s%s", r->s->name, name ? ": " : "", name ? name : "");
    run.name = str_take(&text);
    if (!run.name)
        return no_memory(r->err);
    if (VEC_PUSH(r->set->runs, r->set->count, r->set->cap, run) < 0) {
        free(run.name);
        return no_memory(r->err);
    }
    return 0;
}

/* The run that a row belongs to: most often the last one. */
static int run_of(const struct reading *r, struct csv *row, size_t *ret)
{
    size_t skip = strlen(r->s->name) + 2;
    const char *name = r->run >= 0 ? row->field[r->run] : NULL;

    for (size_t i = r->set->count; i-- > r->first_run;)
        if (!name || strcmp(r->set->runs[i].name + skip, name) == 0) {
            *ret = i;
            return 0;
        }
    *ret = r->set->count;
    return 1;
}

static int bad_value(const struct reading *r, const char *text)
{
    return err_set(r->err, -EINVAL, "%s:%" PRId64 ": column %d (%s): %s%.40s%s", r->s->name,
                   r->s->line, r->value + 1, r->name, *text ? "'" : "", *text ? text : "empty",
                   *text ? "' is no number within +-1e100" : "; a number is wanted");
}

static int take_row(struct reading *r, struct csv *row)
{
    struct series_run *run;
    double v = NAN;
    size_t which;

    if (row->count != r->columns)
        return err_set(r->err, -EINVAL, "%s:%" PRId64 ": %zu fields; the first line has %zu",
                       r->s->name, r->s->line, row->count, r->columns);
    if (parse(&v, row->field[r->value]) < 0)
        return bad_value(r, row->field[r->value]);
    if (run_of(r, row, &which) > 0 && add_run(r, r->run >= 0 ? row->field[r->run] : NULL) < 0)
        return -ENOMEM;
    run = &r->set->runs[which];
    return VEC_PUSH(run->value, run->count, run->cap, v) < 0 ? no_memory(r->err) : 0;
}

/* The first line: a header, or already values. */
static int begin(struct reading *r, const char *column)
{
    struct csv head;
    bool numbers;
    int n = split(r, &head);

    if (n < 0)
        return n;
    numbers = all_numbers(&head);
    r->columns = head.count;
    n = numbers ? find_numbered(r, &head, column) : find_named(r, &head, column);
    if (n < 0)
        return n;
    (void)snprintf(r->name, sizeof r->name, "%s", numbers ? "no name" : head.field[r->value]);
    return numbers ? take_row(r, &head) : 0;
}

static int next_row(struct reading *r)
{
    struct csv row;
    int n;

    if (r->s->len == 0) {
        r->blank = r->blank > 0 ? r->blank : r->s->line;
        return 0;
    }
    if (r->blank > 0)
        return err_set(r->err, -EINVAL, "%s:%" PRId64 ": blank line between rows", r->s->name,
                       r->blank);
    n = split(r, &row);
    return n < 0 ? n : take_row(r, &row);
}

static void drop_runs(struct series_set *set, size_t from)
{
    while (set->count > from) {
        struct series_run *run = &set->runs[--set->count];

        free(run->name);
        free(run->value);
    }
}

static int read_all(struct reading *r, const char *column)
{
    int n = source_line(r->s, r->err);

    if (n == 0)
        return err_set(r->err, -EINVAL, "%s: empty; a CSV file with a value a row is wanted",
                       r->s->name);
    if (n > 0)
        n = begin(r, column);
    while (n >= 0 && (n = source_line(r->s, r->err)) > 0)
        n = next_row(r);
    if (n == 0 && r->set->count == r->first_run)
        return err_set(r->err, -EINVAL, "%s: a header without rows", r->s->name);
    return n;
}

int series_read(struct series_set *set, struct source *s, const char *column, struct err *err)
{
    struct reading r = {.set = set, .s = s, .err = err, .first_run = set->count};
    int n = read_all(&r, column);

    if (n < 0)
        drop_runs(set, r.first_run);
    return n;
}

int series_load(struct series_set *set, const char *path, const char *column, struct err *err)
{
    AUTO(source_release) struct source s = {.fd = -1};
    int r = source_open(&s, strcmp(path, "-") == 0 ? "/dev/stdin" : path, err);

    if (r < 0)
        return r;
    if (strcmp(path, "-") == 0)
        s.name = "standard input";
    return series_read(set, &s, column, err);
}

void series_set_release(struct series_set *set)
{
    drop_runs(set, 0);
    free(set->runs);
    *set = (struct series_set){0};
}
