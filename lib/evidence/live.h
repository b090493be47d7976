/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/evidence/live.h - a histogram of durations for the progress line: 64 buckets an octave, so
 * that a quantile is off by less than 1 %. Never part of the evidence.
 */
#pragma once
#include "base/base.h"

enum { LIVE_SUB_BITS = 6, LIVE_BUCKETS = (64 - LIVE_SUB_BITS) << LIVE_SUB_BITS };

struct live_histogram {
    uint64_t total;
    uint32_t count[LIVE_BUCKETS];
};

void live_add(struct live_histogram *h, int64_t ns);            /* negative counts as 0 */
double live_quantile(const struct live_histogram *h, double q); /* NAN: empty */
