/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"
#include "wire/http1.h"

static struct http1 parser;
static bool over; /* HTTP1_END or a BAD step has come: later bytes are not the parser's */

static void begin(struct trace *t)
{
    (void)t;
    http1_init(&parser);
    over = false;
}

static void say_head(struct trace *t)
{
    char text[160];

    (void)snprintf(text, sizeof text, "%d%s%s%s%s%s len=%" PRId64 "%s%s", parser.status,
                   parser.keep_alive ? " keep" : "", parser.chunked ? " chunked" : "",
                   parser.is_sse ? " sse" : "", parser.is_json ? " json" : "",
                   parser.is_encoded ? " encoded" : "", parser.content_length,
                   parser.server[0] ? " server=" : "", parser.server);
    trace_say(t, text);
}

static void say_step(struct trace *t, enum http1_step step)
{
    if (step == HTTP1_HEAD)
        say_head(t);
    else
        trace_say(t, step == HTTP1_END ? "END" : step == HTTP1_BAD_HEAD ? "BAD_HEAD" : "BAD_CHUNK");
    over = step != HTTP1_HEAD;
    if (step >= HTTP1_BAD_HEAD)
        assert_non_null(parser.why);
}

static void feed(struct trace *t, const char *at, const char *end)
{
    enum http1_step step;
    struct span piece;

    while (!over && (step = http1_next(&parser, &at, end, &piece)) != HTTP1_MORE) {
        if (step == HTTP1_BODY) {
            assert_true(piece.len > 0 && piece.data + piece.len <= end);
            trace_payload(t, piece.data, piece.len);
        } else
            say_step(t, step);
    }
    assert_true(over || at == end);
}

static void end(struct trace *t)
{
    enum http1_step step = http1_eof(&parser);

    if (step == HTTP1_MORE)
        trace_say(t, "CUT");
    else if (!over)
        say_step(t, step);
    else
        assert_int_equal(http1_eof(&parser), step); /* and it stays so */
}

static const struct feed_ops ops = {begin, feed, end};

struct row {
    const char *input, *want;
};

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        feed_every_way(&ops, rows[i].input, strlen(rows[i].input), rows[i].want);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static void reads_heads(void **state)
{
    static const struct row rows[] = {
        {OK "content-LENGTH:2\r\nSERVER: \t llama.cpp \t\r\n\r\nhi",
         "200 keep len=2 server=llama.cpp<hi> END"},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 keep len=0 END"},
        {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200 keep len=0 END"},
        {"HTTP/1.0 200 OK\nContent-Length: 1\n\nx", "200 len=1<x> END"},
        {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
         "200 keep len=1<x> END"},
        {OK "Connection: upgrade, CLOSE\r\nContent-Length: 1\r\n\r\nx", "200 len=1<x> END"},
        {OK "Content-Type: Text/Event-Stream ; charset=utf-8\r\nContent-Length: 1\r\n\r\nx",
         "200 keep sse len=1<x> END"},
        {OK "Content-Type: application/json\r\nContent-Length: 1\r\n\r\nx",
         "200 keep json len=1<x> END"},
        {OK "Content-Type: application/problem+json;a\r\nContent-Length: 1\r\n\r\nx",
         "200 keep json len=1<x> END"},
        {OK "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "200 keep len=1<x> END"},
        {OK "Content-Encoding: identity, gzip\r\nContent-Length: 1\r\n\r\nx",
         "200 keep encoded len=1<x> END"},
        {OK "Content-Type: text/event-streams\r\nContent-Length: 1\r\n\r\nx",
         "200 keep len=1<x> END"},
        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\nX-Empty:\r\n\r\nno!",
         "503 keep len=3<no!> END"},
        {OK "Content-Length: 2\r\n\r\nhiHTTP/1.1 200 OK", "200 keep len=2<hi> END"},
        {OK "Content-Length: 3\r\n\r\nhi", "200 keep len=3<hi> CUT"},
        {OK "Content-Length: 3\r\n\r\n", "200 keep len=3 CUT"},
        {OK "Content-Length: 3\r\n\r", "CUT"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void passes_over_interim_responses(void **state)
{
    static const struct row rows[] = {
        {"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
         "HTTP/1.1 103 Early Hints\r\nServer: x\r\nLink: </a>\r\n\r\n" OK
         "Content-Length: 2\r\n\r\nhi",
         "200 keep len=2<hi> END"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "CUT"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "BAD_HEAD"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void knows_where_a_body_ends(void **state)
{
    static const struct row rows[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", "204 keep len=-1 END"},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "304 keep len=99 END"},
        {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "204 keep len=-1 END"},
        {OK "Content-Type: text/event-stream\r\n\r\ndata: x\n\n",
         "200 sse len=-1<data: x\n\n> END"},
        {OK "\r\n", "200 len=-1 END"},
        {CHUNKED "5\r\nhello\r\n6;a=\"b;c\"\r\n world\r\n0\r\n\r\nHTTP",
         "200 keep chunked len=-1<hello world> END"},
        {CHUNKED "00A  ;x\r\n0123456789\r\n0000\r\n\r\n",
         "200 keep chunked len=-1<0123456789> END"},
        {CHUNKED "1\r\nx\r\n0\r\nContent-Length: 5\r\nDigest: abc\r\n\r\n",
         "200 keep chunked len=-1<x> END"},
        {CHUNKED "0\r\n\r\n", "200 keep chunked len=-1 END"},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\nx\r\n0\r\n\r\n",
         "200 chunked len=-1<x> END"},
        {CHUNKED "5\r\nhel", "200 keep chunked len=-1<hel> CUT"},
        {CHUNKED "5\r\nhello\r\n", "200 keep chunked len=-1<hello> CUT"},
        {CHUNKED "5\r\nhello\r\n0\r\n", "200 keep chunked len=-1<hello> CUT"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void refuses_malformed_heads(void **state)
{
    static const struct row rows[] = {
        {"HTTP/2 200\r\n\r\n", "BAD_HEAD"},
        {"\x15\x03\x01\x00\x02\x02P", "BAD_HEAD"}, /* a TLS alert: no line feed will come */
        {"HTTP/2 200", "BAD_HEAD"},
        {"\r\n" OK "\r\n", "BAD_HEAD"},
        {"HTTP/1.1 20 OK\r\n\r\n", "BAD_HEAD"},
        {"HTTP/1.1 2000 OK\r\n\r\n", "BAD_HEAD"},
        {"HTTP/1.1 099 Low\r\n\r\n", "BAD_HEAD"},
        {"HTTP/1.1  200 OK\r\n\r\n", "BAD_HEAD"},
        {"HTTP/1.x 200 OK\r\n\r\n", "BAD_HEAD"},
        {"HTTP/1.1 200 a\rb\r\n\r\n", "BAD_HEAD"},
        {OK "Content-Length: 2\r\n folded\r\n\r\nhi", "BAD_HEAD"},
        {OK " leading: 2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length : 2\r\n\r\nhi", "BAD_HEAD"},
        {OK "no colon\r\n\r\n", "BAD_HEAD"},
        {OK ": no name\r\n\r\n", "BAD_HEAD"},
        {OK "X: a\x01\r\n\r\n", "BAD_HEAD"},
        {OK "X: a\rb\r\n\r\n", "BAD_HEAD"},
        {OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: 2, 2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "BAD_HEAD"},
        {OK "Content-Length: -2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: +2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: 0x2\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length:\r\n\r\nhi", "BAD_HEAD"},
        {OK "Content-Length: 9999999999999999999\r\n\r\nhi", "BAD_HEAD"},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "BAD_HEAD"},
        {OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "BAD_HEAD"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void refuses_malformed_chunks(void **state)
{
#define HEAD_OF_CHUNKED "200 keep chunked len=-1"
    static const struct row rows[] = {
        {CHUNKED "data: x\n\n", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "1\nx\n0\n\n", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "-1\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "0x1\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "1 1\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED " 1\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "1;\x01\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "fffffffffffffffff\r\nx", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "2\r\nhello\r\n", HEAD_OF_CHUNKED "<he> BAD_CHUNK"},
        {CHUNKED "2\r\nhe\n0\r\n\r\n", HEAD_OF_CHUNKED "<he> BAD_CHUNK"},
        {CHUNKED "2\r\nhe\r0\r\n\r\n", HEAD_OF_CHUNKED "<he> BAD_CHUNK"},
        {CHUNKED "0\r\nno colon\r\n\r\n", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "0\r\na: b\r\n folded\r\n\r\n", HEAD_OF_CHUNKED " BAD_CHUNK"},
        {CHUNKED "0\r\n\n", HEAD_OF_CHUNKED " BAD_CHUNK"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

/* Feeds @text whole, byte by byte, and cut around each place where a limit lies. */
static void check_long(struct str *text, const char *want)
{
    const size_t steps[] = {text->len, 1, 1023, 1024, 1025, 4096, HTTP1_HEAD_MAX};
    struct guard g;

    assert_true(str_ok(text));
    guard_open(&g, text->len);
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        feed_split(&ops, &g, text->data, text->len, steps[i], steps[i], want);
    guard_close(&g);
    str_clear(text);
}

static void passes_over_long_lines_that_it_need_not_read(void **state)
{
    AUTO(str_release) struct str text = {0};

    (void)state;
    for (int n = 1000; n < 1040; n++) {
        str_addf(&text, OK "Set-Cookie: %0*d\r\nContent-Length: 1\r\n\r\nx", n, 0);
        check_long(&text, "200 keep len=1<x> END");
    }
    str_addf(&text, OK "%02000d: name\r\nContent-Length: 1\r\n\r\nx", 0);
    check_long(&text, "200 keep len=1<x> END");
    str_addf(&text, "HTTP/1.1 200 %02000d\r\nContent-Length: 1\r\n\r\nx", 0);
    check_long(&text, "200 keep len=1<x> END");
    str_addf(&text, OK "Content-Type: text/event-stream; %02000d\r\n\r\nx", 0);
    check_long(&text, "200 sse len=-1<x> END");
    str_addf(&text, OK "Server: %02000d\r\nContent-Length: 1\r\n\r\nx", 0);
    check_long(&text, "200 keep len=1 server="
                      "000000000000000000000000000000000000000000000000000000000000000<x> END");
}

static void refuses_long_lines_that_decide_the_framing(void **state)
{
    AUTO(str_release) struct str text = {0};

    (void)state;
    str_addf(&text, OK "Content-Length: %2000d\r\n\r\nx", 1);
    check_long(&text, "BAD_HEAD");
    str_addf(&text, CHUNKED "1;%02000d\r\nx\r\n0\r\n\r\n", 0);
    check_long(&text, HEAD_OF_CHUNKED " BAD_CHUNK");
    str_addf(&text, CHUNKED "%02000d\r\n", 0);
    check_long(&text, HEAD_OF_CHUNKED " BAD_CHUNK");
}

static void bounds_heads_and_trailers(void **state)
{
    AUTO(str_release) struct str text = {0};
    int room = HTTP1_HEAD_MAX - (int)strlen(OK "X: \r\n\r\n");

    (void)state;
    str_addf(&text, OK "X: %0*d\r\n\r\nx", room, 0);
    check_long(&text, "200 len=-1<x> END");
    str_addf(&text, OK "X: %0*d\r\n\r\nx", room + 1, 0);
    check_long(&text, "BAD_HEAD");
    for (int i = 0; i < 3000; i++)
        str_add(&text, "HTTP/1.1 100 Continue\r\n\r\n");
    check_long(&text, "BAD_HEAD");
    str_addf(&text, CHUNKED "0\r\nX: %0*d\r\n\r\n", HTTP1_HEAD_MAX - 7, 0);
    check_long(&text, HEAD_OF_CHUNKED " END");
    str_addf(&text, CHUNKED "0\r\nX: %0*d\r\n\r\n", HTTP1_HEAD_MAX - 6, 0);
    check_long(&text, HEAD_OF_CHUNKED " BAD_CHUNK");
}

static void takes_no_byte_behind_the_end(void **state)
{
    const char *input = OK "Content-Length: 2\r\n\r\nhiHTTP/1.1 500";
    const char *at = input, *stop = input + strlen(input);
    struct span piece;

    (void)state;
    http1_init(&parser);
    assert_int_equal(http1_next(&parser, &at, stop, &piece), HTTP1_HEAD);
    assert_int_equal(http1_next(&parser, &at, stop, &piece), HTTP1_BODY);
    assert_int_equal(http1_next(&parser, &at, stop, &piece), HTTP1_END);
    assert_string_equal(at, "HTTP/1.1 500");
    assert_int_equal(http1_next(&parser, &at, stop, &piece), HTTP1_END);
    assert_string_equal(at, "HTTP/1.1 500");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_heads),
        cmocka_unit_test(passes_over_interim_responses),
        cmocka_unit_test(knows_where_a_body_ends),
        cmocka_unit_test(refuses_malformed_heads),
        cmocka_unit_test(refuses_malformed_chunks),
        cmocka_unit_test(passes_over_long_lines_that_it_need_not_read),
        cmocka_unit_test(refuses_long_lines_that_decide_the_framing),
        cmocka_unit_test(bounds_heads_and_trailers),
        cmocka_unit_test(takes_no_byte_behind_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
