/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/memory.c - bandwidth over thread counts, latency over sizes. */
#include "base/clock.h"
#include "base/rng.h"
#include "envelope/inside.h"
#include "envelope/stream.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { LATENCY_LOADS = 1 << 18, LATENCY_SIZES = 16 };

void *pages_new(int64_t bytes)
{
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    (void)madvise(p, (size_t)bytes, MADV_HUGEPAGE); /* where it may not, the pages stay small */
    return p;
}

void pages_free(void *p, int64_t bytes)
{
    if (p)
        (void)munmap(p, (size_t)bytes);
}

static int measure_kernel(struct measuring *m, struct team *team, struct stream *s, int threads)
{
    ceiling_begin(m, "bytes/s", threads, "memory.%s", stream_name(s->kernel));
    m->c.size = stream_arrays(s->kernel) * (int64_t)(s->n * sizeof(double));
    m->c.work = stream_bytes(s->kernel, s->n);
    (void)team_do(team, stream_do, s); /* not counted: pages, caches and clocks get warm */
    while (ceiling_goes_on(m))
        ceiling_add(m, team_do(team, stream_do, s));
    return ceiling_end(m);
}

static int measure_threads(struct measuring *m, int threads, int64_t bytes, struct err *err)
{
    AUTO(team_free) struct team *team = NULL;
    AUTO(free) struct stream *s = calloc(1, sizeof *s);
    double *pages;
    int r = team_new(&team, m->room.cpus, threads, err);

    if (r < 0)
        return r;
    pages = pages_new(3 * bytes); /* new ones each time: placed by who first writes them */
    if (!s || !pages) {
        pages_free(pages, 3 * bytes);
        return err_set(err, -ENOMEM, "no memory for three arrays of %" PRId64 " bytes", bytes);
    }
    s->n = (size_t)bytes / sizeof(double);
    s->a = pages;
    s->b = s->a + s->n;
    s->c = s->b + s->n;
    (void)team_do(team, stream_fill, s);
    for (s->kernel = 0; s->kernel < STREAM_KERNELS_ && r == 0; s->kernel++)
        r = measure_kernel(m, team, s, threads);
    pages_free(pages, 3 * bytes);
    return r;
}

int measure_memory(struct measuring *m, struct err *err)
{
    const struct envelope_options *o = m->options;
    int64_t bytes = stream_array_bytes(m->room.llcs_bytes, m->room.memory_bytes);
    int r = envelope_fact(m, KNOWN_DERIVED, "memory.array_bytes", "bytes",
                          "four times the last-level caches, 64 MiB at least, a sixth of the "
                          "memory available at most",
                          "%" PRId64, bytes);

    if (r == 0)
        r = envelope_fact(m, KNOWN_DERIVED, "memory.array_over_caches", "1",
                          "one array over all last-level caches; under 4 the caches may help",
                          "%.3g", (double)bytes / (double)m->room.llcs_bytes);
    for (int i = 0; i < o->thread_counts && r == 0; i++)
        r = measure_threads(m, o->threads[i], bytes, err);
    return r;
}

/* One load waits for the one before: each line holds the address of the next, and all of them are
 * on one random cycle (Sattolo, Information Processing Letters 22 (1986) 315), so that no prefetch
 * guesses it. */
struct line {
    struct line *next;
    char rest[64 - sizeof(struct line *)];
};

static void tie(struct line *lines, size_t n)
{
    struct rng rng;

    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < n; i++)
        lines[i].next = &lines[i];
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)rng_below(&rng, i);
        struct line *next = lines[i].next;

        lines[i].next = lines[j].next;
        lines[j].next = next;
    }
}

struct chase {
    struct line *at;
};

static void follow(void *ctx, int member, int members)
{
    struct chase *c = ctx;
    struct line *at = c->at;

    (void)member;
    (void)members;
    for (int i = 0; i < LATENCY_LOADS; i++)
        at = at->next;
    c->at = at;
}

static int measure_size(struct measuring *m, struct team *team, int64_t bytes, struct err *err)
{
    struct line *lines = pages_new(bytes);
    struct chase c = {lines};
    int r;

    if (!lines)
        return err_set(err, -ENOMEM, "no memory for %" PRId64 " bytes", bytes);
    tie(lines, (size_t)bytes / sizeof *lines);
    ceiling_begin(m, "s", 1, "memory.latency");
    m->c.size = bytes;
    m->c.work = LATENCY_LOADS;
    (void)team_do(team, follow, &c);
    while (ceiling_goes_on(m))
        ceiling_add(m, team_do(team, follow, &c));
    r = ceiling_end(m);
    pages_free(lines, bytes);
    return r;
}

int measure_latency(struct measuring *m, struct err *err)
{
    AUTO(team_free) struct team *team = NULL;
    int64_t sizes[LATENCY_SIZES];
    int n = latency_sizes(sizes, COUNT_OF(sizes), m->room.llc_bytes, m->room.memory_bytes);
    int r = team_new(&team, m->room.cpus, 1, err);

    for (int i = 0; i < n && r == 0; i++)
        r = measure_size(m, team, sizes[i], err);
    return r;
}
