/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/cuda.c - names and numbers are those of the CUDA driver API and of cuBLAS, which
 * keep them from version to version. */
#include "envelope/cuda.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { /* cudaDataType, cublasComputeType_t, cublasMath_t */
       R_32F = 0,
       R_16F = 2,
       R_16BF = 14,
       COMPUTE_32F = 68,
       ALGORITHM_DEFAULT = -1,
       MATH_DEFAULT = 0,
       MATH_TF32 = 3,
};

struct driver {
    int (*init)(unsigned);
    int (*version)(int *);
    int (*count)(int *);
    int (*get)(int *, int);
    int (*name)(char *, int, int);
    int (*retain)(void **, int);
    int (*release)(int);
    int (*current)(void *);
    int (*info)(size_t *, size_t *);
    int (*alloc)(cuda_ptr *, size_t);
    int (*free)(cuda_ptr);
    int (*host_alloc)(void **, size_t);
    int (*host_free)(void *);
    int (*dtod)(cuda_ptr, cuda_ptr, size_t, void *);
    int (*htod)(cuda_ptr, const void *, size_t, void *);
    int (*dtoh)(void *, cuda_ptr, size_t, void *);
    int (*event_new)(void **, unsigned);
    int (*event_free)(void *);
    int (*event_record)(void *, void *);
    int (*event_wait)(void *);
    int (*event_time)(float *, void *, void *);
};

struct library {
    int (*create)(void **);
    int (*destroy)(void *);
    int (*version)(void *, int *);
    int (*math)(void *, int);
    int (*sgemm)(void *, int, int, int, int, int, const float *, cuda_ptr, int, cuda_ptr, int,
                 const float *, cuda_ptr, int);
    int (*dgemm)(void *, int, int, int, int, int, const double *, cuda_ptr, int, cuda_ptr, int,
                 const double *, cuda_ptr, int);
    int (*gemm_ex)(void *, int, int, int, int, int, const void *, cuda_ptr, int, int, cuda_ptr, int,
                   int, const void *, cuda_ptr, int, int, int, int);
};

struct cuda {
    void *handle, *blas_handle;
    struct driver d;
    struct library b;
    int devices, device;
    bool in_use;
    void *from, *to; /* events */
    void *blas;
    char blas_name[64];
};

struct symbol {
    const char *name;
    size_t at; /* offset of the pointer */
};

static const struct symbol driver_symbols[] = {
    {"cuInit", offsetof(struct driver, init)},
    {"cuDriverGetVersion", offsetof(struct driver, version)},
    {"cuDeviceGetCount", offsetof(struct driver, count)},
    {"cuDeviceGet", offsetof(struct driver, get)},
    {"cuDeviceGetName", offsetof(struct driver, name)},
    {"cuDevicePrimaryCtxRetain", offsetof(struct driver, retain)},
    {"cuDevicePrimaryCtxRelease_v2", offsetof(struct driver, release)},
    {"cuCtxSetCurrent", offsetof(struct driver, current)},
    {"cuMemGetInfo_v2", offsetof(struct driver, info)},
    {"cuMemAlloc_v2", offsetof(struct driver, alloc)},
    {"cuMemFree_v2", offsetof(struct driver, free)},
    {"cuMemAllocHost_v2", offsetof(struct driver, host_alloc)},
    {"cuMemFreeHost", offsetof(struct driver, host_free)},
    {"cuMemcpyDtoDAsync_v2", offsetof(struct driver, dtod)},
    {"cuMemcpyHtoDAsync_v2", offsetof(struct driver, htod)},
    {"cuMemcpyDtoHAsync_v2", offsetof(struct driver, dtoh)},
    {"cuEventCreate", offsetof(struct driver, event_new)},
    {"cuEventDestroy_v2", offsetof(struct driver, event_free)},
    {"cuEventRecord", offsetof(struct driver, event_record)},
    {"cuEventSynchronize", offsetof(struct driver, event_wait)},
    {"cuEventElapsedTime", offsetof(struct driver, event_time)},
};

static const struct symbol library_symbols[] = {
    {"cublasCreate_v2", offsetof(struct library, create)},
    {"cublasDestroy_v2", offsetof(struct library, destroy)},
    {"cublasGetVersion_v2", offsetof(struct library, version)},
    {"cublasSetMathMode", offsetof(struct library, math)},
    {"cublasSgemm_v2", offsetof(struct library, sgemm)},
    {"cublasDgemm_v2", offsetof(struct library, dgemm)},
    {"cublasGemmEx", offsetof(struct library, gemm_ex)},
};

const char *gpu_type_name(enum gpu_type t)
{
    static const char *const names[GPU_TYPES_] = {"f64", "f32", "tf32", "f16", "bf16"};

    return (unsigned)t < GPU_TYPES_ ? names[t] : "?";
}

size_t gpu_element(enum gpu_type t)
{
    return t == GPU_F64 ? 8 : t == GPU_F32 || t == GPU_TF32 ? 4 : 2;
}

static int failed(struct err *err, const char *call, int code)
{
    return code == 0 ? 0 : err_set(err, -EIO, "%s: error %d", call, code);
}

static int resolve(void *into, void *handle, const struct symbol *symbols, size_t n,
                   struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        void *function = dlsym(handle, symbols[i].name);

        if (!function)
            return err_set(err, -ENOENT, "the library has no %s", symbols[i].name);
        memcpy((char *)into + symbols[i].at, &function, sizeof function);
    }
    return 0;
}

static int start(struct cuda *c, struct err *err)
{
    int r = failed(err, "cuInit", c->d.init(0));

    if (r == 0)
        r = failed(err, "cuDeviceGetCount", c->d.count(&c->devices));
    if (r == 0 && c->devices == 0)
        r = err_set(err, -ENOENT, "the driver has no device");
    return r;
}

int cuda_open(struct cuda **ret, const char *path, struct err *err)
{
    AUTO(cuda_close) struct cuda *c = calloc(1, sizeof *c);
    int r;

    if (!c)
        return err_set(err, -ENOMEM, "out of memory for the GPUs");
    c->handle = dlopen(path ? path : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!c->handle)
        return err_set(err, -ENOENT, "no NVIDIA driver: %s", dlerror());
    r = resolve(&c->d, c->handle, driver_symbols, COUNT_OF(driver_symbols), err);
    if (r == 0)
        r = start(c, err);
    if (r == 0)
        *ret = TAKE(c);
    return r;
}

void cuda_close(struct cuda *c) /* the libraries stay: they keep threads of their own */
{
    if (!c)
        return;
    cuda_leave(c);
    free(c);
}

int cuda_devices(const struct cuda *c)
{
    return c->devices;
}

int cuda_driver_version(const struct cuda *c)
{
    int v = 0;

    return c->d.version(&v) == 0 ? v : 0;
}

int cuda_use(struct cuda *c, int device, struct err *err)
{
    void *context;
    int r;

    assert(!c->in_use);
    r = failed(err, "cuDeviceGet", c->d.get(&c->device, device));
    if (r == 0)
        r = failed(err, "cuDevicePrimaryCtxRetain", c->d.retain(&context, c->device));
    if (r < 0)
        return r;
    c->in_use = true;
    r = failed(err, "cuCtxSetCurrent", c->d.current(context));
    if (r == 0)
        r = failed(err, "cuEventCreate", c->d.event_new(&c->from, 0));
    if (r == 0)
        r = failed(err, "cuEventCreate", c->d.event_new(&c->to, 0));
    if (r < 0)
        cuda_leave(c);
    return r;
}

void cuda_leave(struct cuda *c)
{
    if (!c->in_use)
        return;
    cublas_end(c);
    if (c->from)
        (void)c->d.event_free(TAKE(c->from));
    if (c->to)
        (void)c->d.event_free(TAKE(c->to));
    (void)c->d.release(c->device);
    c->in_use = false;
}

int cuda_name(char *buf, int size, const struct cuda *c, struct err *err)
{
    return failed(err, "cuDeviceGetName", c->d.name(buf, size, c->device));
}

int cuda_memory(size_t *free_bytes, const struct cuda *c, struct err *err)
{
    size_t total;

    return failed(err, "cuMemGetInfo", c->d.info(free_bytes, &total));
}

int cuda_alloc(cuda_ptr *ret, const struct cuda *c, size_t bytes, struct err *err)
{
    return failed(err, "cuMemAlloc", c->d.alloc(ret, bytes));
}

void cuda_free(const struct cuda *c, cuda_ptr p)
{
    if (p)
        (void)c->d.free(p);
}

int cuda_host_alloc(void **ret, const struct cuda *c, size_t bytes, struct err *err)
{
    return failed(err, "cuMemAllocHost", c->d.host_alloc(ret, bytes));
}

void cuda_host_free(const struct cuda *c, void *p)
{
    if (p)
        (void)c->d.host_free(p);
}

int cuda_copy(const struct cuda *c, enum gpu_copy kind, cuda_ptr to, cuda_ptr from, void *host,
              size_t bytes, struct err *err)
{
    if (kind == GPU_DEVICE)
        return failed(err, "cuMemcpyDtoDAsync", c->d.dtod(to, from, bytes, NULL));
    if (kind == GPU_TO_DEVICE)
        return failed(err, "cuMemcpyHtoDAsync", c->d.htod(to, host, bytes, NULL));
    return failed(err, "cuMemcpyDtoHAsync", c->d.dtoh(host, from, bytes, NULL));
}

int cuda_mark(const struct cuda *c, struct err *err)
{
    return failed(err, "cuEventRecord", c->d.event_record(c->from, NULL));
}

int cuda_lap(int64_t *ret_ns, const struct cuda *c, struct err *err)
{
    float ms;
    int r = failed(err, "cuEventRecord", c->d.event_record(c->to, NULL));

    if (r == 0)
        r = failed(err, "cuEventSynchronize", c->d.event_wait(c->to));
    if (r == 0)
        r = failed(err, "cuEventElapsedTime", c->d.event_time(&ms, c->from, c->to));
    if (r == 0)
        *ret_ns = (int64_t)((double)ms * 1e6);
    return r;
}

int cublas_open(struct cuda *c, const char *path, struct err *err)
{
    static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11",
                                        "libcublas.so"};

    for (size_t i = 0; i < COUNT_OF(names) && !c->blas_handle; i++) {
        const char *name = path ? path : names[i];

        c->blas_handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        (void)snprintf(c->blas_name, sizeof c->blas_name, "%s", name);
    }
    if (!c->blas_handle)
        return err_set(err, -ENOENT, "no libcublas.so.13, .12 or .11 can be loaded");
    return resolve(&c->b, c->blas_handle, library_symbols, COUNT_OF(library_symbols), err);
}

const char *cublas_name(const struct cuda *c)
{
    return c->blas_name;
}

int cublas_version(const struct cuda *c)
{
    int v = 0;

    return c->b.version(c->blas, &v) == 0 ? v : 0;
}

int cublas_begin(struct cuda *c, struct err *err)
{
    assert(c->blas_handle && !c->blas);
    return failed(err, "cublasCreate", c->b.create(&c->blas));
}

void cublas_end(struct cuda *c)
{
    if (c->blas)
        (void)c->b.destroy(TAKE(c->blas));
}

static int gemm_of(const struct cuda *c, enum gpu_type t, int n, cuda_ptr x, cuda_ptr y, cuda_ptr z)
{
    static const float one = 1, zero = 0;
    static const double one64 = 1, zero64 = 0;
    int type = t == GPU_F16 ? R_16F : R_16BF;

    if (t == GPU_F64)
        return c->b.dgemm(c->blas, 0, 0, n, n, n, &one64, x, n, y, n, &zero64, z, n);
    if (t == GPU_F32 || t == GPU_TF32)
        return c->b.sgemm(c->blas, 0, 0, n, n, n, &one, x, n, y, n, &zero, z, n);
    return c->b.gemm_ex(c->blas, 0, 0, n, n, n, &one, x, type, n, y, type, n, &zero, z, R_32F, n,
                        COMPUTE_32F, ALGORITHM_DEFAULT);
}

int cublas_gemm(const struct cuda *c, enum gpu_type t, int order, cuda_ptr x, cuda_ptr y,
                cuda_ptr z, struct err *err)
{
    int mode = t == GPU_TF32 ? MATH_TF32 : MATH_DEFAULT;
    int r = failed(err, "cublasSetMathMode", c->b.math(c->blas, mode));

    return r < 0 ? r : failed(err, "a product of cuBLAS", gemm_of(c, t, order, x, y, z));
}
