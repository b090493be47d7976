/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "load/slab.h"
#include <stdlib.h>

static void pieces_are_apart_aligned_and_used_again(void **state)
{
    struct slab s;
    char *a, *b, *c;

    (void)state;
    assert_int_equal(slab_init(&s, 4096), 0);
    a = slab_alloc(100, &s);
    b = slab_alloc(100, &s);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_true(b >= a + 100 || a >= b + 100);
    memset(a, 'a', 100);
    memset(b, 'b', 100);
    assert_int_equal(a[99], 'a');
    slab_free(a, &s);
    c = slab_alloc(90, &s); /* of the same class */
    assert_ptr_equal(a, c);
    slab_free(NULL, &s);
    slab_release(&s);
}

static void a_slab_that_is_used_up_refuses_and_counts(void **state)
{
    struct slab s;
    void *last = NULL, *p;
    int n = 0;

    (void)state;
    assert_int_equal(slab_init(&s, 4096), 0);
    while ((p = slab_alloc(200, &s))) {
        last = p;
        n++;
    }
    assert_int_equal(n, 16); /* of 256 bytes */
    assert_int_equal(s.refused, 1);
    assert_null(slab_alloc((size_t)1 << 20, &s)); /* larger than any class */
    assert_null(slab_alloc(SIZE_MAX, &s));
    assert_null(slab_calloc(SIZE_MAX / 2, 3, &s));
    assert_int_equal(s.refused, 3);
    slab_free(last, &s);
    assert_non_null(slab_alloc(200, &s));
    slab_release(&s);
}

static void growing_keeps_what_is_there(void **state)
{
    struct slab s;
    char *p, *moved;

    (void)state;
    assert_int_equal(slab_init(&s, 8192), 0);
    p = slab_realloc(NULL, 40, &s);
    assert_non_null(p);
    memset(p, 'x', 40);
    assert_ptr_equal(slab_realloc(p, 48, &s), p); /* there is room */
    moved = slab_realloc(p, 1000, &s);
    assert_non_null(moved);
    for (int i = 0; i < 40; i++)
        assert_int_equal(moved[i], 'x');
    assert_null(slab_realloc(moved, 100000, &s));
    assert_int_equal(moved[39], 'x'); /* and stays */
    p = slab_calloc(10, 10, &s);
    assert_non_null(p);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    slab_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_apart_aligned_and_used_again),
        cmocka_unit_test(a_slab_that_is_used_up_refuses_and_counts),
        cmocka_unit_test(growing_keeps_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
