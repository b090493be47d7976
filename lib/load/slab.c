/* SPDX-License-Identifier: Apache-2.0 */
#include "load/slab.h"
#include <stdlib.h>
#include <string.h>

/* In front of each piece; as large as what a piece must be aligned to. */
struct head {
    _Alignas(16) int32_t class;
    size_t size; /* that was asked for */
};
_Static_assert(sizeof(struct head) < SLAB_LEAST, "the least piece holds something");

int slab_init(struct slab *s, size_t size)
{
    char *base = malloc(size);

    if (!base)
        return -ENOMEM;
    memset(base, 0, size); /* page faults belong before the start */
    *s = (struct slab){.base = base, .size = size};
    return 0;
}

void slab_release(struct slab *s)
{
    free(s->base);
    *s = (struct slab){0};
}

static int class_of(size_t bytes)
{
    int class = 0;

    while (class < SLAB_CLASSES && ((size_t)SLAB_LEAST << class) < bytes)
        class ++;
    return class;
}

static struct head *take_fresh(struct slab *s, int class)
{
    size_t bytes = (size_t)SLAB_LEAST << class;
    struct head *h;

    if (s->size - s->used < bytes)
        return NULL;
    h = (struct head *)(void *)(s->base + s->used);
    s->used += bytes;
    return h;
}

static struct head *take(struct slab *s, int class)
{
    struct head *h = s->free[class];

    if (!h)
        return take_fresh(s, class);
    memcpy(&s->free[class], h + 1, sizeof s->free[class]);
    return h;
}

void *slab_alloc(size_t size, void *slab)
{
    struct slab *s = slab;
    int class = size < SIZE_MAX / 2 ? class_of(size + sizeof(struct head)) : SLAB_CLASSES;
    struct head *h = class < SLAB_CLASSES ? take(s, class) : NULL;

    if (!h) {
        s->refused++;
        return NULL;
    }
    h->class = class;
    h->size = size;
    s->live++;
    return h + 1;
}

void slab_free(void *p, void *slab)
{
    struct slab *s = slab;
    struct head *h = p ? (struct head *)p - 1 : NULL;

    if (!h)
        return;
    assert(h->class >= 0 && h->class < SLAB_CLASSES);
    memcpy(p, &s->free[h->class], sizeof s->free[0]);
    s->free[h->class] = h;
    s->live--;
}

void *slab_calloc(size_t n, size_t size, void *slab)
{
    size_t bytes = 0;
    void *p = __builtin_mul_overflow(n, size, &bytes) ? NULL : slab_alloc(bytes, slab);

    if (p)
        memset(p, 0, bytes);
    return p;
}

void *slab_realloc(void *p, size_t size, void *slab)
{
    const struct head *h = p ? (const struct head *)p - 1 : NULL;
    void *moved;

    if (h && size + sizeof *h <= (size_t)SLAB_LEAST << h->class && size < SIZE_MAX / 2) {
        ((struct head *)p - 1)->size = size;
        return p;
    }
    moved = slab_alloc(size, slab);
    if (moved && h) {
        memcpy(moved, p, h->size < size ? h->size : size);
        slab_free(p, slab);
    }
    return moved;
}

size_t slab_size(const void *p)
{
    return ((const struct head *)p - 1)->size;
}
