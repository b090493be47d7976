/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/gemm.c - the rate of square matrix products by data type, with one thread and with
 * one a CPU. */
#include "base/clock.h"
#include "base/rng.h"
#include "envelope/blas.h"
#include "envelope/inside.h"
#include "envelope/sizes.h"
#include <stdio.h>
#include <string.h>

#define TARGET_S 0.1 /* of one product */

struct matrices {
    enum gemm_type type;
    int64_t order, bytes;
    char *pages, *x, *y, *z;
};

static void matrices_release(struct matrices *m)
{
    pages_free(m->pages, m->bytes);
}
DEFINE_AUTO_HELD(struct matrices, matrices_release)

/* In [-1, 1): a matrix of zeros may be multiplied sooner. */
static void fill(void *to, enum gemm_type type, size_t n)
{
    struct rng rng;

    rng_init(&rng, 1, (uint64_t)type);
    for (size_t i = 0; i < n; i++) {
        double v = 2 * rng_unit(&rng) - 1;
        float f = (float)v;
        uint32_t bits;

        memcpy(&bits, &f, sizeof bits);
        if (type == GEMM_F64)
            ((double *)to)[i] = v;
        else if (type == GEMM_F32)
            ((float *)to)[i] = f;
        else
            ((uint16_t *)to)[i] = (uint16_t)(bits >> 16);
    }
}

static int matrices_make(struct matrices *ret, enum gemm_type type, int64_t order, struct err *err)
{
    size_t elements = (size_t)(order * order);
    size_t one = elements * gemm_element(type);
    struct matrices m = {.type = type, .order = order};

    m.bytes = (int64_t)(2 * one + elements * gemm_result(type));
    m.pages = pages_new(m.bytes);
    if (!m.pages)
        return err_set(err, -ENOMEM, "no memory for matrices of order %" PRId64, order);
    m.x = m.pages;
    m.y = m.x + one;
    m.z = m.y + one;
    fill(m.x, type, 2 * elements);
    memset(m.z, 0, elements * gemm_result(type));
    *ret = m;
    return 0;
}

static struct repetition multiply(const struct blas *b, const struct matrices *m)
{
    int64_t start_ns = clock_mono_ns();

    blas_gemm(b, m->type, (int)m->order, m->x, m->y, m->z);
    return (struct repetition){start_ns, clock_mono_ns() - start_ns};
}

/* How fast a small product is says how large a good one may be. */
static int choose_order(int64_t *ret, struct measuring *m, const struct blas *b,
                        enum gemm_type type, struct err *err)
{
    AUTO(matrices_release) struct matrices small = {0};
    struct repetition best = {0};
    int r = matrices_make(&small, type, 2 * GEMM_ORDER_LEAST, err);

    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++) {
        struct repetition one = multiply(b, &small);

        if (i == 0 || one.length_ns < best.length_ns)
            best = one;
    }
    *ret = gemm_order(gemm_flops(small.order) * 1e9 / (double)i64_max(best.length_ns, 1), TARGET_S,
                      m->room.memory_bytes, gemm_result(type));
    return 0;
}

static int measure_type(struct measuring *m, const struct blas *b, enum gemm_type type, int threads,
                        struct err *err)
{
    AUTO(matrices_release) struct matrices x = {0};
    int64_t order = 0;
    int r = choose_order(&order, m, b, type, err);

    if (r == 0)
        r = matrices_make(&x, type, order, err);
    if (r < 0)
        return r;
    ceiling_begin(m, "flop/s", threads, "gemm.%s", gemm_type_name(type));
    m->c.order = order;
    m->c.size = x.bytes;
    m->c.work = gemm_flops(order);
    (void)multiply(b, &x);
    while (ceiling_goes_on(m))
        ceiling_add(m, multiply(b, &x));
    return ceiling_end(m);
}

static int put_library(struct measuring *m, const struct blas *b, bool named)
{
    static const char *const names[] = {"blas.build_id", "blas.config", "blas.core"};
    static const char words[] =
        "openblas_get_config, MKL_Get_Version_String or bli_info_get_version_str";
    static const char *const sources[] = {"its ELF note", words, "openblas_get_corename"};
    const char *values[] = {blas_build_id(b), blas_config(b), blas_core(b)};
    int r = envelope_fact(m, KNOWN_MEASURED, "blas.path", "",
                          named ? "dladdr, in the library named" : "dladdr, in the one found", "%s",
                          blas_path(b));

    for (size_t i = 0; i < COUNT_OF(names) && r == 0; i++)
        r = values[i][0] ? envelope_fact(m, i == 0 ? KNOWN_MEASURED : KNOWN_REPORTED, names[i], "",
                                         sources[i], "%s", values[i])
                         : envelope_absent(m, names[i], "%s has no such thing", blas_path(b));
    return r;
}

/* With the threads that the library may be told to use. */
static int measure_types(struct measuring *m, struct blas *b, int wanted, struct err *err)
{
    int threads = blas_set_threads(b, wanted), r = 0;

    for (enum gemm_type t = 0; t < GEMM_TYPES_ && r == 0; t++)
        if (blas_has(b, t))
            r = measure_type(m, b, t, threads, err);
    return r;
}

static int measure_blas(struct measuring *m, struct blas *b, struct err *err)
{
    const struct envelope_options *o = m->options;
    int most = 1, r = 0;

    for (int i = 0; i < o->thread_counts; i++)
        most = o->threads[i] > most ? o->threads[i] : most;
    for (enum gemm_type t = 0; t < GEMM_TYPES_ && r == 0; t++)
        if (!blas_has(b, t))
            r = envelope_absent(m, t == GEMM_BF16 ? "gemm.bf16" : "gemm", "%s has no product of %s",
                                blas_path(b), gemm_type_name(t));
    if (r == 0 && blas_set_threads(b, 1) == 0) {
        r = envelope_absent(m, "blas.threads", "%s can't be told how many threads to use",
                            blas_path(b));
        return r == 0 ? measure_types(m, b, 1, err) : r;
    }
    if (r == 0)
        r = measure_types(m, b, 1, err);
    return r == 0 && most > 1 ? measure_types(m, b, most, err) : r;
}

int gemm_open(struct measuring *m, struct err *err)
{
    const char *path = m->options->blas;
    int r = blas_open(&m->blas, path, &m->blas_why);

    return r == -ENOMEM || (r < 0 && path) ? err_set(err, r, "%s", m->blas_why.text) : 0;
}

int measure_gemm(struct measuring *m, struct err *err)
{
    int r;

    if (!m->blas)
        return envelope_absent(m, "gemm", "%s", m->blas_why.text);
    r = put_library(m, m->blas, m->options->blas != NULL);
    return r == 0 ? measure_blas(m, m->blas, err) : r;
}
