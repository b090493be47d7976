/* SPDX-License-Identifier: Apache-2.0 */
/* What an injection library left: whatever is read is written the same way from then on, and never
 * counts more launches than it says. */
#include "record/kernels.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ROOM = 4 << 20 };

struct text {
    char *data;
    size_t n;
};

static int put(void *ctx, const char *text, size_t n)
{
    struct text *t = ctx;

    if (n > ROOM - t->n)
        abort();
    memcpy(t->data + t->n, text, n);
    t->n += n;
    return 0;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct kernels k, again;
    static char one[ROOM], other[ROOM];
    struct text first = {one, 0}, second = {other, 0};

    if (kernels_read(&k, (const char *)data, n, NULL) < 0)
        return 0;
    must(k.count < KERNEL_ROWS && k.libraries.count <= KERNEL_LIBRARIES);
    for (size_t i = 0; i < KERNEL_ROWS; i++)
        must(k.rows[i].of_graphs <= k.rows[i].launches && k.rows[i].time_ns >= 0);
    must(kernels_write(&k, put, &first) == 0);
    if (kernels_read(&again, first.data, first.n, NULL) < 0)
        return 0; /* sums may have outgrown what is read */
    must(again.count == k.count && again.time_ns == k.time_ns);
    must(kernels_write(&again, put, &second) == 0);
    must(second.n == first.n);
    return 0;
}
