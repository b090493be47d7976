/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/sizes.h - private to envelope: the arithmetic of what is measured and what it
 * counts. */
#pragma once
#include "base/base.h"

enum stream_kernel {
    STREAM_COPY,  /* c = a */
    STREAM_SCALE, /* b = s c */
    STREAM_ADD,   /* c = a + b */
    STREAM_TRIAD, /* a = b + s c */
    STREAM_READ,  /* the sum of a: nothing is written, as where weights are read */
    STREAM_KERNELS_
};
const char *stream_name(enum stream_kernel k); /* "copy", ... */
/* As McCalpin counts them: what the program reads and writes of doubles; that a cache may have to
 * read a line before it is written is not counted. */
double stream_bytes(enum stream_kernel k, size_t n);
int stream_arrays(enum stream_kernel k); /* that are touched */

/* Bytes of one array of three: four times @llc_bytes, the last-level caches together, and at least
 * 64 MiB; at most a third of @memory_bytes, what may be used. Whole pages. */
int64_t stream_array_bytes(int64_t llc_bytes, int64_t memory_bytes);
#define STREAM_LLC_TIMES 4

double gemm_flops(int64_t order); /* 2 n^3 */
/* The order of square matrices, 256 to 8192 by powers of two: the largest whose product takes at
 * most @target_s at @flops_per_s, and whose three matrices fit @memory_bytes. */
int64_t gemm_order(double flops_per_s, double target_s, int64_t memory_bytes, size_t element);
enum { GEMM_ORDER_LEAST = 256, GEMM_ORDER_MOST = 8192 };

/* Sizes of the pointer chase: from 16 KiB by fours, the last one at least four times @llc_bytes,
 * one last-level cache, unless @memory_bytes are fewer. Returns how many. */
int latency_sizes(int64_t *ret, int cap, int64_t llc_bytes, int64_t memory_bytes);

/* 1, 2, 4 ... @cpus. Returns how many. */
int thread_counts(int *ret, int cap, int cpus);
