/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of GGUF files: any bytes are read or refused, and what is read is within bounds. */
#include "probe/gguf.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bytes {
    const uint8_t *data;
    size_t n;
};

static int64_t read_bytes(void *ctx, void *data, size_t n, uint64_t offset)
{
    const struct bytes *b = ctx;
    const size_t left = offset < b->n ? b->n - (size_t)offset : 0;
    const size_t got = left < n ? left : n;

    if (got > 0)
        memcpy(data, b->data + offset, got);
    return (int64_t)got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes b = {data, n};
    struct err err = {0};
    struct gguf g;
    int r = gguf_read(&g, &(struct gguf_source){read_bytes, &b}, &err);

    if (r < 0 && !err.text[0])
        abort();
    if (r == 0 && (g.parameters > INT64_MAX || memchr(g.architecture, 0, GGUF_TEXT) == NULL ||
                   memchr(g.name, 0, GGUF_TEXT) == NULL))
        abort();
    return 0;
}
