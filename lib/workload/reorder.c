/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/reorder.h"
#include "base/vec.h"
#include <stdlib.h>

static bool before(const struct pending *a, const struct pending *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->line < b->line);
}

static void swap(struct pending *a, struct pending *b)
{
    struct pending t = *a;

    *a = *b;
    *b = t;
}

int reorder_push(struct reorder *r, struct pending p)
{
    assert(r->count < REORDER_WINDOW);
    if (VEC_PUSH(r->heap, r->count, r->cap, p) < 0)
        return -ENOMEM;
    for (size_t i = r->count - 1; i > 0 && before(&r->heap[i], &r->heap[(i - 1) / 2]);
         i = (i - 1) / 2)
        swap(&r->heap[i], &r->heap[(i - 1) / 2]);
    return 0;
}

struct pending reorder_pop(struct reorder *r)
{
    struct pending top;

    assert(r->count > 0);
    top = r->heap[0];
    r->heap[0] = r->heap[--r->count];
    for (size_t i = 0, child; (child = 2 * i + 1) < r->count; i = child) {
        if (child + 1 < r->count && before(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!before(&r->heap[child], &r->heap[i]))
            break;
        swap(&r->heap[child], &r->heap[i]);
    }
    return top;
}

void reorder_release(struct reorder *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->heap[i].ids);
    free(r->heap);
    *r = (struct reorder){0};
}
