/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured, what it counts, and that the loops do what they are named for. */
#include "harness/unit.h"
#include "envelope/inside.h"
#include "envelope/sizes.h"
#include "envelope/stream.h"
#include <math.h>

static void counts_bytes_as_mccalpin_does(void **state)
{
    (void)state;
    assert_true(stream_bytes(STREAM_COPY, 1000) == 16000);
    assert_true(stream_bytes(STREAM_SCALE, 1000) == 16000);
    assert_true(stream_bytes(STREAM_ADD, 1000) == 24000);
    assert_true(stream_bytes(STREAM_TRIAD, 1000) == 24000);
    assert_true(stream_bytes(STREAM_READ, 1000) == 8000);
}

static void arrays_are_four_times_the_caches_within_the_memory(void **state)
{
    const int64_t mib = 1 << 20;

    (void)state;
    assert_int_equal(stream_array_bytes(32 * mib, 8192 * mib), 128 * mib);
    assert_int_equal(stream_array_bytes(mib, 8192 * mib), 64 * mib);       /* never less */
    assert_int_equal(stream_array_bytes(384 * mib, 600 * mib), 200 * mib); /* a third of it */
    assert_int_equal(stream_array_bytes(mib, 100001) % 4096, 0);
}

static void matrices_are_as_large_as_time_and_memory_allow(void **state)
{
    const int64_t gib = INT64_C(1) << 30;

    (void)state;
    assert_true(gemm_flops(1000) == 2e9);
    assert_int_equal(gemm_order(1e9, 0.1, gib, 8), 256);       /* a slow library: the least */
    assert_int_equal(gemm_order(2e11, 0.1, gib, 4), 2048);     /* 0.086 s; 4096 would take 0.69 s */
    assert_int_equal(gemm_order(1e15, 0.1, 4 * gib, 4), 8192); /* never more */
    assert_int_equal(gemm_order(1e15, 0.1, gib, 8), 4096);     /* 3 x 8 x 4096^2 is 400 MB */
}

static void chases_grow_until_no_cache_holds_them(void **state)
{
    int64_t sizes[16];
    int n = latency_sizes(sizes, 16, INT64_C(32) << 20, INT64_C(1) << 33);

    (void)state;
    assert_int_equal(sizes[0], 16 << 10);
    assert_int_equal(sizes[n - 1], 256 << 20);
    for (int i = 1; i < n; i++)
        assert_int_equal(sizes[i], 4 * sizes[i - 1]);
    n = latency_sizes(sizes, 16, INT64_C(32) << 20, INT64_C(5) << 20);
    assert_int_equal(sizes[n - 1], 4 << 20); /* of what memory there is */
}

static void threads_double_up_to_all_cpus(void **state)
{
    int counts[8];

    (void)state;
    assert_int_equal(thread_counts(counts, 8, 1), 1);
    assert_int_equal(counts[0], 1);
    assert_int_equal(thread_counts(counts, 8, 6), 4);
    assert_int_equal(counts[2], 4);
    assert_int_equal(counts[3], 6);
    assert_int_equal(thread_counts(counts, 3, 1024), 3); /* the last is always all of them */
    assert_int_equal(counts[2], 1024);
}

enum { N = 64 * 7 };

static void make(struct stream *s, double *pages)
{
    memset(s, 0, sizeof *s);
    s->a = pages;
    s->b = pages + N;
    s->c = pages + 2 * N;
    s->n = N;
}

static void every_kernel_does_what_it_is_named_for(void **state)
{
    static const double want[STREAM_KERNELS_][3] = {
        [STREAM_COPY] = {1, 2, 1},  [STREAM_SCALE] = {1, 0, 0}, [STREAM_ADD] = {1, 2, 3},
        [STREAM_TRIAD] = {2, 2, 0}, [STREAM_READ] = {1, 2, 0},
    };
    double *pages = pages_new(3 * N * sizeof *pages);
    static struct stream s;

    (void)state;
    assert_non_null(pages);
    for (int members = 1; members <= 5; members++)
        for (enum stream_kernel k = 0; k < STREAM_KERNELS_; k++) {
            double sum = 0;

            make(&s, pages);
            for (int i = 0; i < members; i++)
                stream_fill(&s, i, members);
            s.kernel = k;
            for (int i = 0; i < members; i++)
                stream_do(&s, i, members);
            for (int i = 0; i < N; i++) {
                assert_true(s.a[i] == want[k][0]);
                assert_true(s.b[i] == want[k][1]);
                assert_true(s.c[i] == want[k][2]);
            }
            for (int i = 0; i < members; i++)
                sum += s.sums[i];
            assert_true(sum == (k == STREAM_READ ? N : 0));
        }
    pages_free(pages, 3 * N * sizeof *pages);
}

static void a_figure_is_work_over_time_or_time_over_loads(void **state)
{
    struct ceiling c = {.unit = "bytes/s", .work = 24e6, .n = 1, .rep = {{0, NS_PER_MS}}};

    (void)state;
    assert_true(fabs(ceiling_figure(&c, 0) - 24e9) < 1);
    memcpy(c.unit, "s", 2);
    c.work = 1000;
    assert_true(fabs(ceiling_figure(&c, 0) - 1e-6) < 1e-15);
}

static void the_estimate_is_the_median_with_ranks_and_the_best(void **state)
{
    struct ceiling c = {.unit = "flop/s", .work = 1e9, .n = 11};
    struct ceiling_estimate e;

    (void)state;
    for (size_t i = 0; i < c.n; i++) /* 1, 1/2 ... 1/11 Gflop/s */
        c.rep[i] = (struct repetition){0, (int64_t)(i + 1) * NS_PER_S};
    e = ceiling_estimate(&c);
    assert_true(fabs(e.median - 1e9 / 6) < 1);
    assert_true(fabs(e.best - 1e9) < 1);
    assert_true(fabs(e.lo - 1e9 / 10) < 1); /* ranks 2 and 10 of 11: 98.8 % */
    assert_true(fabs(e.hi - 1e9 / 2) < 1);
    c.n = 5;
    e = ceiling_estimate(&c);
    assert_true(isnan(e.lo) && isnan(e.hi)); /* too few for an interval */
}

static void touch(void *ctx, int member, int members)
{
    int *seen = ctx;

    seen[member] += members;
}

static void a_team_works_together_and_again(void **state)
{
    AUTO(team_free) struct team *t = NULL;
    int cpus[TEAM_MOST], seen[2] = {0}, n = team_cpus(cpus, TEAM_MOST);
    int members = n > 1 ? 2 : 1;
    struct repetition r;

    (void)state;
    assert_true(n >= 1);
    assert_int_equal(team_new(&t, cpus, members, NULL), 0);
    for (int i = 0; i < 3; i++)
        r = team_do(t, touch, seen);
    assert_true(r.length_ns >= 0);
    for (int i = 0; i < members; i++)
        assert_int_equal(seen[i], 3 * members);
}

static void a_cpu_that_is_not_ours_is_an_error(void **state)
{
    struct team *t = NULL;
    int cpus[2], far = 1023;
    struct err err = {0};

    (void)state;
    assert_true(team_cpus(cpus, 1) == 1);
    cpus[1] = far;
    assert_int_equal(team_new(&t, cpus, 2, &err), -EINVAL); /* and the first one has gone home */
    assert_null(t);
    assert_non_null(strstr(err.text, "CPU 1023"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_bytes_as_mccalpin_does),
        cmocka_unit_test(arrays_are_four_times_the_caches_within_the_memory),
        cmocka_unit_test(matrices_are_as_large_as_time_and_memory_allow),
        cmocka_unit_test(chases_grow_until_no_cache_holds_them),
        cmocka_unit_test(threads_double_up_to_all_cpus),
        cmocka_unit_test(every_kernel_does_what_it_is_named_for),
        cmocka_unit_test(a_figure_is_work_over_time_or_time_over_loads),
        cmocka_unit_test(the_estimate_is_the_median_with_ranks_and_the_best),
        cmocka_unit_test(a_team_works_together_and_again),
        cmocka_unit_test(a_cpu_that_is_not_ours_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
