/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/load/tls_memory.c - OpenSSL's memory: from a pool in the I/O threads, from the heap
 * elsewhere.
 *
 * A piece goes back to the pool that it came from, by the thread of that pool, or by one that has
 * none (the main thread, which frees what is left of a trial when its I/O threads have ended). What
 * another I/O thread would give back - OpenSSL shares hardly anything between sessions - stays
 * taken: the pools need no lock.
 */
#include "load/slab.h"
#include "load/tls_inside.h"
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 64 };
#define POOL_SHARED ((size_t)1 << 20)
#define POOL_LINK ((size_t)96 << 10)
#define POOL_MOST ((size_t)256 << 20)

static struct slab pools[POOLS]; /* of I/O thread i; stay for the next trial */
/* Where they are, for threads that have none and free their own pieces while pools are made: a
 * size that is seen is at most that of the base that is seen after it. */
static struct {
    _Atomic(const char *) base;
    _Atomic size_t size; /* 0: no pool (yet) */
} ranges[POOLS];
static _Thread_local struct slab *own;
static _Thread_local struct tls_memory count;

static struct slab *pool_of(const void *p)
{
    for (size_t i = 0; i < POOLS; i++) {
        size_t size = atomic_load_explicit(&ranges[i].size, memory_order_acquire);
        const char *base = atomic_load_explicit(&ranges[i].base, memory_order_relaxed);

        if (!base)
            break;
        if ((const char *)p >= base && (const char *)p < base + size)
            return &pools[i];
    }
    return NULL;
}

static void publish(size_t i)
{
    atomic_store_explicit(&ranges[i].base, pools[i].base, memory_order_release);
    atomic_store_explicit(&ranges[i].size, pools[i].size, memory_order_release);
}

static void *take(size_t size)
{
    void *p = own ? slab_alloc(size, own) : NULL;

    count.allocations++;
    count.beyond += own && !p;
    return p ? p : malloc(size);
}

static void give_back(void *p)
{
    struct slab *from = pool_of(p);

    if (!from)
        free(p);
    else if (!own || own == from)
        slab_free(p, from);
}

static void *on_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return take(size);
}

/* A piece of the heap stays there: only the heap knows how long it is. */
static void *on_realloc(void *p, size_t size, const char *file, int line)
{
    struct slab *from = p ? pool_of(p) : NULL;
    void *moved;

    (void)file;
    (void)line;
    if (p && !from) {
        count.allocations++;
        return realloc(p, size);
    }
    if (from && from == own && (moved = slab_realloc(p, size, own))) {
        count.allocations++;
        return moved;
    }
    moved = take(size);
    if (moved && p) {
        memcpy(moved, p, slab_size(p) < size ? slab_size(p) : size);
        give_back(p);
    }
    return moved;
}

static void on_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    give_back(p);
}

bool tls_take_memory(void)
{
    return CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free) == 1;
}

static size_t bytes_for(size_t links)
{
    return links < (POOL_MOST - POOL_SHARED) / POOL_LINK ? POOL_SHARED + links * POOL_LINK
                                                         : POOL_MOST;
}

int tls_pools(int32_t threads, size_t links)
{
    for (int32_t i = 0; i < threads && i < POOLS; i++) {
        struct slab wider = {0};

        if (pools[i].size >= bytes_for(links) || pools[i].live > 0)
            continue;
        if (slab_init(&wider, bytes_for(links)) < 0)
            return -ENOMEM;
        atomic_store(&ranges[i].size, 0); /* before others are given what it frees */
        slab_release(&pools[i]);
        pools[i] = wider;
        publish((size_t)i);
    }
    return 0;
}

void tls_pool_enter(int32_t thread)
{
    own = thread < POOLS && pools[thread].base ? &pools[thread] : NULL;
}

struct tls_memory tls_memory(void)
{
    return count;
}
