/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tls_memory.c - OpenSSL's allocations, counted by thread. */
#include "load/tls_inside.h"
#include <openssl/crypto.h>
#include <stdlib.h>

static _Thread_local uint64_t allocations;

static void *count_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(size);
}

static void *count_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, size);
}

static void pass_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

bool tls_count_allocations(void)
{
    return CRYPTO_set_mem_functions(count_malloc, count_realloc, pass_free) == 1;
}

uint64_t tls_allocations(void)
{
    return allocations;
}
