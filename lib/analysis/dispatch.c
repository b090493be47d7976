/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/dispatch.c - sorted lists, compared by walking both at once. */
#include "analysis/dispatch.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const char *la, const char *fa, const char *lb, const char *fb)
{
    int r = strcmp(la, lb);

    return r ? r : strcmp(fa, fb);
}

/* Where the function is, or would be. */
static size_t find(const struct dispatch *d, const char *library, const char *function)
{
    size_t lo = 0, hi = d->count;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (by_name(d->items[mid].library, d->items[mid].function, library, function) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int dispatch_add(struct dispatch *d, const char *library, const char *build_id,
                 const char *function, double weight)
{
    const size_t at = find(d, library, function);
    struct dispatch_function f = {.weight = weight};

    assert(weight > 0);
    if (at < d->count &&
        by_name(d->items[at].library, d->items[at].function, library, function) == 0) {
        d->items[at].weight += weight;
        d->weight += weight;
        return 0;
    }
    f.library = arena_strdup(&d->arena, library);
    f.build_id = arena_strdup(&d->arena, build_id);
    f.function = arena_strdup(&d->arena, function);
    if (!f.library || !f.build_id || !f.function || VEC_PUSH(d->items, d->count, d->cap, f) < 0)
        return -ENOMEM;
    memmove(&d->items[at + 1], &d->items[at], (d->count - 1 - at) * sizeof d->items[0]);
    d->items[at] = f;
    d->weight += weight;
    return 0;
}

void dispatch_release(struct dispatch *d)
{
    arena_release(&d->arena);
    free(d->items);
    *d = (struct dispatch){0};
}

/* The next function of either, and its shares; false: there is no more. */
static bool next(struct dispatch_change *ret, const struct dispatch *a, size_t *i,
                 const struct dispatch *b, size_t *j)
{
    const struct dispatch_function *fa = *i < a->count ? &a->items[*i] : NULL;
    const struct dispatch_function *fb = *j < b->count ? &b->items[*j] : NULL;
    int r = !fa ? 1 : !fb ? -1 : by_name(fa->library, fa->function, fb->library, fb->function);

    if (!fa && !fb)
        return false;
    *ret = (struct dispatch_change){.library = r <= 0 ? fa->library : fb->library,
                                    .function = r <= 0 ? fa->function : fb->function,
                                    .a = r <= 0 ? fa->weight / a->weight : 0,
                                    .b = r >= 0 ? fb->weight / b->weight : 0};
    *i += r <= 0;
    *j += r >= 0;
    return true;
}

double dispatch_distance(const struct dispatch *a, const struct dispatch *b)
{
    struct dispatch_change c;
    double sum = 0;

    if (a->count == 0 || b->count == 0)
        return NAN;
    for (size_t i = 0, j = 0; next(&c, a, &i, b, &j);)
        sum += fabs(c.a - c.b);
    return sum / 2;
}

/* E|Z| of a normal Z is its deviation times sqrt(2 / pi). */
double dispatch_noise(const struct dispatch *a, const struct dispatch *b)
{
    const double pool = a->weight + b->weight;
    struct dispatch_change c;
    double sum = 0;

    if (a->count == 0 || b->count == 0)
        return NAN;
    for (size_t i = 0, j = 0; next(&c, a, &i, b, &j);) {
        const double p = (c.a * a->weight + c.b * b->weight) / pool;

        sum += sqrt(2 / M_PI * p * (1 - p) * (1 / a->weight + 1 / b->weight));
    }
    return sum / 2;
}

static int by_difference(const void *pa, const void *pb)
{
    const struct dispatch_change *a = pa, *b = pb;
    const double da = fabs(a->a - a->b), db = fabs(b->a - b->b);

    if (da < db || db < da)
        return da < db ? 1 : -1;
    return by_name(a->library, a->function, b->library, b->function);
}

int dispatch_changes(struct dispatch_change **ret, size_t *count, const struct dispatch *a,
                     const struct dispatch *b)
{
    AUTO(free) struct dispatch_change *v = NULL;
    size_t n = 0;

    if (a->count > 0 && b->count > 0) {
        v = calloc(a->count + b->count, sizeof *v);
        if (!v)
            return -ENOMEM;
        for (size_t i = 0, j = 0; next(&v[n], a, &i, b, &j);)
            n++;
        qsort(v, n, sizeof *v, by_difference);
    }
    *ret = TAKE(v);
    *count = n;
    return 0;
}
