/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/waits.h"
#include <math.h>
#include <stdlib.h>

enum { LEAST_GROUP = 8 };
static const double few_share = 0.01; /* of the requests: those that found the fewest in flight */
static const double grown = 2;        /* times: what counts as longer */

bool row_waited(const struct row *r)
{
    return r->outcome == OUTCOME_OK && r->hang_up == HANG_UP_NONE && r->sent_ns != TIME_NONE &&
           r->first_content_ns != TIME_NONE && r->first_content_ns >= r->sent_ns;
}

static int by_tokens_down(const void *a, const void *b)
{
    const struct wait *x = a, *y = b;

    return (x->tokens < y->tokens) - (x->tokens > y->tokens);
}

/* The shortest wait of a prompt at least as long. Equal lengths share theirs. */
static void find_least(struct work *w)
{
    double least = INFINITY;

    qsort(w->waits, w->n, sizeof *w->waits, by_tokens_down);
    for (size_t i = 0, j; i < w->n; i = j) {
        for (j = i; j < w->n && w->waits[j].tokens == w->waits[i].tokens; j++)
            least = fmin(least, w->waits[j].wait_s);
        for (size_t k = i; k < j; k++)
            w->waits[k].least_s = fmax(least, 1e-6); /* times are whole microseconds */
    }
}

/* Sendings and ends of all requests of one trial, so that each wait knows what it found. */
struct passing {
    int64_t time_ns;
    struct wait *wait; /* NULL: an end, or a request without a wait */
    int step;
};

static int by_passing(const void *a, const void *b)
{
    const struct passing *x = a, *y = b;

    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static int find_company(struct work *w)
{
    const struct analysis *a = w->a;
    AUTO(free) struct passing *p = calloc(2 * a->row_count + 1, sizeof *p);
    AUTO(free) struct wait **of = calloc(a->row_count + 1, sizeof(struct wait *));
    int64_t in_flight = 0;
    size_t n = 0;

    if (!p || !of)
        return -ENOMEM;
    for (size_t i = 0; i < w->n; i++)
        of[w->waits[i].row - a->rows] = &w->waits[i];
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *r = &a->rows[i];

        if (r->sent_ns == TIME_NONE || r->end_ns == TIME_NONE)
            continue;
        p[n++] = (struct passing){r->sent_ns, of[i], 1};
        p[n++] = (struct passing){r->end_ns, NULL, -1};
    }
    qsort(p, n, sizeof *p, by_passing); /* trials follow each other: none overlaps another */
    for (size_t i = 0; i < n; i++) {
        if (p[i].wait)
            p[i].wait->found = in_flight;
        in_flight += p[i].step;
    }
    return 0;
}

static int by_company(const void *a, const void *b)
{
    const struct wait *x = a, *y = b;

    return (x->found > y->found) - (x->found < y->found);
}

static double times_of(const struct wait *v, size_t n, double *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = v[i].wait_s / v[i].least_s;
    stats_sort(scratch, n);
    return scratch[(n - 1) / 2];
}

/* Those that found the fewest others beside those of the upper half that found more. */
static int compare_company(struct work *w)
{
    AUTO(free) double *scratch = calloc(w->n + 1, sizeof *scratch);
    struct limited *l = w->l;
    size_t few = (size_t)fmax(LEAST_GROUP, few_share * (double)w->n), many;

    if (!scratch)
        return -ENOMEM;
    if (w->n < WAITS_LEAST)
        return 0;
    qsort(w->waits, w->n, sizeof *w->waits, by_company);
    while (few < w->n && w->waits[few].found == w->waits[few - 1].found)
        few++;
    many = few > w->n / 2 ? few : w->n / 2;
    while (many > few && w->waits[many - 1].found == w->waits[many].found)
        many--;
    if (w->n - many < LEAST_GROUP)
        return 0; /* all found about as many */
    l->compared = true;
    l->few = few;
    l->many = w->n - many;
    l->few_at_most = w->waits[few - 1].found;
    l->many_at_least = w->waits[many].found;
    l->few_times = times_of(w->waits, few, scratch);
    l->many_times = times_of(w->waits + many, l->many, scratch);
    l->grows = l->many_times >= grown * l->few_times;
    return 0;
}

double wait_excess_s(const struct wait *w)
{
    return w->wait_s > grown * w->base_s ? w->wait_s - w->base_s : 0;
}

int waits_find(struct work *w)
{
    struct analysis *a = w->a;
    int r;

    w->waits = calloc(a->row_count + 1, sizeof *w->waits);
    if (!w->waits)
        return -ENOMEM;
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *row = &a->rows[i];

        if (row_waited(row))
            w->waits[w->n++] = (struct wait){
                .row = row,
                .tokens = row->fresh_tokens,
                .wait_s = (double)(row->first_content_ns - row->sent_ns) / 1e9,
            };
    }
    find_least(w);
    r = find_company(w);
    if (r == 0)
        r = compare_company(w);
    for (size_t i = 0; i < w->n; i++)
        w->waits[i].base_s = w->waits[i].least_s * (w->l->compared ? w->l->few_times : 1);
    return r;
}
