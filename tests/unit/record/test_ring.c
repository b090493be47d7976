/* SPDX-License-Identifier: Apache-2.0 */
#include "record/ring.h"
#include "harness/unit.h"
#include <pthread.h>
#include <sched.h>

static void *ring_memory(uint64_t capacity)
{
    void *memory = aligned_alloc(64, ring_bytes(capacity));

    assert_non_null(memory);
    memset(memory, 0, ring_bytes(capacity));
    return memory;
}

static struct rec numbered(int64_t n)
{
    return (struct rec){.time_ns = n, .type = REC_READ, .sample = (uint32_t)n, .value = -n};
}

static void gives_back_what_was_put_in_order(void **state)
{
    AUTO(free) void *memory = ring_memory(8);
    struct ring r;

    (void)state;
    ring_create(&r, memory, 8);
    for (int64_t n = 0; n < 100; n++) {
        struct rec rec = numbered(n);

        assert_true(ring_put(&r, &rec));
        assert_int_equal(ring_head(&r), n + 1);
        assert_memory_equal(ring_at(&r, (uint64_t)n), &rec, sizeof rec);
        ring_free_to(&r, (uint64_t)n + 1);
    }
    assert_int_equal(ring_tail(&r), 100);
    assert_int_equal(ring_lost(&r), 0);
}

static void a_full_ring_counts_what_it_loses_and_keeps_the_rest(void **state)
{
    AUTO(free) void *memory = ring_memory(4);
    struct ring r;

    (void)state;
    ring_create(&r, memory, 4);
    for (int64_t n = 0; n < 7; n++) {
        struct rec rec = numbered(n);

        assert_int_equal(ring_put(&r, &rec), n < 4);
    }
    assert_int_equal(ring_lost(&r), 3);
    assert_int_equal(ring_head(&r) - ring_tail(&r), 4);
    for (uint64_t n = 0; n < 4; n++)
        assert_int_equal(ring_at(&r, n)->time_ns, n);
    ring_free_to(&r, 1);
    assert_true(ring_put(&r, &(struct rec){.type = REC_READ, .time_ns = 42}));
    assert_int_equal(ring_at(&r, 4)->time_ns, 42);
    assert_int_equal(ring_lost(&r), 3);
}

static void attaches_to_what_a_producer_left(void **state)
{
    AUTO(free) void *memory = ring_memory(8);
    struct ring r, again;

    (void)state;
    ring_create(&r, memory, 8);
    for (int64_t n = 0; n < 11; n++) {
        struct rec rec = numbered(n);

        (void)ring_put(&r, &rec);
        if (n == 4)
            ring_free_to(&r, 5);
    }
    assert_int_equal(ring_attach(&again, memory, ring_bytes(8)), 0);
    assert_int_equal(ring_tail(&again), 5);
    assert_int_equal(ring_head(&again), 11);
    for (uint64_t n = 5; n < 11; n++)
        assert_int_equal(ring_at(&again, n)->time_ns, n);
    assert_true(ring_put(&again, &(struct rec){.type = REC_READ, .time_ns = 11})); /* it goes on */
    assert_int_equal(ring_at(&again, 11)->time_ns, 11);
}

static void refuses_to_attach_to_what_is_no_ring(void **state)
{
    AUTO(free) void *memory = ring_memory(8);
    struct ring r = {.mask = 77};
    struct ring made;

    (void)state;
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), -EBADMSG); /* capacity 0 */
    ring_create(&made, memory, 8);
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8) - 1), -EBADMSG);
    assert_int_equal(ring_attach(&r, memory, 10), -EBADMSG);
    made.shared->capacity = 7;
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), -EBADMSG);
    made.shared->capacity = UINT64_C(1) << 63; /* its size overflows */
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), -EBADMSG);
    made.shared->capacity = 8;
    atomic_store(&made.shared->head, 9);
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), -EBADMSG); /* holds 9 of 8 */
    atomic_store(&made.shared->head, 3);
    atomic_store(&made.shared->tail, 4);
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), -EBADMSG); /* tail before head */
    assert_int_equal(r.mask, 77);
    atomic_store(&made.shared->tail, 3);
    assert_int_equal(ring_attach(&r, memory, ring_bytes(8)), 0);
}

enum { MANY = 200000 };

static void *produce(void *arg)
{
    struct ring *r = arg;

    for (int64_t n = 0; n < MANY;) {
        struct rec rec = numbered(n);

        if (ring_put(r, &rec))
            n++;
        else
            sched_yield();
    }
    return NULL;
}

static void a_consumer_in_another_thread_sees_whole_records_in_order(void **state)
{
    AUTO(free) void *memory = ring_memory(1024);
    struct ring r;
    pthread_t producer;

    (void)state;
    ring_create(&r, memory, 1024);
    assert_int_equal(pthread_create(&producer, NULL, produce, &r), 0);
    for (uint64_t at = 0; at < MANY;) {
        uint64_t head = ring_head(&r);

        if (at == head)
            sched_yield();
        for (; at < head; at++) {
            const struct rec *rec = ring_at(&r, at);

            assert_int_equal(rec->time_ns, at);
            assert_int_equal(rec->value, -rec->time_ns);
        }
        ring_free_to(&r, at);
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(ring_tail(&r), ring_head(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_put_in_order),
        cmocka_unit_test(a_full_ring_counts_what_it_loses_and_keeps_the_rest),
        cmocka_unit_test(attaches_to_what_a_producer_left),
        cmocka_unit_test(refuses_to_attach_to_what_is_no_ring),
        cmocka_unit_test(a_consumer_in_another_thread_sees_whole_records_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
