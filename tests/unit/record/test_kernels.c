/* SPDX-License-Identifier: Apache-2.0 */
#include "record/kernels.h"
#include "base/str.h"
#include "harness/unit.h"

static struct kernels a, b; /* too large for a stack */

static int put(void *ctx, const char *text, size_t n)
{
    str_addn(ctx, text, n);
    return 0;
}

static int put_nothing(void *ctx, const char *text, size_t n)
{
    (void)ctx, (void)text, (void)n;
    return -ENOSPC;
}

static void counts_by_name(void **state)
{
    const struct kernel *k;

    (void)state;
    memset(&a, 0, sizeof a);
    kernels_add(&a, "gemm", 128, 1000, false);
    kernels_add(&a, "gemm", 64, 500, true);
    kernels_add(&a, "softmax", 1, -3, false); /* a clock that went back is no time */
    k = kernels_find(&a, "gemm");
    assert_non_null(k);
    assert_int_equal(k->launches, 2);
    assert_int_equal(k->of_graphs, 1);
    assert_int_equal(k->time_ns, 1500);
    assert_int_equal(k->least_blocks, 64);
    assert_int_equal(k->most_blocks, 128);
    assert_int_equal(kernels_find(&a, "softmax")->time_ns, 0);
    assert_null(kernels_find(&a, "conv"));
    assert_int_equal(a.count, 2);
}

static void long_names_stay_apart(void **state)
{
    char one[600], other[600];

    (void)state;
    memset(&a, 0, sizeof a);
    memset(one, 'x', sizeof one - 1);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof one);
    other[sizeof other - 2] = 'y';
    kernels_add(&a, one, 1, 1, false);
    kernels_add(&a, other, 1, 1, false);
    kernels_add(&a, NULL, 1, 1, false);
    kernels_add(&a, "a\nb", 1, 1, false);
    assert_int_equal(a.count, 4);
    assert_non_null(kernels_find(&a, "?"));
    assert_non_null(kernels_find(&a, "a?b"));
}

static void a_full_table_counts_what_has_no_row(void **state)
{
    char name[32];

    (void)state;
    memset(&a, 0, sizeof a);
    for (int i = 0; i < KERNEL_ROWS; i++) {
        (void)snprintf(name, sizeof name, "k%d", i);
        kernels_add(&a, name, 1, 1, false);
    }
    assert_int_equal(a.count + a.crowded, KERNEL_ROWS);
    assert_true(a.crowded > 0);
    kernels_add(&a, "k0", 1, 1, false); /* who has a row keeps it */
    assert_int_equal(kernels_find(&a, "k0")->launches, 2);
}

static void reads_what_it_writes(void **state)
{
    AUTO(str_release) struct str text = {0}, again = {0};
    struct err err = {0};

    (void)state;
    memset(&a, 0, sizeof a);
    a = (struct kernels){.pid = 4711, .time_ns = 123456789012345678, .graph_launches = 3};
    a.graphs_counted = true;
    a.dropped = 2;
    kernels_add(&a, "void at::native::vectorized_elementwise_kernel<4, A>(int, B)", 7, 99, true);
    kernels_add(&a, "triton_poi_fused_add_0", 1, 1, false);
    kernels_library(&a.libraries, "/opt/lib/libnvinfer.so.10");
    kernels_library(&a.libraries, "/lib/x86_64-linux-gnu/libc.so.6"); /* none of our business */
    assert_int_equal(kernels_write(&a, put, &text), 0);
    assert_int_equal(kernels_read(&b, text.data, text.len, &err), 0);
    assert_int_equal(b.time_ns, a.time_ns);
    assert_int_equal(b.libraries.count, 1);
    assert_string_equal(b.libraries.file[0], "libnvinfer.so.10");
    assert_int_equal(kernels_write(&b, put, &again), 0);
    assert_string_equal(text.data, again.data);
    assert_int_equal(kernels_write(&a, put_nothing, NULL), -ENOSPC);
}

static void refuses_every_cut(void **state)
{
    static const char whole[] = "asrun-kernels 1\npid 1\ntime_ns 5\nkernel 2 1 10 1 4 gemm\nend\n";

    (void)state;
    assert_int_equal(kernels_read(&b, whole, sizeof whole - 1, NULL), 0);
    assert_false(b.graphs_counted);
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = malloc(n + 1); /* a reader that goes on is caught by the sanitizer */

        assert_non_null(cut);
        memcpy(cut, whole, n);
        assert_int_equal(kernels_read(&b, cut, n, NULL), -EBADMSG);
        free(cut);
    }
}

static void refuses_what_cannot_be(void **state)
{
    static const char *const bad[] = {
        "kernel 1 2 3 1 1 more of graphs than all\n",
        "kernel 0 0 3 1 1 none\n",
        "kernel 1 0 3 2 1 less than the least\n",
        "kernel 1 0 3 1 1 \n",
        "kernel 1 0 -3 1 1 x\n",
        "kernel 1 0 3 1 1 a\tb\n",
        "kernel 1234567890123456789 0 3 1 1 x\n",
        "library ../x\n",
        "pid\n",
        "colour blue\n",
        "end\nend\n",
        "\n",
    };
    char text[256];
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const int n = snprintf(text, sizeof text, "asrun-kernels 1\n%send\n", bad[i]);

        if (kernels_read(&b, text, (size_t)n, &err) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
    }
    assert_non_null(strstr(err.text, "line 2 is none of this format"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_name),
        cmocka_unit_test(long_names_stay_apart),
        cmocka_unit_test(a_full_table_counts_what_has_no_row),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
