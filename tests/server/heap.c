/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of connections by deadline; each knows its place, so that it can leave. */
#include "refserver.h"
#include "base/vec.h"
#include <stdlib.h>

static void place(struct worker *w, size_t i, struct conn *c)
{
    w->heap[i] = c;
    c->heap_at = i;
}

static void sift_up(struct worker *w, size_t i, struct conn *c)
{
    while (i > 0 && c->due_ns < w->heap[(i - 1) / 2]->due_ns) {
        place(w, i, w->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(w, i, c);
}

static void sift_down(struct worker *w, size_t i, struct conn *c)
{
    for (size_t child; (child = 2 * i + 1) < w->heap_len; i = child) {
        if (child + 1 < w->heap_len && w->heap[child + 1]->due_ns < w->heap[child]->due_ns)
            child++;
        if (c->due_ns <= w->heap[child]->due_ns)
            break;
        place(w, i, w->heap[child]);
    }
    place(w, i, c);
}

void heap_put(struct worker *w, struct conn *c, int64_t due_ns)
{
    if (c->state == CONN_TIMED) { /* only ever later than it was */
        c->due_ns = due_ns;
        sift_down(w, c->heap_at, c);
        return;
    }
    c->due_ns = due_ns;
    c->state = CONN_TIMED;
    if (VEC_PUSH(w->heap, w->heap_len, w->heap_cap, c) < 0)
        abort(); /* a test server without memory has nothing to say */
    sift_up(w, w->heap_len - 1, c);
}

void heap_drop(struct worker *w, struct conn *c)
{
    struct conn *last = w->heap[--w->heap_len];
    size_t i = c->heap_at;

    if (last == c)
        return;
    if (i > 0 && last->due_ns < w->heap[(i - 1) / 2]->due_ns)
        sift_up(w, i, last);
    else
        sift_down(w, i, last);
}
