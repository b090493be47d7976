/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/slab.h - a bounded pool for a library that allocates: sized and touched before the
 * start, nothing goes back to the system before the end. Sizes are rounded up to powers of two; a
 * freed piece serves the next request of its size. When it is used up, a request gets NULL, and is
 * counted.
 *
 * Threads: a slab belongs to one thread at a time.
 */
#pragma once
#include "base/base.h"

enum { SLAB_CLASSES = 13, SLAB_LEAST = 32 }; /* 32 bytes to 128 KiB, the head included */

struct slab {
    char *base;
    size_t size, used; /* @used: handed out for the first time so far */
    void *free[SLAB_CLASSES];
    int64_t live; /* pieces that are out */
    uint64_t refused;
};

NODISCARD int slab_init(struct slab *s, size_t size); /* -ENOMEM */
void slab_release(struct slab *s);
/* malloc(), free(), calloc() and realloc(), as nghttp2_mem wants them. */
void *slab_alloc(size_t size, void *slab);
void slab_free(void *p, void *slab);
void *slab_calloc(size_t n, size_t size, void *slab);
void *slab_realloc(void *p, size_t size, void *slab);
size_t slab_size(const void *p); /* that was asked for */
