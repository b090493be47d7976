/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/gpu.c - the same of each NVIDIA GPU: copies, and products through cuBLAS. What fails
 * on a device is absent with the driver's word, and the next device is asked. */
#include "base/clock.h"
#include "base/rng.h"
#include "envelope/cuda.h"
#include "envelope/inside.h"
#include "envelope/sizes.h"
#include <stdio.h>
#include <string.h>

#define COPY_BYTES ((size_t)256 << 20)
#define TARGET_S 0.1

struct gpu {
    struct measuring *m;
    struct cuda *cuda;
    int number;
    int sink; /* what the sink returned, where that ended it */
    cuda_ptr x, y, z;
    void *host;
};

static void gpu_release(struct gpu *g)
{
    cuda_free(g->cuda, g->x);
    cuda_free(g->cuda, g->y);
    cuda_free(g->cuda, g->z);
    cuda_host_free(g->cuda, g->host);
    g->x = g->y = g->z = 0;
    g->host = NULL;
}

static int gpu_ceiling_end(struct gpu *g)
{
    g->sink = ceiling_end(g->m);
    return g->sink;
}

static int gpu_fact(struct gpu *g, enum known known, const char *name, const char *unit,
                    const char *source, const char *value)
{
    char full[64];

    (void)snprintf(full, sizeof full, "gpu.%d.%s", g->number, name);
    g->sink = value ? envelope_fact(g->m, known, full, unit, source, "%s", value)
                    : envelope_absent(g->m, full, "%s", source);
    return g->sink;
}

static int copy_once(struct repetition *ret, const struct gpu *g, enum gpu_copy kind, size_t bytes,
                     struct err *err)
{
    int r;

    ret->start_ns = clock_mono_ns();
    r = cuda_mark(g->cuda, err);
    if (r == 0)
        r = cuda_copy(g->cuda, kind, g->x, g->y, g->host, bytes, err);
    return r == 0 ? cuda_lap(&ret->length_ns, g->cuda, err) : r;
}

static int measure_copy(struct gpu *g, enum gpu_copy kind, size_t bytes, struct err *err)
{
    static const char *const names[GPU_COPIES_] = {"device", "to_device", "to_host"};
    struct repetition one;
    int r = copy_once(&one, g, kind, bytes, err);

    ceiling_begin(g->m, "bytes/s", 0, "gpu.%d.copy.%s", g->number, names[kind]);
    g->m->c.size = (int64_t)bytes;
    g->m->c.work = (double)bytes * (kind == GPU_DEVICE ? 2 : 1); /* read and written there */
    while (r == 0 && ceiling_goes_on(g->m)) {
        r = copy_once(&one, g, kind, bytes, err);
        if (r == 0)
            ceiling_add(g->m, one);
    }
    return r < 0 ? r : gpu_ceiling_end(g);
}

static int gemm_once(struct repetition *ret, const struct gpu *g, enum gpu_type type, int64_t order,
                     struct err *err)
{
    int r;

    ret->start_ns = clock_mono_ns();
    r = cuda_mark(g->cuda, err);
    if (r == 0)
        r = cublas_gemm(g->cuda, type, (int)order, g->x, g->y, g->z, err);
    return r == 0 ? cuda_lap(&ret->length_ns, g->cuda, err) : r;
}

/* Random bits would hold infinities: the host writes numbers in [-1, 1) and copies them. */
static void fill(void *to, enum gpu_type type, size_t bytes)
{
    size_t n = bytes / gpu_element(type);
    struct rng rng;

    rng_init(&rng, 1, (uint64_t)type);
    for (size_t i = 0; i < n; i++) {
        double v = 2 * rng_unit(&rng) - 1;
        float f = (float)v;
        uint32_t bits;

        memcpy(&bits, &f, sizeof bits);
        if (type == GPU_F64)
            ((double *)to)[i] = v;
        else if (type == GPU_F32 || type == GPU_TF32)
            ((float *)to)[i] = f;
        else if (type == GPU_BF16)
            ((uint16_t *)to)[i] = (uint16_t)(bits >> 16);
        else /* sign and ten bits of [0.5, 1) */
            ((uint16_t *)to)[i] = (uint16_t)((bits >> 16 & 0x8000) | 0x3800 | (bits & 0x3ff));
    }
}

static int alloc_matrices(struct gpu *g, enum gpu_type type, int64_t order, struct err *err)
{
    size_t elements = (size_t)(order * order), bytes = elements * gpu_element(type);
    size_t result = elements * (type == GPU_F64 ? 8 : 4);
    int r = cuda_host_alloc(&g->host, g->cuda, bytes, err);

    if (r == 0)
        r = cuda_alloc(&g->x, g->cuda, bytes, err);
    if (r == 0)
        r = cuda_alloc(&g->y, g->cuda, bytes, err);
    if (r == 0)
        r = cuda_alloc(&g->z, g->cuda, result, err);
    if (r < 0)
        return r;
    fill(g->host, type, bytes);
    r = cuda_copy(g->cuda, GPU_TO_DEVICE, g->x, 0, g->host, bytes, err);
    return r == 0 ? cuda_copy(g->cuda, GPU_TO_DEVICE, g->y, 0, g->host, bytes, err) : r;
}

static int choose_order(int64_t *ret, struct gpu *g, enum gpu_type type, struct err *err)
{
    const int64_t small = 2048;
    struct repetition one = {0};
    size_t free_bytes = 0;
    int r = alloc_matrices(g, type, small, err);

    for (int i = 0; i < 3 && r == 0; i++)
        r = gemm_once(&one, g, type, small, err);
    if (r == 0)
        r = cuda_memory(&free_bytes, g->cuda, err);
    gpu_release(g);
    if (r == 0)
        *ret = gemm_order(gemm_flops(small) * 1e9 / (double)i64_max(one.length_ns, 1), TARGET_S,
                          (int64_t)(free_bytes / 2), 8);
    return r;
}

static int measure_product(struct gpu *g, enum gpu_type type, struct err *err)
{
    struct repetition one;
    int64_t order = 0;
    int r = choose_order(&order, g, type, err);

    if (r == 0)
        r = alloc_matrices(g, type, order, err);
    ceiling_begin(g->m, "flop/s", 0, "gpu.%d.gemm.%s", g->number, gpu_type_name(type));
    g->m->c.order = order;
    g->m->c.size = order * order * (int64_t)(2 * gpu_element(type) + (type == GPU_F64 ? 8 : 4));
    g->m->c.work = gemm_flops(order);
    if (r == 0)
        r = gemm_once(&one, g, type, order, err);
    while (r == 0 && ceiling_goes_on(g->m)) {
        r = gemm_once(&one, g, type, order, err);
        if (r == 0)
            ceiling_add(g->m, one);
    }
    gpu_release(g);
    return r < 0 ? r : gpu_ceiling_end(g);
}

/* A failure of the device is told and forgotten; one of the sink ends everything. */
static int told(struct gpu *g, const char *what, int r, const struct err *why)
{
    if (r == 0 || g->sink < 0)
        return g->sink;
    return gpu_fact(g, KNOWN_UNKNOWN, what, "", why->text, NULL);
}

static int measure_copies(struct gpu *g)
{
    size_t bytes = COPY_BYTES;
    struct err why = {0};
    int r = cuda_host_alloc(&g->host, g->cuda, bytes, &why);

    if (r == 0)
        r = cuda_alloc(&g->x, g->cuda, bytes, &why);
    if (r == 0)
        r = cuda_alloc(&g->y, g->cuda, bytes, &why);
    if (r == 0)
        memset(g->host, 1, bytes);
    for (enum gpu_copy k = 0; k < GPU_COPIES_ && r == 0; k++)
        r = measure_copy(g, k, bytes, &why);
    gpu_release(g);
    return told(g, "copy", r, &why);
}

static int measure_products(struct gpu *g)
{
    char version[16], name[16];
    struct err why = {0};
    int r = cublas_begin(g->cuda, &why);

    if (r < 0)
        return told(g, "gemm", r, &why);
    (void)snprintf(version, sizeof version, "%d", cublas_version(g->cuda));
    r = gpu_fact(g, KNOWN_REPORTED, "cublas.version", "", cublas_name(g->cuda), version);
    for (enum gpu_type t = 0; t < GPU_TYPES_ && r == 0; t++) {
        (void)snprintf(name, sizeof name, "gemm.%s", gpu_type_name(t));
        r = told(g, name, measure_product(g, t, &why), &why);
    }
    cublas_end(g->cuda);
    return r;
}

static int measure_gpu(struct gpu *g, const struct err *no_cublas)
{
    char name[256] = "";
    struct err why = {0};
    int r = cuda_use(g->cuda, g->number, &why);

    if (r == 0)
        r = cuda_name(name, sizeof name, g->cuda, &why);
    if (r < 0) {
        cuda_leave(g->cuda);
        return told(g, "name", r, &why);
    }
    r = gpu_fact(g, KNOWN_REPORTED, "name", "", "cuDeviceGetName", name);
    if (r == 0)
        r = measure_copies(g);
    if (r == 0)
        r = no_cublas->code ? told(g, "gemm", no_cublas->code, no_cublas) : measure_products(g);
    cuda_leave(g->cuda);
    return r;
}

int measure_gpus(struct measuring *m, struct err *err)
{
    AUTO(cuda_close) struct cuda *cuda = NULL;
    struct err why = {0}, no_cublas = {0};
    int r = cuda_open(&cuda, m->options->cuda, &why), v;

    if (r == -ENOMEM)
        return err_set(err, r, "%s", why.text);
    if (r < 0)
        return envelope_absent(m, "gpu", "%s", why.text);
    v = cuda_driver_version(cuda);
    r = envelope_fact(m, KNOWN_REPORTED, "gpu.cuda_version", "", "cuDriverGetVersion", "%d.%d",
                      v / 1000, v % 1000 / 10);
    no_cublas.code = cublas_open(cuda, m->options->cublas, &no_cublas);
    for (int i = 0; i < cuda_devices(cuda) && r == 0; i++) {
        struct gpu g = {.m = m, .cuda = cuda, .number = i};

        r = measure_gpu(&g, &no_cublas);
    }
    return r;
}
