/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/require_value.c - one value against one thing wanted; and the values, read and shown. */
#include "base/units.h"
#include "plan/reading.h"
#include "plan/require.h"
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The names that engines, files and people have for one number format. */
static const char *format_of(const char *text)
{
    static const char *const same[][5] = {{"bf16", "bfloat16", NULL},
                                          {"fp16", "float16", "f16", "half", NULL},
                                          {"fp32", "float32", "f32", "float"},
                                          {"fp8", "float8", NULL},
                                          {"fp64", "float64", "f64", "double"}};

    if (strncasecmp(text, "torch.", 6) == 0)
        text += 6;
    for (size_t i = 0; i < COUNT_OF(same); i++)
        for (size_t k = 0; k < COUNT_OF(same[i]) && same[i][k]; k++)
            if (strcasecmp(text, same[i][k]) == 0)
                return same[i][0];
    return text;
}

/* Where a word stands in the order of a version: before the release, or nowhere in particular.
 * After a dash single letters are part of a commit. */
static bool before_release(const char *at, bool dash)
{
    static const char *const words[] = {"rc", "alpha", "beta", "dev", "pre", "a", "b"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t n = strlen(words[i]);

        if (dash && n == 1)
            continue;
        if (strncasecmp(at, words[i], n) == 0 && !isalpha((unsigned char)at[n]))
            return true;
    }
    return false;
}

/* The next part: a number, or -1 for what comes before a release; 0 at the end. A build's mark
 * ("+cu128", "-3f2a91c") and all after it say nothing of order. */
static long long next_part(const char **at)
{
    while (**at) {
        if (**at == '+' || (**at == '-' && !before_release(*at + 1, true))) {
            *at = "";
            break;
        }
        if (isdigit((unsigned char)**at)) {
            char *end;
            long long v = strtoll(*at, &end, 10);

            *at = end;
            return v;
        }
        if (isalpha((unsigned char)**at)) {
            bool before = before_release(*at, false);

            while (isalpha((unsigned char)**at))
                ++*at;
            if (before)
                return -1;
            continue;
        }
        ++*at;
    }
    return 0;
}

static const char *first_digit(const char *v)
{
    return v + strcspn(v, "0123456789");
}

int require_version_compare(const char *a, const char *b)
{
    a = first_digit(a);
    b = first_digit(b);
    while (*a || *b) {
        long long x = next_part(&a), y = next_part(&b);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

enum sign { SIGN_NONE, SIGN_LESS, SIGN_AT_MOST, SIGN_MORE, SIGN_AT_LEAST, SIGN_EQUAL, SIGN_NOT };

static enum sign sign_of(const char **at)
{
    static const struct {
        const char *text;
        enum sign sign;
    } signs[] = {{"<=", SIGN_AT_MOST}, {">=", SIGN_AT_LEAST}, {"==", SIGN_EQUAL},
                 {"!=", SIGN_NOT},     {"<", SIGN_LESS},      {">", SIGN_MORE}};

    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (strncmp(*at, signs[i].text, strlen(signs[i].text)) == 0) {
            *at += strlen(signs[i].text);
            *at += strspn(*at, " ");
            return signs[i].sign;
        }
    return SIGN_NONE;
}

static bool in_order(enum sign sign, int order)
{
    switch (sign) {
    case SIGN_LESS:
        return order < 0;
    case SIGN_AT_MOST:
        return order <= 0;
    case SIGN_MORE:
        return order > 0;
    case SIGN_AT_LEAST:
        return order >= 0;
    case SIGN_NOT:
        return order != 0;
    default:
        return order == 0;
    }
}

/* "64", "64Gi", "0.5" */
static int read_quantity(double *ret, const char *text)
{
    int64_t whole;

    if (units_size(&whole, text) < 0)
        return units_double(ret, text);
    *ret = (double)whole;
    return 0;
}

/* 1, 0, or -1: there is nothing to compare. */
static int compare(enum sign sign, const char *wanted, const char *value, const char *unit)
{
    double w, v;

    if (*unit)
        return read_quantity(&w, wanted) < 0 || units_double(&v, value) < 0
                   ? -1
                   : in_order(sign, (v > w) - (v < w));
    if (!*first_digit(value) || !*first_digit(wanted))
        return -1;
    return in_order(sign, require_version_compare(value, wanted));
}

/* ">=0.11, <0.12": all of them. */
static int compare_all(const char *wanted, const char *value, const char *unit)
{
    int holds = 1;

    while (*wanted) {
        enum sign sign = sign_of(&wanted);
        char one[64];
        size_t n = strcspn(wanted, ", ");
        int r;

        (void)snprintf(one, sizeof one, "%.*s", (int)n, wanted);
        wanted += n;
        wanted += strspn(wanted, ", ");
        r = sign == SIGN_NONE || !*one ? -1 : compare(sign, one, value, unit);
        if (r < 0)
            return -1;
        holds = holds && r;
    }
    return holds;
}

/* "0.11.*" is of 0.11 itself, too. */
static bool matches(const char *pattern, const char *value)
{
    size_t n = strlen(pattern);

    if (fnmatch(pattern, value, FNM_CASEFOLD) == 0)
        return true;
    return n > 2 && strcmp(pattern + n - 2, ".*") == 0 && strlen(value) == n - 2 &&
           strncasecmp(pattern, value, n - 2) == 0;
}

int require_holds(const char *wanted, const char *value, const char *unit, bool precision)
{
    double w, v;

    if (strchr("<>=!", *wanted))
        return compare_all(wanted, value, unit);
    if (strpbrk(wanted, "*?["))
        return matches(wanted, value);
    if (precision)
        return strcasecmp(format_of(wanted), format_of(value)) == 0;
    if (*unit && read_quantity(&w, wanted) == 0 && units_double(&v, value) == 0)
        return w <= v && w >= v;
    return strcasecmp(wanted, value) == 0;
}

/* A comparison that nothing can fulfil is an error of the plan, not an unknown of the run. */
static int check_wanted(struct reading *r, const char *shown, const struct node *n)
{
    if (n->kind != NODE_SCALAR || !*n->text || node_is_null(n))
        return reading_fail(r, n, shown, "must be a text, a pattern, a comparison, or a list");
    if (strchr("<>=!", *n->text) && compare_all(n->text, "1", "") < 0)
        return reading_fail(r, n, shown,
                            "'%.40s' compares with no version; write \">=550\", or "
                            "\">=0.11, <0.12\"",
                            n->text);
    return 0;
}

static int set_one(struct reading *r, struct plan_require *q, const char *shown,
                   const struct node *n)
{
    const struct node *first = n->kind == NODE_LIST ? n->child : n;
    const char **wanted;
    size_t count = 0, i = 0;

    for (const struct node *c = first; c; c = n->kind == NODE_LIST ? c->next : NULL)
        count++;
    if (count == 0)
        return reading_fail(r, n, shown, "wants nothing; name what may be");
    wanted = arena_alloc(&r->plan->arena, count * sizeof *wanted);
    q->key = arena_strdup(&r->plan->arena, n->key);
    if (!wanted || !q->key)
        return reading_no_memory(r);
    for (const struct node *c = first; i < count; c = c->next) {
        int rc = check_wanted(r, shown, c);

        if (rc < 0)
            return rc;
        wanted[i] = arena_strdup(&r->plan->arena, c->text);
        if (!wanted[i++])
            return reading_no_memory(r);
    }
    q->wanted = wanted;
    q->count = count;
    return 0;
}

int require_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
                void *base)
{
    size_t count = 0, i = 0;
    struct plan_require *all;

    for (const struct node *c = n->child; c; c = c->next)
        count++;
    all = arena_alloc(&r->plan->arena, (count + 1) * sizeof *all);
    if (!all)
        return reading_no_memory(r);
    for (const struct node *c = n->child; c; c = c->next, i++) {
        char name[160];
        int rc;

        (void)snprintf(name, sizeof name, "%.60s.%.80s", shown, c->key);
        rc = set_one(r, &all[i], name, c);
        if (rc < 0)
            return rc;
    }
    memcpy((char *)base + k->field, &all, sizeof all);
    memcpy((char *)base + k->field2, &count, sizeof count);
    return 0;
}

void require_put(json_t *map, const struct plan_require *q)
{
    json_t *list = json_array();

    for (size_t i = 0; i < q->count; i++)
        json_push(list, json_string(q->wanted[i]));
    json_put(map, q->key, q->count == 1 ? json_string(q->wanted[0]) : json_incref(list));
    json_unref(list);
}
