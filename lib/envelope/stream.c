/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/stream.c - built with -O3, whatever the rest is built with. The loops are plain C,
 * so that what is measured is what a compiled program gets; a copy becomes the C library's own.
 */
#include "envelope/stream.h"

typedef double lanes __attribute__((vector_size(16), may_alias));

enum { SUMS = 8 };
_Static_assert(STREAM_STEP % (2 * SUMS) == 0, "a part is summed whole");

struct span {
    size_t from, to;
};

static struct span part_of(size_t n, int member, int members)
{
    size_t steps = n / STREAM_STEP, m = (size_t)member, of = (size_t)members;

    assert(n % STREAM_STEP == 0 && member < members);
    return (struct span){steps * m / of * STREAM_STEP, steps * (m + 1) / of * STREAM_STEP};
}

static void copy(double *restrict to, const double *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

static void scale(double *restrict to, const double *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = STREAM_SCALAR * from[i];
}

static void add(double *restrict to, const double *restrict x, const double *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = x[i] + y[i];
}

static void triad(double *restrict to, const double *restrict x, const double *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = x[i] + STREAM_SCALAR * y[i];
}

/* Many sums at once: one alone would wait for the additions, not for the memory. As many as there
 * are registers for on any machine: what spills would wait for the stack. */
static double sum(const double *from, size_t n)
{
    lanes s[SUMS] = {{0}};
    double all = 0;

    for (size_t i = 0; i < n; i += 2 * SUMS)
        for (size_t k = 0; k < SUMS; k++)
            s[k] += *(const lanes *)(from + i + 2 * k);
    for (size_t k = 0; k < SUMS; k++)
        all += s[k][0] + s[k][1];
    return all;
}

void stream_do(void *stream, int member, int members)
{
    struct stream *s = stream;
    struct span p = part_of(s->n, member, members);
    double *a = s->a + p.from, *b = s->b + p.from, *c = s->c + p.from;
    size_t n = p.to - p.from;

    switch (s->kernel) {
    case STREAM_COPY:
        copy(c, a, n);
        break;
    case STREAM_SCALE:
        scale(b, c, n);
        break;
    case STREAM_ADD:
        add(c, a, b, n);
        break;
    case STREAM_TRIAD:
        triad(a, b, c, n);
        break;
    case STREAM_READ:
        s->sums[member] = sum(a, n);
        break;
    case STREAM_KERNELS_:
        break;
    }
}

void stream_fill(void *stream, int member, int members)
{
    struct stream *s = stream;
    struct span p = part_of(s->n, member, members);

    for (size_t i = p.from; i < p.to; i++) {
        s->a[i] = 1;
        s->b[i] = 2;
        s->c[i] = 0;
    }
}
