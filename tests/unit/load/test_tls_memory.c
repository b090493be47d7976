/* SPDX-License-Identifier: Apache-2.0 */
#include "load/tls_inside.h"
#include "harness/unit.h"
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

struct visit { /* what a thread did in its pool */
    int32_t thread;
    char *grown, *large, *foreign; /* @foreign in: a piece of somebody else's */
    struct tls_memory after;
};

static void *visit_pool(void *arg)
{
    struct visit *v = arg;

    tls_pool_enter(v->thread);
    v->grown = OPENSSL_malloc(40);
    memset(v->grown, 'g', 40);
    v->grown = OPENSSL_realloc(v->grown, 5000);
    v->large = OPENSSL_malloc((size_t)1 << 20); /* more than a pool gives */
    memset(v->large, 'l', (size_t)1 << 20);
    if (v->foreign)
        v->foreign = OPENSSL_realloc(v->foreign, 9000);
    OPENSSL_free(OPENSSL_malloc(100));
    v->after = tls_memory();
    return NULL;
}

static void run_visit(struct visit *v)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, visit_pool, v), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_thread_takes_from_its_pool_and_from_the_heap_beyond_it(void **state)
{
    struct visit v = {.thread = 0};

    (void)state;
    assert_int_equal(tls_pools(2, 4), 0);
    run_visit(&v);
    assert_int_equal(v.after.allocations, 4);
    assert_int_equal(v.after.beyond, 1);
    assert_int_equal(v.grown[39], 'g');
    OPENSSL_free(v.grown); /* the thread has ended: its pieces are ours to give back */
    OPENSSL_free(v.large);
}

static void pieces_of_others_and_of_the_heap_keep_what_is_in_them(void **state)
{
    struct visit a = {.thread = 0}, b = {.thread = 1};
    char *heap = OPENSSL_malloc(64), *first_large;

    (void)state;
    assert_int_equal(tls_pools(2, 4), 0);
    run_visit(&a);
    b.foreign = a.grown;
    first_large = a.large;
    run_visit(&b);
    assert_int_equal(b.foreign[39], 'g');
    memset(heap, 'h', 64);
    a.foreign = heap;
    run_visit(&a);
    assert_int_equal(a.foreign[63], 'h');
    OPENSSL_free(a.foreign);
    OPENSSL_free(b.foreign);
    OPENSSL_free(a.grown);
    OPENSSL_free(b.grown);
    OPENSSL_free(first_large);
    OPENSSL_free(a.large);
    OPENSSL_free(b.large);
}

static void wider_pools_replace_those_that_are_empty(void **state)
{
    struct visit v = {.thread = 1};

    (void)state;
    assert_int_equal(tls_pools(2, 64), 0);
    run_visit(&v);
    assert_int_equal(v.after.beyond, 1);
    OPENSSL_free(v.large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_takes_from_its_pool_and_from_the_heap_beyond_it),
        cmocka_unit_test(pieces_of_others_and_of_the_heap_keep_what_is_in_them),
        cmocka_unit_test(wider_pools_replace_those_that_are_empty),
    };

    return tls_take_memory() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
