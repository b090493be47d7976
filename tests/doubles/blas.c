/* SPDX-License-Identifier: Apache-2.0 */
/* A BLAS that multiplies nothing: it takes as long as 5 Gflop/s would, single or double. */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take_time(int n)
{
    int64_t until_ns = now_ns() + (int64_t)(2.0 * n * n * n / 5);

    while (now_ns() < until_ns)
        ;
}

void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    (void)order, (void)ta, (void)tb, (void)m, (void)k, (void)alpha, (void)lda, (void)b, (void)ldb;
    (void)beta, (void)ldc;
    c[0] = a[0];
    take_time(n);
}

void dgemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
            const double *beta, double *c, const int *ldc, size_t ta_len, size_t tb_len);
void dgemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
            const double *beta, double *c, const int *ldc, size_t ta_len, size_t tb_len)
{
    (void)tb, (void)m, (void)k, (void)alpha, (void)lda, (void)b, (void)ldb, (void)beta, (void)ldc;
    c[0] = *ta == 'N' && ta_len == 1 && tb_len == 1 ? a[0] : 0;
    take_time(*n);
}

char *openblas_get_config(void);
char *openblas_get_config(void)
{
    static char words[] = "a double of tests ";

    return words;
}
