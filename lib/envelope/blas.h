/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/blas.h - private to envelope: a BLAS taken by dlopen, whichever make it is. Matrices
 * are square, by columns, not transposed: C = A B.
 *
 * Errors: -ENOENT no library, or not the one named; -EINVAL what was named is no BLAS.
 * Memory: blas_open() gives it to the caller; the library itself stays loaded until the end of the
 * process, because some keep threads that can't be stopped.
 */
#pragma once
#include "base/base.h"
#include "base/str.h"

enum gemm_type { GEMM_F32, GEMM_F64, GEMM_BF16, GEMM_TYPES_ };
const char *gemm_type_name(enum gemm_type t); /* "f32", "f64", "bf16": products into f32 */
size_t gemm_element(enum gemm_type t);        /* bytes of an element of A and B */
size_t gemm_result(enum gemm_type t);         /* of C */

struct blas;
/* @path NULL: the first of OpenBLAS, MKL, BLIS and the system's libblas that is there. */
NODISCARD int blas_open(struct blas **ret, const char *path, struct err *err);
void blas_close(struct blas *b);
DEFINE_AUTO(struct blas *, blas_close)

const char *blas_path(const struct blas *b);     /* of the object that holds the products */
const char *blas_build_id(const struct blas *b); /* hex; "" if none */
const char *blas_config(const struct blas *b);   /* in the library's words; "" if it has none */
const char *blas_core(const struct blas *b);     /* the kernels it chose; "" if it doesn't say */
/* Whether the library has a product of @t. */
bool blas_has(const struct blas *b, enum gemm_type t);
/* Asks for @threads; returns how many it will use as far as known, 0 if the library can't be
 * asked. */
int blas_set_threads(struct blas *b, int threads);
/* @a, @b, @c of @order squared elements each. */
void blas_gemm(const struct blas *b, enum gemm_type t, int order, const void *x, const void *y,
               void *z);
