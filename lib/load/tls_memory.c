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
#include <stdlib.h>
#include <string.h>

enum { POOLS = 64 };
#define POOL_SHARED ((size_t)1 << 20)
#define POOL_LINK ((size_t)96 << 10)
#define POOL_MOST ((size_t)256 << 20)

static struct slab pools[POOLS]; /* of I/O thread i; stay for the next trial */
static _Thread_local struct slab *own;
static _Thread_local struct tls_memory count;

static struct slab *pool_of(const void *p)
{
    for (size_t i = 0; i < POOLS && pools[i].base; i++)
        if ((const char *)p >= pools[i].base && (const char *)p < pools[i].base + pools[i].size)
            return &pools[i];
    return NULL;
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
        slab_release(&pools[i]);
        pools[i] = wider;
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
