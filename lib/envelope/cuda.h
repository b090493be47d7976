/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/cuda.h - private to envelope: the CUDA driver and cuBLAS by dlopen, with own
 * prototypes of the few functions that it takes, so that the program builds without CUDA.
 *
 * Errors: -ENOENT no library, no device or a function that is missing; -EIO a call failed. The
 * words name the call and its number.
 */
#pragma once
#include "base/base.h"

typedef unsigned long long cuda_ptr;

enum gpu_type { GPU_F64, GPU_F32, GPU_TF32, GPU_F16, GPU_BF16, GPU_TYPES_ };
const char *gpu_type_name(enum gpu_type t);
size_t gpu_element(enum gpu_type t);

enum gpu_copy { GPU_DEVICE, GPU_TO_DEVICE, GPU_TO_HOST, GPU_COPIES_ };

struct cuda;
/* Loads the driver and starts it. */
NODISCARD int cuda_open(struct cuda **ret, const char *path, struct err *err);
void cuda_close(struct cuda *c);
DEFINE_AUTO(struct cuda *, cuda_close)
int cuda_devices(const struct cuda *c);
int cuda_driver_version(const struct cuda *c); /* 12040: 12.4; 0: it doesn't say */
/* From now on all calls are of device @device. */
NODISCARD int cuda_use(struct cuda *c, int device, struct err *err);
void cuda_leave(struct cuda *c);
NODISCARD int cuda_name(char *buf, int size, const struct cuda *c, struct err *err);
NODISCARD int cuda_memory(size_t *free_bytes, const struct cuda *c, struct err *err);
NODISCARD int cuda_alloc(cuda_ptr *ret, const struct cuda *c, size_t bytes, struct err *err);
void cuda_free(const struct cuda *c, cuda_ptr p); /* 0 is a no-op */
/* Pinned memory of the host. */
NODISCARD int cuda_host_alloc(void **ret, const struct cuda *c, size_t bytes, struct err *err);
void cuda_host_free(const struct cuda *c, void *p);
/* Begun, not awaited. @host is the other side of a copy to or from the device. */
NODISCARD int cuda_copy(const struct cuda *c, enum gpu_copy kind, cuda_ptr to, cuda_ptr from,
                        void *host, size_t bytes, struct err *err);
/* How long the device takes from here ... */
NODISCARD int cuda_mark(const struct cuda *c, struct err *err);
/* ... to here, by its own events, all awaited. */
NODISCARD int cuda_lap(int64_t *ret_ns, const struct cuda *c, struct err *err);

NODISCARD int cublas_open(struct cuda *c, const char *path, struct err *err);
int cublas_version(const struct cuda *c);
const char *cublas_name(const struct cuda *c);               /* the file that was loaded */
NODISCARD int cublas_begin(struct cuda *c, struct err *err); /* on the device in use */
void cublas_end(struct cuda *c);
/* Begun, not awaited: C = A B of @order; A and B of @t, C of it or f32. */
NODISCARD int cublas_gemm(const struct cuda *c, enum gpu_type t, int order, cuda_ptr x, cuda_ptr y,
                          cuda_ptr z, struct err *err);
