/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program for the envelope's figures, sharing no code with it: the loops as STREAM has them
 * (one thread a CPU, all arrays in turn, times of whole loops), and products as OpenBLAS's own
 * benchmark/gemm.c makes them (one loop around the Fortran routine). Prints "NAME THREADS MEDIAN
 * BEST", bytes or operations a second.
 *
 *   bench_envelope_reference stream THREADS ELEMENTS TIMES
 *   bench_envelope_reference gemm LIBRARY THREADS ORDER TIMES f32|f64
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { KERNELS = 4, MOST = 1000 };
static const char *const names[KERNELS] = {"memory.copy", "memory.scale", "memory.add",
                                           "memory.triad"};
static const double bytes_of[KERNELS] = {16, 16, 24, 24};
static double *a, *b, *c;
static size_t n;
static int threads, times;
static pthread_barrier_t barrier;
static double seconds[KERNELS][MOST];

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void loop(int kernel, size_t from, size_t to)
{
    size_t j;

    switch (kernel) {
    case 0:
        for (j = from; j < to; j++)
            c[j] = a[j];
        break;
    case 1:
        for (j = from; j < to; j++)
            b[j] = 3.0 * c[j];
        break;
    case 2:
        for (j = from; j < to; j++)
            c[j] = a[j] + b[j];
        break;
    default:
        for (j = from; j < to; j++)
            a[j] = b[j] + 3.0 * c[j];
    }
}

static void *work(void *arg)
{
    size_t me = (size_t)(uintptr_t)arg, from = n * me / (size_t)threads;
    size_t to = n * (me + 1) / (size_t)threads;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(me, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
    for (size_t j = from; j < to; j++) {
        a[j] = 1;
        b[j] = 2;
        c[j] = 0;
    }
    for (int k = 0; k < times; k++)
        for (int kernel = 0; kernel < KERNELS; kernel++) {
            double start;

            (void)pthread_barrier_wait(&barrier);
            start = now();
            loop(kernel, from, to);
            (void)pthread_barrier_wait(&barrier);
            if (me == 0)
                seconds[kernel][k] = now() - start;
        }
    return NULL;
}

static int ascending(const void *x, const void *y)
{
    double p = *(const double *)x, q = *(const double *)y;

    return (p > q) - (p < q);
}

/* The first time is left out, as STREAM does. */
static void print(const char *name, double work_each, double *s)
{
    qsort(s + 1, (size_t)times - 1, sizeof *s, ascending);
    printf("%s %d %.6g %.6g\n", name, threads, work_each / s[1 + (times - 1) / 2],
           work_each / s[1]);
}

static double *array(void)
{
    void *p =
        mmap(NULL, n * sizeof(double), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        exit(1);
    (void)madvise(p, n * sizeof(double), MADV_HUGEPAGE);
    return p;
}

static int stream(char **argv)
{
    pthread_t thread[256];

    threads = atoi(argv[0]);
    n = (size_t)atoll(argv[1]);
    times = atoi(argv[2]);
    if (threads < 1 || threads > 256 || times < 2 || times > MOST)
        return 2;
    a = array();
    b = array();
    c = array();
    (void)pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 1;
    for (int i = 0; i < threads; i++)
        (void)pthread_join(thread[i], NULL);
    for (int k = 0; k < KERNELS; k++)
        print(names[k], bytes_of[k] * (double)n, seconds[k]);
    return 0;
}

typedef void gemm_function(const char *, const char *, const int *, const int *, const int *,
                           const void *, const void *, const int *, const void *, const int *,
                           const void *, void *, const int *);

static void *matrix(size_t elements, int doubles)
{
    void *m = malloc(elements * 8);

    for (size_t i = 0; m && i < elements; i++) {
        double v = (double)rand() / RAND_MAX - 0.5;

        if (doubles)
            ((double *)m)[i] = v;
        else
            ((float *)m)[i] = (float)v;
    }
    return m;
}

static int gemm(char **argv)
{
    void *library = dlopen(argv[0], RTLD_NOW);
    int m = atoi(argv[2]), doubles = strcmp(argv[4], "f64") == 0;
    double one64 = 1, zero64 = 0;
    float one32 = 1, zero32 = 0;
    gemm_function *function =
        library ? (gemm_function *)dlsym(library, doubles ? "dgemm_" : "sgemm_") : NULL;
    void (*set)(int) = library ? (void (*)(int))dlsym(library, "openblas_set_num_threads") : NULL;
    void *x = matrix((size_t)m * (size_t)m, doubles), *y = matrix((size_t)m * (size_t)m, doubles);
    void *z = matrix((size_t)m * (size_t)m, doubles);

    threads = atoi(argv[1]);
    times = atoi(argv[3]);
    if (!function || !x || !y || !z || times < 2 || times > MOST)
        return 1;
    if (set)
        set(threads);
    for (int k = 0; k < times; k++) {
        double start = now();

        function("N", "N", &m, &m, &m, doubles ? (void *)&one64 : (void *)&one32, x, &m, y, &m,
                 doubles ? (void *)&zero64 : (void *)&zero32, z, &m);
        seconds[0][k] = now() - start;
    }
    print(doubles ? "gemm.f64" : "gemm.f32", 2.0 * m * m * m, seconds[0]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "stream") == 0)
        return stream(argv + 2);
    if (argc == 7 && strcmp(argv[1], "gemm") == 0)
        return gemm(argv + 2);
    return 2;
}
