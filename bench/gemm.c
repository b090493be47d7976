/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/gemm.c - one and the same GEMM through whatever BLAS is named: the program whose kernels
 * change while it and its flags do not.
 *
 *     bench_gemm LIBRARY N SECONDS     prints GFLOP/s of C = A B, N x N, double, one thread
 */
#include "base/clock.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CBLAS of the reference (netlib.org/blas): row major 101, no transposition 111. */
typedef void dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a,
                      int lda, const double *b, int ldb, double beta, double *c, int ldc);

static dgemm_fn *load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), *symbol = NULL;
    dgemm_fn *dgemm = NULL;

    if (handle)
        symbol = dlsym(handle, "cblas_dgemm");
    if (!symbol)
        (void)fprintf(stderr, "bench_gemm: %s\n", dlerror());
    memcpy(&dgemm, &symbol, sizeof dgemm);
    return dgemm;
}

static double run(dgemm_fn *dgemm, int n, int64_t for_ns)
{
    const size_t cells = (size_t)n * (size_t)n;
    double *v = malloc(3 * cells * sizeof *v), rate;
    const int64_t start_ns = clock_mono_ns();
    int64_t end_ns, done = 0;

    if (!v)
        return 0;
    for (size_t i = 0; i < 3 * cells; i++)
        v[i] = (double)(i % 97) / 97;
    do {
        dgemm(101, 111, 111, n, n, n, 1, v, n, v + cells, n, 0, v + 2 * cells, n);
        done++;
        end_ns = clock_mono_ns();
    } while (end_ns < start_ns + for_ns);
    rate = 2.0 * n * n * n * (double)done / (double)(end_ns - start_ns);
    free(v);
    return rate;
}

int main(int argc, char **argv)
{
    dgemm_fn *dgemm;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench_gemm LIBRARY N SECONDS\n");
        return 2;
    }
    (void)setenv("OPENBLAS_NUM_THREADS", "1", 1);
    dgemm = load(argv[1]);
    if (!dgemm)
        return 1;
    (void)printf("%.2f\n", run(dgemm, (int)strtol(argv[2], NULL, 10),
                               (int64_t)(strtod(argv[3], NULL) * 1e9)));
    return 0;
}
