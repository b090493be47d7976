/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1_request.h"
#include "harness/unit.h"

/* Feeds @text in parts of @part bytes; the last step, with what is left of the text in *@rest. */
static enum http1_step feed(struct http1_request *r, const char *text, size_t part, bool *head,
                            const char **rest)
{
    const char *at = text, *end = text + strlen(text);
    enum http1_step step = HTTP1_MORE;

    http1_request_init(r);
    *head = false;
    while (at < end && step <= HTTP1_HEAD) {
        size_t n = (size_t)(end - at) < part ? (size_t)(end - at) : part;
        const char *stop = at + n;

        while ((step = http1_request_next(r, &at, stop)) == HTTP1_HEAD)
            *head = true;
        if (step == HTTP1_MORE)
            assert_ptr_equal(at, stop);
    }
    *rest = at;
    return step;
}

static void reads_requests_however_they_are_cut(void **state)
{
    static const struct {
        const char *text, *method, *id, *rest;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST", "GET", "", "POST"},
        {"POST /v1 HTTP/1.1\r\nX-Request-Id: abc-1 \r\nContent-Length: 5\r\n\r\nhello+", "POST",
         "abc-1", "+"},
        {"\r\nPOST /v1 HTTP/1.0\r\nx-request-id:7\r\nContent-Length: 0\r\n\r\n", "POST", "7", ""},
        {"PUT /v1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET", "PUT",
         "", "GET"},
        {"POST /X-Request-Id: HTTP/1.1\nOther: X-Request-Id: no\n\n", "POST", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t part = 1; part <= strlen(cases[i].text); part++) {
            struct http1_request r;
            const char *rest;
            bool head;

            assert_int_equal(feed(&r, cases[i].text, part, &head, &rest), HTTP1_END);
            assert_true(head);
            assert_string_equal(r.method, cases[i].method);
            assert_string_equal(r.id, cases[i].id);
            assert_string_equal(rest, cases[i].rest);
        }
}

static void what_is_no_request_is_bad(void **state)
{
    static const char *const bad[] = {
        "\x16\x03\x01\x02",
        "PRI * HTTP/2.0\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "POST /\r\n\r\n",
        "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct http1_request r;
        const char *rest;
        bool head;

        assert_true(feed(&r, bad[i], 1000, &head, &rest) >= HTTP1_BAD_HEAD);
        assert_non_null(r.why);
        assert_true(http1_request_next(&r, &rest, rest) >= HTTP1_BAD_HEAD);
    }
}

static void an_id_that_is_too_long_is_none(void **state)
{
    char text[1024] = "POST / HTTP/1.1\r\nX-Request-Id: ";
    struct http1_request r;
    const char *rest;
    size_t n = strlen(text);
    bool head;

    (void)state;
    memset(text + n, 'i', 128);
    strcpy(text + n + 128, "\r\n\r\n");
    assert_int_equal(feed(&r, text, 7, &head, &rest), HTTP1_END);
    assert_string_equal(r.id, "");
    strcpy(text + n + 127, "\r\n\r\n");
    assert_int_equal(feed(&r, text, 7, &head, &rest), HTTP1_END);
    assert_int_equal(strlen(r.id), 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_requests_however_they_are_cut),
        cmocka_unit_test(what_is_no_request_is_bad),
        cmocka_unit_test(an_id_that_is_too_long_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
