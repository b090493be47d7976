/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/reorder.h - puts rows in order of time within a window of REORDER_WINDOW rows: a
 * log written when requests end is nearly, not fully, in order of their arrival. A min-heap; rows
 * of the same time keep the order of the source.
 */
#pragma once
#include "base/base.h"

enum { REORDER_WINDOW = 65536 };

struct pending {
    int64_t at_ns, line;
    int32_t input_tokens, output_tokens;
    uint32_t *ids; /* owned by the heap while in it */
    uint32_t id_count;
};

struct reorder { /* zero before first use */
    struct pending *heap;
    size_t count, cap;
};

/* Takes p->ids on success; -ENOMEM. Not more than REORDER_WINDOW at a time. */
NODISCARD int reorder_push(struct reorder *r, struct pending p);
/* The earliest; the caller frees its ids. r->count > 0. */
struct pending reorder_pop(struct reorder *r);
void reorder_release(struct reorder *r);
DEFINE_AUTO_HELD(struct reorder, reorder_release)
