/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/sizes.h"

enum { PAGE = 4096 };
#define STREAM_LEAST (INT64_C(64) << 20)

const char *stream_name(enum stream_kernel k)
{
    static const char *const names[STREAM_KERNELS_] = {"copy", "scale", "add", "triad", "read"};

    return (unsigned)k < STREAM_KERNELS_ ? names[k] : "?";
}

int stream_arrays(enum stream_kernel k)
{
    return k == STREAM_READ ? 1 : k == STREAM_ADD || k == STREAM_TRIAD ? 3 : 2;
}

double stream_bytes(enum stream_kernel k, size_t n)
{
    return (double)stream_arrays(k) * sizeof(double) * (double)n;
}

int64_t stream_array_bytes(int64_t llc_bytes, int64_t memory_bytes)
{
    int64_t wanted = i64_max(STREAM_LLC_TIMES * llc_bytes, STREAM_LEAST);
    int64_t bytes = i64_min(wanted, memory_bytes / 3);

    return i64_max(bytes / PAGE, 1) * PAGE;
}

double gemm_flops(int64_t order)
{
    double n = (double)order;

    return 2 * n * n * n;
}

int64_t gemm_order(double flops_per_s, double target_s, int64_t memory_bytes, size_t element)
{
    int64_t order = GEMM_ORDER_LEAST;

    while (order < GEMM_ORDER_MOST && gemm_flops(2 * order) <= flops_per_s * target_s &&
           3 * 4 * order * order * (int64_t)element <= memory_bytes)
        order *= 2;
    return order;
}

int latency_sizes(int64_t *ret, int cap, int64_t llc_bytes, int64_t memory_bytes)
{
    int64_t bytes = 16 << 10;
    int n = 0;

    while (n < cap && bytes <= memory_bytes) {
        ret[n++] = bytes;
        if (bytes >= STREAM_LLC_TIMES * llc_bytes)
            break;
        bytes *= 4;
    }
    return n;
}

int thread_counts(int *ret, int cap, int cpus)
{
    int n = 0;

    for (int t = 1; t < cpus && n < cap - 1; t *= 2)
        ret[n++] = t;
    ret[n++] = cpus;
    return n;
}
