/* SPDX-License-Identifier: Apache-2.0 */
#include "load/reassembly.h"
#include "harness/unit.h"

struct got {
    char text[64];
    size_t len;
    int64_t last_ns;
    struct half *forget; /* when a '!' comes */
    struct reassembly *shared;
};

static void take(void *ctx, const char *data, size_t n, int64_t time_ns)
{
    struct got *g = ctx;

    assert_true(g->len + n < sizeof g->text);
    assert_true(time_ns >= g->last_ns);
    memcpy(g->text + g->len, data, n);
    g->len += n;
    g->last_ns = time_ns;
    if (g->forget && memchr(data, '!', n))
        half_forget(g->forget, g->shared);
}

static int put(struct half *h, struct reassembly *r, struct got *g, uint32_t seq, const char *text,
               int64_t time_ns)
{
    return half_take(h, r, seq, text, strlen(text), time_ns, take, g);
}

static void bytes_in_order_keep_the_times_of_their_segments(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 100);
    assert_int_equal(put(&h, &r, &g, 100, "abc", 10), 0);
    assert_int_equal(g.last_ns, 10);
    assert_int_equal(put(&h, &r, &g, 103, "de", 20), 0);
    assert_string_equal(g.text, "abcde");
    assert_int_equal(g.last_ns, 20);
    assert_int_equal(h.next, 105);
}

static void a_segment_before_its_time_counts_from_when_the_hole_is_filled(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 0);
    assert_int_equal(put(&h, &r, &g, 6, "ghi", 1), 0);
    assert_int_equal(put(&h, &r, &g, 3, "def", 2), 0);
    assert_int_equal(g.len, 0);
    assert_int_equal(r.early, 2);
    assert_int_equal(r.waiting_bytes, 6);
    assert_int_equal(put(&h, &r, &g, 0, "abc", 9), 0);
    assert_string_equal(g.text, "abcdefghi");
    assert_int_equal(g.last_ns, 9);
    assert_int_equal(r.waiting_bytes, 0);
    assert_null(h.waiting);
}

static void what_comes_twice_is_given_on_once(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 50);
    assert_int_equal(put(&h, &r, &g, 50, "abcd", 1), 0);
    assert_int_equal(put(&h, &r, &g, 50, "abcd", 2), 0);
    assert_int_equal(g.last_ns, 1);
    assert_int_equal(put(&h, &r, &g, 52, "cdef", 3), 0); /* overlaps */
    assert_int_equal(put(&h, &r, &g, 49, "x", 4), 0);    /* a keep-alive probe */
    assert_int_equal(put(&h, &r, &g, 57, "hi", 5), 0);
    assert_int_equal(put(&h, &r, &g, 55, "fghij", 6), 0); /* fills the hole and goes beyond */
    assert_string_equal(g.text, "abcdefghij");
    assert_int_equal(r.repeated, 5);
    assert_int_equal(r.waiting_bytes, 0);
}

static void sequence_numbers_wrap(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, UINT32_MAX - 1);
    assert_int_equal(put(&h, &r, &g, 1, "def", 1), 0);
    assert_int_equal(put(&h, &r, &g, UINT32_MAX - 1, "abc", 2), 0);
    assert_string_equal(g.text, "abcdef");
    assert_int_equal(h.next, 4);
}

static void acknowledged_bytes_that_were_not_seen_are_missed(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 0);
    assert_int_equal(half_missed(&h, &r, 0), 0);
    assert_int_equal(put(&h, &r, &g, 0, "abc", 1), 0);
    assert_int_equal(half_missed(&h, &r, 3), 0);
    assert_int_equal(put(&h, &r, &g, 5, "fg", 2), 0); /* 3 and 4 are not there yet */
    assert_int_equal(half_missed(&h, &r, 3), 0);
    assert_int_equal(half_missed(&h, &r, 9), 4); /* 3, 4, 7, 8 */
    assert_int_equal(r.missed_bytes, 4);
    half_forget(&h, &r);
    assert_int_equal(half_missed(&h, &r, 1000), 0);
}

static void the_fin_is_no_missing_byte(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 0);
    h.has_end = true;
    h.end = 3;
    assert_false(half_ended(&h));
    assert_int_equal(half_missed(&h, &r, 4), 3);
    assert_int_equal(put(&h, &r, &g, 0, "abc", 1), 0);
    assert_true(half_ended(&h));
    assert_int_equal(half_missed(&h, &r, 4), 0);
}

static void what_waits_is_bounded(void **state)
{
    static char big[REASSEMBLY_HALF_MAX / 2];
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {0};

    (void)state;
    half_start(&h, &r, 0);
    assert_int_equal(half_take(&h, &r, 10, big, sizeof big, 1, take, &g), 0);
    assert_int_equal(half_take(&h, &r, 10 + sizeof big, big, sizeof big, 1, take, &g), 0);
    assert_int_equal(put(&h, &r, &g, 5, "x", 2), -ENOBUFS);
    half_forget(&h, &r);
    assert_int_equal(r.waiting_bytes, 0);
}

static void a_sink_may_forget_in_the_middle(void **state)
{
    struct reassembly r = {0};
    struct half h = {0};
    struct got g = {.forget = &h, .shared = &r};

    (void)state;
    half_start(&h, &r, 0);
    assert_int_equal(put(&h, &r, &g, 3, "d!f", 1), 0);
    assert_int_equal(put(&h, &r, &g, 6, "ghi", 1), 0);
    assert_int_equal(put(&h, &r, &g, 0, "abc", 2), 0);
    assert_string_equal(g.text, "abcd!f");
    assert_false(h.known);
    assert_int_equal(r.waiting_bytes, 0);
    assert_int_equal(h.waiting_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_in_order_keep_the_times_of_their_segments),
        cmocka_unit_test(a_segment_before_its_time_counts_from_when_the_hole_is_filled),
        cmocka_unit_test(what_comes_twice_is_given_on_once),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(acknowledged_bytes_that_were_not_seen_are_missed),
        cmocka_unit_test(the_fin_is_no_missing_byte),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(a_sink_may_forget_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
