/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"
#include "wire/sse.h"

static struct sse parser;

static void begin(struct trace *t)
{
    (void)t;
    sse_init(&parser);
}

static void feed(struct trace *t, const char *at, const char *end)
{
    enum sse_step step;
    struct span piece;

    while ((step = sse_next(&parser, &at, end, &piece)) != SSE_MORE) {
        if (step == SSE_DATA) {
            assert_true(piece.len > 0 && parser.in_event);
            trace_payload(t, piece.data, piece.len);
            continue;
        }
        if (step == SSE_BAD)
            return;
        trace_say(t, parser.is_error ? "ERROR" : "EVENT");
        assert_false(parser.in_event);
    }
    assert_true(at == end);
}

static void end(struct trace *t)
{
    struct span piece;
    const char *at = "\n\n";

    if (sse_next(&parser, &at, at, &piece) == SSE_BAD) {
        assert_non_null(parser.why);
        trace_say(t, "BAD");
    } else
        trace_say(t, parser.in_event ? "CUT" : "IDLE");
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

static void gives_the_data_of_events(void **state)
{
    static const struct row rows[] = {
        {"data: a\n\ndata: b\n\n", "<a> EVENT<b> EVENT IDLE"},
        {"data: a\r\n\r\ndata: b\r\n\r\n", "<a> EVENT<b> EVENT IDLE"},
        {"data: a\r\rdata: b\r\r", "<a> EVENT<b> EVENT IDLE"},
        {"data: a\r\ndata: b\r\n\r\n", "<a\nb> EVENT IDLE"},
        {"data:a\ndata:  b\ndata\ndata:\n\n", "<a\n b\n\n> EVENT IDLE"},
        {"data\n\ndata:\n\ndata: \n\n", "EVENT EVENT EVENT IDLE"},
        {"data: a\n\n\n\r\n\ndata: b\n\n", "<a> EVENT<b> EVENT IDLE"},
        {"data: {\"a\":\"b: c\"}\n\ndata: [DONE]\n\n",
         "<{\"a\":\"b: c\"}> EVENT<[DONE]> EVENT IDLE"},
        {"data: a\n\ndata: b", "<a> EVENT<b> CUT"},
        {"data: a\n\ndata: b\n", "<a> EVENT<b> CUT"},
        {"data: a\n\ndata:", "<a> EVENT CUT"},
        {"data: a\n\ndat", "<a> EVENT IDLE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void passes_over_what_is_not_data(void **state)
{
    static const struct row rows[] = {
        {"\xef\xbb\xbf"
         "data: a\n\n",
         "<a> EVENT IDLE"},
        {"\xef\xbb\xbf", "IDLE"},
        {": ping\n\n:\n\ndata: a\n: note\n\n", "<a> EVENT IDLE"},
        {"id: 7\nretry: 10\ndata: a\nid\n\n", "<a> EVENT IDLE"},
        {"id: 7\n\nevent: x\n\ndata: a\n\n", "<a> EVENT IDLE"},
        {"data: a\xef\xbb\xbf\n\n", "<a\xef\xbb\xbf> EVENT IDLE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void tells_error_events(void **state)
{
    static const struct row rows[] = {
        {"event: error\ndata: a\n\ndata: b\n\n", "<a> ERROR<b> EVENT IDLE"},
        {"data: a\nevent:error\n\n", "<a> ERROR IDLE"},
        {"event: error\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "<a> ERROR<b> EVENT IDLE"},
        {"event: error\nevent: message\ndata: a\n\n", "<a> EVENT IDLE"},
        {"event: error\nevent\ndata: a\n\n", "<a> EVENT IDLE"},
        {"event: error\n\ndata: a\n\n", "<a> EVENT IDLE"},
        {"event: error and more\ndata: a\n\n", "<a> EVENT IDLE"},
        {"event:  error\ndata: a\n\n", "<a> EVENT IDLE"},
        {"event: errors\ndata: a\n\nevent: erro\ndata: b\n\n", "<a> EVENT<b> EVENT IDLE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void refuses_lines_that_are_no_fields(void **state)
{
    static const struct row rows[] = {
        {"{\"error\":1}\n\n", "BAD"},
        {"data: a\n\nDATA: b\n\n", "<a> EVENT BAD"},
        {"data: a\ndate: b\n\n", "<a> BAD"},
        {" data: a\n\n", "BAD"},
        {"data : a\n\n", "BAD"},
        {"\xef\xbb"
         "data: a\n\n",
         "BAD"},
        {"\xef\xbb\xbf\xef\xbb\xbf"
         "data: a\n\n",
         "BAD"},
        {"data: a\n\n\xef\xbb\xbf"
         "data: a\n\n",
         "<a> EVENT BAD"},
        {"a name that is longer than any", "BAD"},
        {"datadata: a\n\n", "BAD"},
        {"retry\nretryy\n", "BAD"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_data_of_events),
        cmocka_unit_test(passes_over_what_is_not_data),
        cmocka_unit_test(tells_error_events),
        cmocka_unit_test(refuses_lines_that_are_no_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
