/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/blas.c - prototypes as the reference BLAS, CBLAS, OpenBLAS, MKL and BLIS publish
 * them, with 32-bit integers. */
#include "envelope/blas.h"
#include "base/fs.h"
#include "probe/elf_id.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 102, PLAIN = 111 }; /* CBLAS: column-major, no transposition */

typedef void cblas_f32(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                       int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void cblas_f64(int order, int ta, int tb, int m, int n, int k, double alpha,
                       const double *a, int lda, const double *b, int ldb, double beta, double *c,
                       int ldc);
typedef void cblas_bf16(int order, int ta, int tb, int m, int n, int k, float alpha,
                        const uint16_t *a, int lda, const uint16_t *b, int ldb, float beta,
                        float *c, int ldc);
/* Fortran: by reference, and the lengths of the two texts at the end. */
typedef void fortran_gemm(const char *ta, const char *tb, const int *m, const int *n, const int *k,
                          const void *alpha, const void *a, const int *lda, const void *b,
                          const int *ldb, const void *beta, void *c, const int *ldc, size_t ta_len,
                          size_t tb_len);

struct product {
    void *function;
    bool fortran;
};

struct blas {
    void *handle;
    struct product product[GEMM_TYPES_];
    char path[PATH_MAX], build_id[ELF_ID_TEXT], config[512], core[64];
};

const char *gemm_type_name(enum gemm_type t)
{
    static const char *const names[GEMM_TYPES_] = {"f32", "f64", "bf16"};

    return (unsigned)t < GEMM_TYPES_ ? names[t] : "?";
}

size_t gemm_element(enum gemm_type t)
{
    return t == GEMM_F64 ? sizeof(double) : t == GEMM_F32 ? sizeof(float) : sizeof(uint16_t);
}

size_t gemm_result(enum gemm_type t)
{
    return t == GEMM_F64 ? sizeof(double) : sizeof(float);
}

static void find_products(struct blas *b)
{
    static const struct {
        enum gemm_type type;
        const char *symbol;
        bool fortran;
    } known[] = {
        {GEMM_F32, "cblas_sgemm", false},   {GEMM_F32, "sgemm_", true},
        {GEMM_F64, "cblas_dgemm", false},   {GEMM_F64, "dgemm_", true},
        {GEMM_BF16, "cblas_sbgemm", false}, {GEMM_BF16, "cblas_gemm_bf16bf16f32", false},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct product *p = &b->product[known[i].type];

        if (!p->function && (p->function = dlsym(b->handle, known[i].symbol)))
            p->fortran = known[i].fortran;
    }
}

/* The file behind a symbolic link is the library; a dependency may hold the products. */
static void find_object(struct blas *b, void *function)
{
    char real[PATH_MAX];
    Dl_info info;

    if (dladdr(function, &info) && info.dli_fname)
        (void)snprintf(b->path, sizeof b->path, "%s",
                       realpath(info.dli_fname, real) ? real : info.dli_fname);
}

static void read_build_id(struct blas *b)
{
    AUTO(fd_close) int fd = open(b->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || elf_build_id(b->build_id, fd) < 0)
        b->build_id[0] = '\0';
}

static void ask_words(struct blas *b)
{
    char *(*config)(void) = (char *(*)(void))dlsym(b->handle, "openblas_get_config");
    char *(*core)(void) = (char *(*)(void))dlsym(b->handle, "openblas_get_corename");
    void (*mkl)(char *, int) = (void (*)(char *, int))dlsym(b->handle, "MKL_Get_Version_String");
    char *(*blis)(void) = (char *(*)(void))dlsym(b->handle, "bli_info_get_version_str");

    if (mkl)
        mkl(b->config, sizeof b->config - 1);
    else if (config || blis)
        (void)snprintf(b->config, sizeof b->config, "%s", config ? config() : blis());
    for (size_t n = strlen(b->config); n > 0 && b->config[n - 1] == ' '; n--)
        b->config[n - 1] = '\0';
    if (core)
        (void)snprintf(b->core, sizeof b->core, "%s", core());
}

static int load(struct blas *b, const char *path, struct err *err)
{
    static const char *const names[] = {"libopenblas.so.0", "libmkl_rt.so.2", "libmkl_rt.so.1",
                                        "libmkl_rt.so",     "libblis.so.4",   "libblas.so.3",
                                        "libblas.so"};

    if (path) {
        b->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        return b->handle ? 0 : err_set(err, -ENOENT, "%s", dlerror());
    }
    for (size_t i = 0; i < COUNT_OF(names) && !b->handle; i++)
        b->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return b->handle ? 0
                     : err_set(err, -ENOENT,
                               "none of libopenblas.so.0, libmkl_rt.so, libblis.so.4 and "
                               "libblas.so.3 can be loaded");
}

int blas_open(struct blas **ret, const char *path, struct err *err)
{
    AUTO(blas_close) struct blas *b = calloc(1, sizeof *b);
    void *function;
    int r;

    if (!b)
        return err_set(err, -ENOMEM, "out of memory for the BLAS");
    r = load(b, path, err);
    if (r < 0)
        return r;
    find_products(b);
    function = b->product[GEMM_F32].function;
    if (!function || !b->product[GEMM_F64].function)
        return err_set(err, -EINVAL, "%s is no BLAS: it has no cblas_sgemm and no sgemm_",
                       path ? path : "the library found");
    find_object(b, function);
    read_build_id(b);
    ask_words(b);
    *ret = TAKE(b);
    return 0;
}

void blas_close(struct blas *b)
{
    free(b);
}

const char *blas_path(const struct blas *b)
{
    return b->path;
}

const char *blas_build_id(const struct blas *b)
{
    return b->build_id;
}

const char *blas_config(const struct blas *b)
{
    return b->config;
}

const char *blas_core(const struct blas *b)
{
    return b->core;
}

bool blas_has(const struct blas *b, enum gemm_type t)
{
    return b->product[t].function;
}

int blas_set_threads(struct blas *b, int threads)
{
    static const char *const setters[] = {"openblas_set_num_threads", "MKL_Set_Num_Threads"};
    static const char *const getters[] = {"openblas_get_num_threads", "MKL_Get_Max_Threads"};

    for (size_t i = 0; i < COUNT_OF(setters); i++) {
        void (*set)(int) = (void (*)(int))dlsym(b->handle, setters[i]);
        int (*get)(void) = (int (*)(void))dlsym(b->handle, getters[i]);

        if (!set || !get)
            continue;
        set(threads);
        return get();
    }
    return 0;
}

static void by_fortran(const struct product *p, enum gemm_type t, int n, const void *x,
                       const void *y, void *z)
{
    static const double one64 = 1, zero64 = 0;
    static const float one32 = 1, zero32 = 0;
    fortran_gemm *gemm = (fortran_gemm *)p->function;

    if (t == GEMM_F64)
        gemm("N", "N", &n, &n, &n, &one64, x, &n, y, &n, &zero64, z, &n, 1, 1);
    else
        gemm("N", "N", &n, &n, &n, &one32, x, &n, y, &n, &zero32, z, &n, 1, 1);
}

void blas_gemm(const struct blas *b, enum gemm_type t, int order, const void *x, const void *y,
               void *z)
{
    const struct product *p = &b->product[t];
    const int n = order;

    assert(p->function);
    if (p->fortran)
        by_fortran(p, t, n, x, y, z);
    else if (t == GEMM_F32)
        ((cblas_f32 *)p->function)(COLUMNS, PLAIN, PLAIN, n, n, n, 1, x, n, y, n, 0, z, n);
    else if (t == GEMM_F64)
        ((cblas_f64 *)p->function)(COLUMNS, PLAIN, PLAIN, n, n, n, 1, x, n, y, n, 0, z, n);
    else
        ((cblas_bf16 *)p->function)(COLUMNS, PLAIN, PLAIN, n, n, n, 1, x, n, y, n, 0, z, n);
}
