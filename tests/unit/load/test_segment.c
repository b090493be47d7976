/* SPDX-License-Identifier: Apache-2.0 */
#include "load/segment.h"
#include "harness/unit.h"
#include <sys/mman.h>

/* 10.0.0.1:4660 -> 10.0.0.2:80, PSH+ACK, "hey" */
static const uint8_t v4[] = {0x45, 0,  0,    43,   0, 0,    0x40, 0, 64, 6, 0,   0,   10, 0, 0,
                             1,    10, 0,    0,    2, 0x12, 0x34, 0, 80, 0, 0,   0,   9,  0, 0,
                             0,    7,  0x50, 0x18, 0, 0,    0,    0, 0,  0, 'h', 'e', 'y'};

static void reads_a_segment_over_ipv4(void **state)
{
    struct segment s;

    (void)state;
    assert_int_equal(segment_parse(&s, v4, sizeof v4), 0);
    assert_int_equal(s.from.family, 4);
    assert_int_equal(s.from.port, 0x1234);
    assert_int_equal(s.to.port, 80);
    assert_int_equal(s.from.address[3], 1);
    assert_int_equal(s.to.address[3], 2);
    assert_int_equal(s.to.address[4], 0);
    assert_int_equal(s.seq, 9);
    assert_int_equal(s.ack, 7);
    assert_int_equal(s.flags, SEGMENT_ACK | 8);
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "hey", 3);
}

static void reads_a_segment_over_ipv6(void **state)
{
    uint8_t v6[40 + 23] = {0x60, 0, 0, 0, 0, 23, 6, 64};
    struct segment s;

    (void)state;
    v6[23] = 1; /* ::1 to ::2 */
    v6[39] = 2;
    memcpy(v6 + 40, v4 + 20, 23);
    assert_int_equal(segment_parse(&s, v6, sizeof v6), 0);
    assert_int_equal(s.from.family, 6);
    assert_int_equal(s.from.address[15], 1);
    assert_int_equal(s.to.address[15], 2);
    assert_int_equal(s.len, 3);
    v6[6] = 17; /* UDP */
    assert_int_equal(segment_parse(&s, v6, sizeof v6), -EBADMSG);
}

static void padding_after_the_packet_is_no_payload(void **state)
{
    uint8_t padded[sizeof v4 + 6] = {0};
    struct segment s;

    (void)state;
    memcpy(padded, v4, sizeof v4);
    assert_int_equal(segment_parse(&s, padded, sizeof padded), 0);
    assert_int_equal(s.len, 3);
    padded[3] = 0; /* a length of 0: more than 64 KiB, as it was captured */
    assert_int_equal(segment_parse(&s, padded, sizeof padded), 0);
    assert_int_equal(s.len, 9);
}

static void fragments_and_lies_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {
        {0, 0x44}, {0, 0x4f}, {0, 0x50}, {3, 10},    {3, 30},
        {6, 0x20}, {7, 1},    {9, 17},   {32, 0x40}, {32, 0xf0},
    };
    struct segment s = {.seq = 77};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        uint8_t packet[sizeof v4];

        memcpy(packet, v4, sizeof v4);
        packet[lies[i].at] = lies[i].value;
        assert_int_equal(segment_parse(&s, packet, sizeof packet), -EBADMSG);
    }
    assert_int_equal(s.seq, 77);
}

static void never_reads_beyond_what_was_captured(void **state)
{
    uint8_t *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct segment s;

    (void)state;
    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + 4096, 4096, PROT_NONE), 0);
    for (size_t n = 0; n <= sizeof v4; n++) {
        uint8_t *at = map + 4096 - n;

        memcpy(at, v4, n);
        assert_int_equal(segment_parse(&s, at, n), n < 40 ? -EBADMSG : 0);
        if (n >= 40)
            assert_int_equal(s.len, n - 40);
    }
    assert_int_equal(munmap(map, 8192), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_segment_over_ipv4),
        cmocka_unit_test(reads_a_segment_over_ipv6),
        cmocka_unit_test(padding_after_the_packet_is_no_payload),
        cmocka_unit_test(fragments_and_lies_are_refused),
        cmocka_unit_test(never_reads_beyond_what_was_captured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
