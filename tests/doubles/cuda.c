/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CUDA driver and cuBLAS in one, with one device whose rates are planted: the events' time is
 * the work since the first event over the rate of its kind. Types that the device lacks fail.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ptr;

static double work_ms; /* since the event that was recorded before */
static int math;

#define CALL(name, ...)                                                                            \
    int name(__VA_ARGS__);                                                                         \
    int name(__VA_ARGS__)

CALL(cuInit, unsigned flags)
{
    return (int)flags;
}

CALL(cuDriverGetVersion, int *v)
{
    *v = 12040;
    return 0;
}

CALL(cuDeviceGetCount, int *n)
{
    *n = 1;
    return 0;
}

CALL(cuDeviceGet, int *device, int i)
{
    *device = i + 7;
    return 0;
}

CALL(cuDeviceGetName, char *buf, int size, int device)
{
    (void)snprintf(buf, (size_t)size, "Planted %d", device);
    return 0;
}

CALL(cuDevicePrimaryCtxRetain, void **context, int device)
{
    *context = &work_ms;
    return device == 7 ? 0 : 101;
}

CALL(cuDevicePrimaryCtxRelease_v2, int device)
{
    return device == 7 ? 0 : 101;
}

CALL(cuCtxSetCurrent, void *context)
{
    return context == &work_ms ? 0 : 201;
}

CALL(cuMemGetInfo_v2, size_t *left, size_t *total)
{
    *left = *total = (size_t)64 << 20;
    return 0;
}

CALL(cuMemAlloc_v2, ptr *p, size_t n)
{
    void *memory = malloc(n);

    *p = (ptr)(uintptr_t)memory;
    return memory ? 0 : 2;
}

CALL(cuMemFree_v2, ptr p)
{
    free((void *)(uintptr_t)p);
    return 0;
}

CALL(cuMemAllocHost_v2, void **p, size_t n)
{
    *p = malloc(n);
    return *p ? 0 : 2;
}

CALL(cuMemFreeHost, void *p)
{
    free(p);
    return 0;
}

CALL(cuMemcpyDtoDAsync_v2, ptr to, ptr from, size_t n, void *stream) /* 2,000 GB/s, both ways */
{
    work_ms += 2.0 * (double)n / 2e12 * 1e3;
    return to && from && !stream ? 0 : 1;
}

CALL(cuMemcpyHtoDAsync_v2, ptr to, const void *from, size_t n, void *stream) /* 25 GB/s */
{
    work_ms += (double)n / 25e9 * 1e3;
    return to && from && !stream ? 0 : 1;
}

CALL(cuMemcpyDtoHAsync_v2, void *to, ptr from, size_t n, void *stream) /* 20 GB/s */
{
    work_ms += (double)n / 20e9 * 1e3;
    return to && from && !stream ? 0 : 1;
}

CALL(cuEventCreate, void **event, unsigned flags)
{
    *event = malloc(1);
    return *event ? (int)flags : 2;
}

CALL(cuEventDestroy_v2, void *event)
{
    free(event);
    return 0;
}

CALL(cuEventRecord, void *event, void *stream)
{
    static void *last;

    if (last != event && last == NULL)
        work_ms = 0;
    last = last ? NULL : event; /* from, to, from, to ... */
    return stream ? 1 : 0;
}

CALL(cuEventSynchronize, void *event)
{
    return event ? 0 : 1;
}

CALL(cuEventElapsedTime, float *ms, void *from, void *to)
{
    *ms = (float)work_ms;
    work_ms = 0;
    return from && to && from != to ? 0 : 1;
}

CALL(cublasCreate_v2, void **handle)
{
    *handle = &math;
    return 0;
}

CALL(cublasDestroy_v2, void *handle)
{
    return handle == &math ? 0 : 1;
}

CALL(cublasGetVersion_v2, void *handle, int *v)
{
    *v = 120405;
    return handle == &math ? 0 : 1;
}

CALL(cublasSetMathMode, void *handle, int mode)
{
    math = mode;
    return handle == &math ? 0 : 1;
}

static int product(int n, double flops_per_s)
{
    work_ms += 2.0 * n * n * n / flops_per_s * 1e3;
    return 0;
}

CALL(cublasDgemm_v2, void *h, int ta, int tb, int m, int n, int k, const double *alpha, ptr a,
     int lda, ptr b, int ldb, const double *beta, ptr c, int ldc)
{
    (void)h, (void)ta, (void)tb, (void)m, (void)k, (void)lda, (void)ldb, (void)ldc;
    return *alpha == 1 && *beta == 0 && a && b && c ? product(n, 1e12) : 7;
}

CALL(cublasSgemm_v2, void *h, int ta, int tb, int m, int n, int k, const float *alpha, ptr a,
     int lda, ptr b, int ldb, const float *beta, ptr c, int ldc)
{
    (void)h, (void)ta, (void)tb, (void)m, (void)k, (void)lda, (void)ldb, (void)ldc;
    return *alpha == 1 && *beta == 0 && a && b && c ? product(n, math == 3 ? 8e12 : 2e12) : 7;
}

CALL(cublasGemmEx, void *h, int ta, int tb, int m, int n, int k, const float *alpha, ptr a, int at,
     int lda, ptr b, int bt, int ldb, const float *beta, ptr c, int ct, int ldc, int compute,
     int algorithm)
{
    (void)h, (void)ta, (void)tb, (void)m, (void)k, (void)lda, (void)ldb, (void)ldc, (void)alpha;
    (void)beta;
    if (!a || !b || !c || at != bt || ct != 0 || compute != 68 || algorithm != -1)
        return 7;
    return at == 2 ? product(n, 16e12) : 15; /* f16; no bf16 here */
}
