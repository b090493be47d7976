/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "load/fields.h"
#include <stdio.h>
#include <stdlib.h>

static struct fields fields;

static int read_text(const char *text, bool tls)
{
    static char copy[64 * 1024];

    (void)snprintf(copy, sizeof copy, "%s", text);
    return fields_read(&fields, copy, strlen(copy), tls);
}

static void expect_field(size_t i, const char *name, const char *value)
{
    assert_true(i < fields.count);
    assert_int_equal(fields.nv[i].namelen, strlen(name));
    assert_memory_equal(fields.nv[i].name, name, strlen(name));
    assert_int_equal(fields.nv[i].valuelen, strlen(value));
    assert_memory_equal(fields.nv[i].value, value, strlen(value));
}

static void a_head_becomes_fields(void **state)
{
    static const char head[] = "POST /v1/chat/completions HTTP/1.1\r\nContent-Type: a/b\r\n"
                               "Host: example:8080\r\nAuthorization: Bearer s\r\nX-Empty:\r\n"
                               "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
                               "Content-Length: 4\r\nX-Request-Id:  asrun-1 \r\n\r\nbody";

    (void)state;
    assert_int_equal(read_text(head, true), 0);
    expect_field(0, ":method", "POST");
    expect_field(1, ":scheme", "https");
    expect_field(2, ":path", "/v1/chat/completions");
    expect_field(3, ":authority", "example:8080");
    expect_field(4, "content-type", "a/b");
    expect_field(5, "x-request-id", "asrun-1"); /* the last one takes the place of Host */
    expect_field(6, "authorization", "Bearer s");
    expect_field(7, "x-empty", "");
    expect_field(8, "content-length", "4");
    assert_int_equal(fields.count, 9);
    assert_int_equal(fields.head_len, sizeof head - 1 - 4);
    assert_true(fields.nv[6].flags & NGHTTP2_NV_FLAG_NO_INDEX); /* a secret */
    assert_false(fields.nv[4].flags & NGHTTP2_NV_FLAG_NO_INDEX);
}

static void reading_twice_says_the_same(void **state)
{
    char text[] = "POST / HTTP/1.1\r\nHost: h\r\nA-B: C\r\n\r\n";
    struct fields first;

    (void)state;
    assert_int_equal(fields_read(&first, text, sizeof text - 1, false), 0);
    assert_int_equal(fields_read(&fields, text, sizeof text - 1, false), 0);
    assert_int_equal(first.count, fields.count);
    expect_field(1, ":scheme", "http");
    expect_field(4, "a-b", "C");
}

static void what_is_no_head_is_refused(void **state)
{
    static char many[32 * 1024];
    size_t at = 0;

    (void)state;
    assert_int_equal(read_text("", false), -EINVAL);
    assert_int_equal(read_text("POST / HTTP/1.1\r\nHost: h\r\n", false), -EINVAL);
    assert_int_equal(read_text("POST\r\n\r\n", false), -EINVAL);
    assert_int_equal(read_text("POST /\r\n\r\n", false), -EINVAL);
    assert_int_equal(read_text("POST / HTTP/1.1\r\nno colon\r\n\r\n", false), -EINVAL);
    at = (size_t)sprintf(many, "POST / HTTP/1.1\r\n");
    for (int i = 0; i < FIELDS_MAX; i++)
        at += (size_t)sprintf(many + at, "X-%d: y\r\n", i);
    (void)sprintf(many + at, "\r\n");
    assert_int_equal(read_text(many, false), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_becomes_fields),
        cmocka_unit_test(reading_twice_says_the_same),
        cmocka_unit_test(what_is_no_head_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
