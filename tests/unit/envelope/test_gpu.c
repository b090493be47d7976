/* SPDX-License-Identifier: Apache-2.0 */
/* A driver and a cuBLAS with planted rates: what is planted is what is told. */
#include "harness/unit.h"
#include "envelope/inside.h"
#include <math.h>
#include <stdlib.h>

struct seen {
    char text[8192];
    size_t len;
    int left; /* the sink fails after so many; -1: never */
};

static int may_go_on(struct seen *s)
{
    return s->left < 0 || s->left-- > 0 ? 0 : -ENOSPC;
}

static int on_ceiling(void *ctx, const struct ceiling *c)
{
    struct seen *s = ctx;

    s->len += (size_t)snprintf(s->text + s->len, sizeof s->text - s->len, "%s %.0f %s %zu\n",
                               c->name, ceiling_estimate(c).median / 1e9, c->unit, c->n);
    return may_go_on(s);
}

static int on_fact(void *ctx, const struct fact *f)
{
    struct seen *s = ctx;

    s->len += (size_t)snprintf(s->text + s->len, sizeof s->text - s->len, "%s=%s (%s)\n", f->name,
                               f->value ? f->value : "?", f->source);
    return may_go_on(s);
}

static int measure(struct seen *s, const char *cuda, const char *cublas)
{
    const struct envelope_options o = {.for_ns = 1, .cuda = cuda, .cublas = cublas};
    const struct envelope_sink sink = {on_ceiling, on_fact, NULL, s};
    struct measuring *m = calloc(1, sizeof *m);
    struct err err = {0};
    int r;

    assert_non_null(m);
    m->options = &o;
    m->sink = &sink;
    r = measure_gpus(m, &err);
    free(m);
    return r;
}

static const char *the_double(void)
{
    const char *path = getenv("CUDA_DOUBLE");

    if (!path)
        skip();
    return path;
}

static void tells_what_is_planted(void **state)
{
    static const char *const lines[] = {
        "gpu.cuda_version=12.4 (cuDriverGetVersion)\n",
        "gpu.0.name=Planted 7 (cuDeviceGetName)\n",
        "gpu.0.copy.device 2000 bytes/s 11\n",
        "gpu.0.copy.to_device 25 bytes/s 11\n",
        "gpu.0.copy.to_host 20 bytes/s 11\n",
        "gpu.0.cublas.version=120405",
        "gpu.0.gemm.f64 1000 flop/s 11\n",
        "gpu.0.gemm.f32 2000 flop/s 11\n",
        "gpu.0.gemm.tf32 8000 flop/s 11\n",
        "gpu.0.gemm.f16 16000 flop/s 11\n",
    };
    static struct seen s;

    (void)state;
    s = (struct seen){.left = -1};
    assert_int_equal(measure(&s, the_double(), the_double()), 0);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (!strstr(s.text, lines[i]))
            fail_msg("no '%s' in\n%s", lines[i], s.text);
}

static void a_type_that_the_device_lacks_is_absent(void **state)
{
    static struct seen s;

    (void)state;
    s = (struct seen){.left = -1};
    assert_int_equal(measure(&s, the_double(), the_double()), 0);
    assert_non_null(strstr(s.text, "gpu.0.gemm.bf16=? (a product of cuBLAS: error 15)\n"));
    assert_null(strstr(s.text, "gpu.0.gemm.bf16 "));
}

static void without_a_driver_there_is_one_absent_fact(void **state)
{
    static struct seen s;

    (void)state;
    s = (struct seen){.left = -1};
    assert_int_equal(measure(&s, "/nowhere/libcuda.so.1", NULL), 0);
    assert_non_null(strstr(s.text, "gpu=? (no NVIDIA driver: "));
}

static void without_cublas_copies_are_measured_all_the_same(void **state)
{
    static struct seen s;

    (void)state;
    s = (struct seen){.left = -1};
    assert_int_equal(measure(&s, the_double(), "/nowhere/libcublas.so"), 0);
    assert_non_null(strstr(s.text, "gpu.0.copy.device 2000"));
    assert_non_null(strstr(s.text, "gpu.0.gemm=? (no libcublas"));
}

static void a_sink_that_fails_ends_it(void **state)
{
    static struct seen s;

    (void)state;
    for (int left = 0; left < 4; left++) {
        s = (struct seen){.left = left};
        assert_int_equal(measure(&s, the_double(), "/nowhere/libcublas.so"), -ENOSPC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_is_planted),
        cmocka_unit_test(a_type_that_the_device_lacks_is_absent),
        cmocka_unit_test(without_a_driver_there_is_one_absent_fact),
        cmocka_unit_test(without_cublas_copies_are_measured_all_the_same),
        cmocka_unit_test(a_sink_that_fails_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
