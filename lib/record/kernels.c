/* SPDX-License-Identifier: Apache-2.0 */
#include "record/kernels.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t hash(const char *s) /* FNV-1a */
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h;
}

/* What @name is called in a row: printable, at most KERNEL_NAME - 1 bytes, never empty. */
static void name_of(char *ret, const char *name)
{
    const size_t n = strlen(name), kept = KERNEL_NAME - 1 - 17;

    if (n < KERNEL_NAME)
        memcpy(ret, name, n + 1);
    else
        (void)snprintf(ret, KERNEL_NAME, "%.*s~%016" PRIx64, (int)kept, name, hash(name));
    for (char *p = ret; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    if (ret[0] == '\0')
        memcpy(ret, "?", 2);
}

/* The row of @name, or the free one where it belongs; NULL: no room. */
static struct kernel *row_of(struct kernels *k, const char *name)
{
    const size_t from = hash(name) % KERNEL_ROWS;

    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        struct kernel *row = &k->rows[(from + i) % KERNEL_ROWS];

        if (row->name[0] == '\0')
            return k->count < KERNEL_ROWS * 3 / 4 ? row : NULL; /* full tables search long */
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a <= UINT64_MAX - b ? a + b : UINT64_MAX;
}

void kernels_grow(struct kernels *k, const struct kernel *by)
{
    struct kernel *row = row_of(k, by->name);

    if (!row) {
        k->crowded = sum(k->crowded, by->launches);
        return;
    }
    if (row->name[0] == '\0') {
        *row = *by;
        k->count++;
        return;
    }
    row->launches = sum(row->launches, by->launches);
    row->of_graphs = sum(row->of_graphs, by->of_graphs);
    row->time_ns = row->time_ns <= INT64_MAX - by->time_ns ? row->time_ns + by->time_ns : INT64_MAX;
    if (by->least_blocks < row->least_blocks)
        row->least_blocks = by->least_blocks;
    if (by->most_blocks > row->most_blocks)
        row->most_blocks = by->most_blocks;
}

void kernels_add(struct kernels *k, const char *name, uint64_t blocks, int64_t time_ns,
                 bool of_graph)
{
    struct kernel one = {.launches = 1,
                         .of_graphs = of_graph,
                         .time_ns = time_ns > 0 ? time_ns : 0,
                         .least_blocks = blocks,
                         .most_blocks = blocks};

    name_of(one.name, name ? name : "");
    kernels_grow(k, &one);
}

const struct kernel *kernels_find(const struct kernels *k, const char *name)
{
    const size_t from = hash(name) % KERNEL_ROWS;

    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel *row = &k->rows[(from + i) % KERNEL_ROWS];

        if (row->name[0] == '\0')
            return NULL;
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

/* Where kernels come from; not every library of a process is asrun's business. */
static bool telling(const char *file)
{
    static const char *const begins[] = {"libnvinfer", "libcublas", "libcudnn",  "libcudart",
                                         "libcuda.",   "libnccl",   "libtorch",  "libtriton",
                                         "libcutlass", "libcupti",  "libcufile", "libnvrtc"};

    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (strncmp(file, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

void kernels_library(struct kernel_libraries *l, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    const size_t n = strlen(file);

    if (!telling(file) || l->count == KERNEL_LIBRARIES || n >= sizeof l->file[0])
        return;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->file[i], file) == 0)
            return;
    memcpy(l->file[l->count++], file, n + 1);
}

struct writing {
    int (*put)(void *ctx, const char *text, size_t n);
    void *ctx;
    int r;
};

static void put(struct writing *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put(struct writing *w, const char *fmt, ...)
{
    char text[KERNEL_NAME + 160];
    va_list ap;
    int n;

    if (w->r < 0)
        return;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    w->r = w->put(w->ctx, text, (size_t)n);
}

int kernels_write(const struct kernels *k, int (*put_text)(void *ctx, const char *text, size_t n),
                  void *ctx)
{
    struct writing w = {put_text, ctx, 0};

    put(&w, "asrun-kernels 1\npid %" PRId64 "\ntime_ns %" PRId64 "\n", k->pid, k->time_ns);
    if (k->error[0])
        put(&w, "error %s\n", k->error);
    put(&w, "dropped %" PRIu64 "\ncrowded %" PRIu64 "\n", k->dropped, k->crowded);
    if (k->graphs_counted)
        put(&w, "graph_launches %" PRIu64 "\n", k->graph_launches);
    for (size_t i = 0; i < k->libraries.count; i++)
        put(&w, "library %s\n", k->libraries.file[i]);
    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel *r = &k->rows[i];

        if (r->name[0])
            put(&w, "kernel %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %s\n",
                r->launches, r->of_graphs, r->time_ns, r->least_blocks, r->most_blocks, r->name);
    }
    put(&w, "end\n");
    return w.r;
}
