/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/perf_report.h"
#include "base/vec.h"
#include "probe/symbols.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 5 };

/* The file's name without its folder, and without what the kernel says of a deleted one. */
static const char *library_of(struct arena *a, const char *path)
{
    static const char deleted[] = " (deleted)";
    const char *name = path[0] == '/' ? strrchr(path, '/') + 1 : path;
    size_t n = strlen(name);

    if (n > sizeof deleted - 1 && strcmp(name + n - (sizeof deleted - 1), deleted) == 0)
        n -= sizeof deleted - 1;
    return arena_strndup(a, name, n);
}

/* Counts of one object, @c[0] to @c[n - 1], by place; @s is NULL where it has no symbols. */
static int name_places(struct perf_report *p, const struct perf_count *c, size_t n,
                       const char *library, struct symbols *s)
{
    const char *build_id = arena_strdup(&p->arena, s ? symbols_build_id(s) : "");
    const char *last = "";

    if (!library || !build_id)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = s && c[i].offset != PERF_NOWHERE ? symbols_function(s, c[i].offset) : "";

        if (strcmp(name, last) != 0)
            last = arena_strdup(&p->arena, name);
        if (!last ||
            VEC_PUSH(p->rows, p->count, p->cap,
                     ((struct perf_row){c[i].phase, library, build_id, last, c[i].samples})) < 0)
            return -ENOMEM;
        if (!*last && c[i].object != PERF_KERNEL)
            p->unsymbolised += c[i].samples;
    }
    return 0;
}

static int name_object(struct perf_report *p, const struct perf_object *o,
                       const struct perf_count *c, size_t n)
{
    AUTO(symbols_close) struct symbols *s = NULL;

    if (o->fd >= 0 && symbols_open(&s, o->path, o->fd, NULL) == -ENOMEM)
        return -ENOMEM;
    return name_places(p, c, n, library_of(&p->arena, o->path), s);
}

static int by_names(const struct perf_row *a, const struct perf_row *b)
{
    int r = strcmp(a->library, b->library);

    if (r == 0)
        r = strcmp(a->build_id, b->build_id);
    return r ? r : strcmp(a->function, b->function);
}

static int by_phase(const void *pa, const void *pb)
{
    const struct perf_row *a = pa, *b = pb;

    return a->phase != b->phase ? (a->phase < b->phase ? -1 : 1) : by_names(a, b);
}

static int by_function(const void *a, const void *b)
{
    return by_names(a, b);
}

static int by_samples(const void *pa, const void *pb)
{
    const struct perf_row *a = pa, *b = pb;

    return a->samples != b->samples ? (a->samples > b->samples ? -1 : 1) : by_names(a, b);
}

/* Sorts, and adds up what is equal; the new number of them. */
static size_t merge(struct perf_row *v, size_t n, int (*order)(const void *, const void *))
{
    size_t kept = 0;

    if (n > 0)
        qsort(v, n, sizeof *v, order);
    for (size_t i = 0; i < n; i++)
        if (kept > 0 && order(&v[kept - 1], &v[i]) == 0)
            v[kept - 1].samples += v[i].samples;
        else
            v[kept++] = v[i];
    return kept;
}

int perf_report_init(struct perf_report *p, struct perf_follow *f)
{
    const struct perf_count *c = f->counts.slots;
    int r = 0;

    *p = (struct perf_report){0};
    perf_counts_sort(&f->counts);
    for (size_t i = 0, n; r == 0 && i < f->counts.count; i += n) {
        for (n = 1; i + n < f->counts.count && c[i + n].object == c[i].object;)
            n++;
        r = name_object(p, &f->objects.items[c[i].object], &c[i], n);
    }
    if (r < 0)
        perf_report_release(p);
    else
        p->count = merge(p->rows, p->count, by_phase);
    return r;
}

static bool in_trial(const struct perf_row *row, const char *const *phases)
{
    return strncmp(phases[row->phase], "trial", 5) == 0;
}

static void add_top(char *buf, size_t size, const struct perf_row *v, size_t n, uint64_t all)
{
    size_t len = 0;

    for (size_t i = 0; i < n && i < TOP && len < size; i++)
        len += (size_t)snprintf(buf + len, size - len, "%s%s%s%s %.1f %%", i > 0 ? ", " : "",
                                v[i].library, *v[i].function ? " " : "", v[i].function,
                                100.0 * (double)v[i].samples / (double)all);
}

void perf_report_top(char *buf, size_t size, const struct perf_report *p, const char *const *phases)
{
    AUTO(free) struct perf_row *v = p->count > 0 ? calloc(p->count, sizeof *v) : NULL;
    bool trials = false;
    uint64_t all = 0;
    size_t n = 0;

    buf[0] = '\0';
    if (!v)
        return;
    for (size_t i = 0; i < p->count; i++)
        trials = trials || in_trial(&p->rows[i], phases);
    for (size_t i = 0; i < p->count; i++)
        if (!trials || in_trial(&p->rows[i], phases)) {
            v[n++] = p->rows[i];
            all += p->rows[i].samples;
        }
    n = merge(v, n, by_function);
    qsort(v, n, sizeof *v, by_samples);
    add_top(buf, size, v, n, all);
}

void perf_report_release(struct perf_report *p)
{
    arena_release(&p->arena);
    free(p->rows);
    *p = (struct perf_report){0};
}
