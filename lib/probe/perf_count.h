/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/perf_count.h - samples by phase, object and place in its file; private to probe. Of
 * fixed size: once it is full, samples of new places are counted by object alone (PERF_NOWHERE).
 */
#pragma once
#include "base/base.h"

#define PERF_NOWHERE UINT64_MAX

struct perf_count {
    uint64_t offset; /* in the object's file */
    uint32_t object, phase;
    uint64_t samples; /* 0: a free slot */
};

struct perf_counts {
    struct perf_count *slots;
    size_t size, count; /* size: a power of two */
    uint64_t dropped;   /* samples that found no room at all */
};

/* 0 or -ENOMEM. */
NODISCARD int perf_counts_init(struct perf_counts *c, size_t size);
void perf_counts_add(struct perf_counts *c, uint32_t phase, uint32_t object, uint64_t offset);
/* By object, offset and phase, without the free slots: the first @count; nothing can be added any
 * more. */
void perf_counts_sort(struct perf_counts *c);
void perf_counts_release(struct perf_counts *c);
