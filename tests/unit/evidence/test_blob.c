/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/blob.h"
#include "evidence/columns.h"
#include "harness/unit.h"
#include <sys/mman.h>

enum { MAX = 300 };

static void assert_same(const struct event *a, const struct event *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].time_ns, b[i].time_ns);
        assert_int_equal(a[i].lag_us, b[i].lag_us);
        assert_int_equal(a[i].bytes, b[i].bytes);
        assert_int_equal(a[i].kind, b[i].kind);
        assert_int_equal(a[i].flags, b[i].flags);
    }
}

static size_t round_trip(const struct event *e, size_t n)
{
    static uint8_t blob[16 + 24 * MAX];
    static struct event back[MAX];
    size_t len = blob_encode(blob, e, n), count = 99;

    assert_in_range(len, 1, blob_bound(n));
    assert_int_equal(blob_count(&count, blob, len), 0);
    assert_int_equal(count, n);
    assert_int_equal(blob_decode(back, n, blob, len), 0);
    assert_same(e, back, n);
    return len;
}

static void steady_tokens_take_few_bytes_and_come_back_exactly(void **state)
{
    struct event e[MAX];

    (void)state;
    srand(7);
    for (int i = 0; i < MAX; i++)
        e[i] = (struct event){.time_ns = (INT64_C(100000000) + i * 20000 + rand() % 60) * 1000,
                              .lag_us = 7 + rand() % 20,
                              .bytes = 180 + rand() % 8,
                              .kind = EVENT_CONTENT | EVENT_CHOICES,
                              .flags = REC_KERNEL};
    assert_in_range(round_trip(e, MAX), MAX * 3, MAX * 4 + 24);
}

static void extreme_values_come_back_exactly(void **state)
{
    const int64_t far = INT64_MAX / 1000 * 1000;
    const struct event e[] = {{far, INT32_MAX, INT32_MIN, 255, 255},
                              {-far, INT32_MIN, INT32_MAX, 0, 0},
                              {far, -1, -1, 1, 0},
                              {0, 0, 0, 1, 0}};

    (void)state;
    (void)round_trip(e, COUNT_OF(e));
    (void)round_trip(e, 1);
    (void)round_trip(e, 0);
}

/* A copy of @n bytes that ends where the process may not read on. */
static uint8_t *guarded(const uint8_t *data, size_t n, uint8_t **page)
{
    *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(*page, MAP_FAILED);
    assert_int_equal(mprotect(*page + 4096, 4096, PROT_NONE), 0);
    memcpy(*page + 4096 - n, data, n);
    return *page + 4096 - n;
}

static void a_cut_or_changed_blob_is_refused_and_never_read_past(void **state)
{
    struct event e[20], back[64];
    uint8_t blob[600];
    size_t len, count;

    (void)state;
    for (int i = 0; i < 20; i++)
        e[i] = (struct event){.time_ns = i * 777000, .lag_us = i, .bytes = i * i, .kind = 2};
    len = blob_encode(blob, e, 20);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *page, *at = guarded(blob, cut, &page);

        if (blob_count(&count, at, cut) == 0)
            assert_int_equal(blob_decode(back, count, at, cut), -EBADMSG);
        assert_int_equal(munmap(page, 8192), 0);
    }
    blob[len] = 0; /* one byte too many */
    assert_int_equal(blob_decode(back, 20, blob, len + 1), -EBADMSG);
    assert_int_equal(blob_decode(back, 19, blob, len), -EBADMSG);
    blob[0] = 2;
    assert_int_equal(blob_count(&count, blob, len), -EBADMSG);
}

static void the_documented_example_is_what_is_written(void **state)
{
    const struct event e[] = {{1000000, 7, 180, EVENT_ROLE | EVENT_CHOICES, REC_KERNEL},
                              {21000000, 8, 181, EVENT_CONTENT | EVENT_CHOICES, REC_KERNEL},
                              {41001000, 7, 181, EVENT_CONTENT | EVENT_CHOICES, REC_KERNEL}};
    const uint8_t want[] = {0x01, 0xe8, 0x07, 0x03,             /* format, unit, count */
                            0xd0, 0x0f, 0xc0, 0xb8, 0x02, 0x02, /* times */
                            0xe8, 0x02, 0x02, 0x00,             /* bytes */
                            0x0e, 0x10, 0x0e,                   /* lags */
                            0x01, 0x81, 0x02, 0x82,             /* kinds */
                            0x03, 0x01};                        /* flags */
    uint8_t blob[100];

    (void)state;
    assert_int_equal(blob_encode(blob, e, 3), sizeof want);
    assert_memory_equal(blob, want, sizeof want);
}

static void the_state_of_a_sample_in_flight_comes_back_exactly(void **state)
{
    struct sample s = sample_blank(4294967294U), back;
    uint8_t bytes[STATE_BYTES_MAX];
    uint32_t parts = 0;
    size_t n;

    (void)state;
    s.due_ns = INT64_MAX;
    s.outcome = OUTCOME_STALL;
    (void)snprintf(s.error, sizeof s.error, "nothing came for 30 s");
    n = state_encode(bytes, &s, 17);
    assert_int_equal(state_decode(&back, &parts, bytes, n), 0);
    assert_int_equal(parts, 17);
    assert_int_equal(back.connect_end_ns, TIME_NONE);
    for (size_t i = 0; i < SAMPLE_COLUMNS; i++)
        assert_int_equal(column_get(&sample_columns[i], &back), column_get(&sample_columns[i], &s));
    assert_string_equal(back.error, s.error);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(state_decode(&back, &parts, bytes, cut), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_tokens_take_few_bytes_and_come_back_exactly),
        cmocka_unit_test(extreme_values_come_back_exactly),
        cmocka_unit_test(a_cut_or_changed_blob_is_refused_and_never_read_past),
        cmocka_unit_test(the_documented_example_is_what_is_written),
        cmocka_unit_test(the_state_of_a_sample_in_flight_comes_back_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
