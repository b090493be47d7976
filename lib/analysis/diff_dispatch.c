/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/diff_dispatch.c - two dispatch fingerprints. What tells is the distance of the
 * shares of time; beyond the limit the libraries and functions that changed are named.
 *
 * The limit is a tenth of the time, or twice the distance that so few samples have by chance; the
 * distance of one engine's samples varies far less than that. Where the limit is over half of the
 * time and not reached, nothing can be told.
 */
#include "analysis/diff_parts.h"
#include "analysis/dispatch.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SAMPLES = 100, MOST_FUNCTIONS = 10 };

static const double least_distance = 0.1, most_limit = 0.5, least_share = 0.01;

struct print {                           /* of one run */
    struct dispatch cpu, gpu, libraries; /* of @libraries a library is a function of itself */
    uint64_t samples;
    char why[200]; /* why nothing was sampled */
};

static void print_release(struct print *p)
{
    dispatch_release(&p->cpu);
    dispatch_release(&p->gpu);
    dispatch_release(&p->libraries);
}
DEFINE_AUTO_HELD(struct print, print_release)

static int on_row(void *ctx, const struct dispatch_row *row)
{
    struct print *p = ctx;
    int r;

    if (strncmp(row->phase, "trial", 5) != 0)
        return 0;
    if (strcmp(row->library, "[gpu]") == 0)
        return row->time_ns > 0 ? dispatch_add(&p->gpu, row->library, row->build_id, row->function,
                                               (double)row->time_ns)
                                : 0;
    if (row->samples == 0)
        return 0;
    p->samples += row->samples;
    r = dispatch_add(&p->cpu, row->library, row->build_id, row->function, (double)row->samples);
    return r < 0
               ? r
               : dispatch_add(&p->libraries, row->library, row->build_id, "", (double)row->samples);
}

static int on_fact(void *ctx, const struct fact *f)
{
    struct print *p = ctx;

    if (!p->why[0] && !f->value && strncmp(f->name, "dispatch", 8) == 0)
        (void)snprintf(p->why, sizeof p->why, "%s", f->source);
    return 0;
}

static int print_read(struct print *p, struct evidence *e, struct err *err)
{
    int r = evidence_each_dispatch(e, on_row, p, err);

    if (r == 0)
        r = evidence_each_fact(e, on_fact, p, err);
    if (!p->why[0])
        (void)snprintf(p->why, sizeof p->why, "nothing was sampled");
    return r;
}

/* One entry of either, with its shares. */
static int add_shares(struct diff *d, const char *name, double a, double b, double effect,
                      const char *why)
{
    char of_a[32], of_b[32];

    (void)snprintf(of_a, sizeof of_a, "%.1f", 100 * a);
    (void)snprintf(of_b, sizeof of_b, "%.1f", 100 * b);
    return diff_add(d, &(struct diff_item){.tier = DIFF_DISPATCH,
                                           .state = DIFF_DIFFERS,
                                           .part = "dispatch",
                                           .name = name,
                                           .unit = "% of the time",
                                           .a = {of_a, "measured"},
                                           .b = {of_b, "measured"},
                                           .effect = effect,
                                           .why = why});
}

/* All samples of a library are of one run: might they be so by chance, the other having drawn none?
 * Under one in a million is no chance, with room for samples that come in bursts. */
static bool one_only(const struct dispatch_change *c, const struct dispatch *a,
                     const struct dispatch *b)
{
    const double all = a->weight + b->weight;

    if (c->a > 0 && c->b > 0)
        return false;
    return c->a > 0 ? pow(a->weight / all, c->a * a->weight) < 1e-6
                    : pow(b->weight / all, c->b * b->weight) < 1e-6;
}

/* The functions whose shares changed most; of libraries those that only one of them runs. */
static int add_changes(struct diff *d, const struct dispatch *a, const struct dispatch *b,
                       bool libraries)
{
    AUTO(free) struct dispatch_change *c = NULL;
    size_t count = 0, told = 0;
    int r = dispatch_changes(&c, &count, a, b);

    for (size_t i = 0; i < count && r == 0 && told < MOST_FUNCTIONS; i++) {
        double by = fabs(c[i].a - c[i].b);
        char name[400];

        if (by < least_share)
            break;
        if (libraries && !one_only(&c[i], a, b))
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", c[i].library, libraries ? "" : " ",
                       libraries        ? ""
                       : *c[i].function ? c[i].function
                                        : "(no symbols)");
        r = add_shares(d, name, c[i].a, c[i].b, by + (libraries ? 10 : 0),
                       libraries ? c[i].a > 0 ? "only A runs it" : "only B runs it" : "");
        told++;
    }
    return r;
}

/* The same name, and another build. */
static int add_builds(struct diff *d, const struct dispatch *a, const struct dispatch *b)
{
    int r = 0;

    for (size_t i = 0; i < a->count && r == 0; i++)
        for (size_t k = 0; k < b->count && r == 0; k++) {
            const struct dispatch_function *f = &a->items[i], *g = &b->items[k];
            char name[300];

            if (strcmp(f->library, g->library) != 0 || !*f->build_id || !*g->build_id ||
                strcmp(f->build_id, g->build_id) == 0)
                continue;
            (void)snprintf(name, sizeof name, "%s, build", f->library);
            r = diff_add(d, &(struct diff_item){.tier = DIFF_DISPATCH,
                                                .state = DIFF_DIFFERS,
                                                .part = "dispatch",
                                                .name = name,
                                                .a = {f->build_id, "measured"},
                                                .b = {g->build_id, "measured"},
                                                .effect = 5 + f->weight / a->weight,
                                                .why = "one name, two builds"});
        }
    return r;
}

static int add_unknown(struct diff *d, const char *name, const struct print *a,
                       const struct print *b, bool telling)
{
    bool no_a = a->samples < LEAST_SAMPLES, no_b = b->samples < LEAST_SAMPLES;
    const struct print *of = no_a ? a : b;
    char why[300];

    if (of->samples > 0)
        (void)snprintf(why, sizeof why, "unknown in %s: only %" PRIu64 " samples",
                       no_a && no_b ? "A and B"
                       : no_a       ? "A"
                                    : "B",
                       of->samples);
    else
        (void)snprintf(why, sizeof why, "unknown in %s: %s",
                       no_a && no_b ? "A and B"
                       : no_a       ? "A"
                                    : "B",
                       of->why);
    return diff_add(d, &(struct diff_item){.tier = DIFF_DISPATCH,
                                           .state = DIFF_UNKNOWN,
                                           .part = "dispatch",
                                           .name = name,
                                           .telling = telling,
                                           .why = why});
}

/* The distance, and what made it where it is large. @one of the weights is one of @unit. */
static int add_distance(struct diff *d, const char *name, const struct dispatch *a,
                        const struct dispatch *b, double chance, double one, const char *unit)
{
    double distance = dispatch_distance(a, b), limit = fmax(least_distance, 2 * chance);
    bool differs = distance > limit;
    char why[200], of_a[32], of_b[32];
    int r;

    (void)snprintf(of_a, sizeof of_a, "%.4g", a->weight / one);
    (void)snprintf(of_b, sizeof of_b, "%.4g", b->weight / one);
    (void)snprintf(why, sizeof why, "%.1f %% of the time is spent elsewhere (limit %.1f %%%s)",
                   100 * distance, 100 * limit,
                   !differs && limit > most_limit ? ": too few samples to tell" : "");
    r = diff_add(d, &(struct diff_item){.tier = DIFF_DISPATCH,
                                        .state = differs              ? DIFF_DIFFERS
                                                 : limit > most_limit ? DIFF_UNKNOWN
                                                                      : DIFF_SAME,
                                        .part = "dispatch",
                                        .name = name,
                                        .telling = true,
                                        .unit = unit,
                                        .a = {of_a, "measured"},
                                        .b = {of_b, "measured"},
                                        .effect = 100,
                                        .why = why});
    return r == 0 && differs ? add_changes(d, a, b, false) : r;
}

static int compare_cpu(struct diff *d, const struct print *a, const struct print *b, bool telling)
{
    static const char name[] = "functions of the engine";
    int r;

    if (a->samples < LEAST_SAMPLES || b->samples < LEAST_SAMPLES)
        return add_unknown(d, name, a, b, telling);
    r = add_distance(d, name, &a->cpu, &b->cpu, dispatch_noise(&a->cpu, &b->cpu), 1, "samples");
    if (r == 0)
        r = add_changes(d, &a->libraries, &b->libraries, true);
    return r < 0 ? r : add_builds(d, &a->libraries, &b->libraries);
}

static int compare_gpu(struct diff *d, const struct print *a, const struct print *b)
{
    static const char name[] = "kernels of the GPU";

    if (a->gpu.count > 0 && b->gpu.count > 0)
        return add_distance(d, name, &a->gpu, &b->gpu, 0, 1e9, "s of kernels");
    if (a->gpu.count == 0 && b->gpu.count == 0)
        return 0;
    return diff_add(d, &(struct diff_item){.tier = DIFF_DISPATCH,
                                           .state = DIFF_UNKNOWN,
                                           .part = "dispatch",
                                           .name = name,
                                           .telling = true,
                                           .why = a->gpu.count > 0 ? "unknown in B: no kernel was "
                                                                     "traced"
                                                                   : "unknown in A: no kernel was "
                                                                     "traced"});
}

int diff_dispatched(struct diff *d, struct evidence *a, struct evidence *b, struct err *err)
{
    AUTO(print_release) struct print x = {0}, y = {0};
    bool kernels;
    int r = print_read(&x, a, err);

    if (r == 0)
        r = print_read(&y, b, err);
    kernels = x.gpu.count > 0 && y.gpu.count > 0;
    if (r == 0)
        r = compare_cpu(d, &x, &y, !kernels);
    return r < 0 ? r : compare_gpu(d, &x, &y);
}
