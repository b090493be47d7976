/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/telemetry_sums.h - what each series of an evidence file came to. */
#pragma once
#include "base/arena.h"
#include "evidence/evidence.h"

struct series_sum {
    struct series series; /* strings in the arena */
    int64_t rows;
    double least, mean, most, last; /* of no rows: 0 */
};

struct telemetry_sums { /* zeroed: nothing */
    struct arena arena;
    struct series_sum *items; /* in the order in which they were declared */
    size_t count, cap;
};

/* @in_trials: only what was put while a trial ran, capacity pilots too. -ENOMEM, or the evidence's
 * errors. */
NODISCARD int telemetry_sums_read(struct telemetry_sums *t, struct evidence *e, bool in_trials,
                                  struct err *err);
void telemetry_sums_release(struct telemetry_sums *t);
DEFINE_AUTO_HELD(struct telemetry_sums, telemetry_sums_release)
