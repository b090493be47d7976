/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"
#include "wire/json.h"
#include <math.h>

static struct json_scan scan;

static void begin(struct trace *t)
{
    (void)t;
    json_scan_init(&scan);
}

static void say_number(struct trace *t)
{
    char text[64];

    if (scan.is_integer)
        (void)snprintf(text, sizeof text, "%" PRId64, scan.integer);
    else
        (void)snprintf(text, sizeof text, "#%.17g", scan.number);
    trace_say(t, text);
}

static void say_string(struct trace *t, enum json_token token)
{
    bool key = token == SCAN_KEY || token == SCAN_KEY_PIECE;

    assert_true(scan.piece_len <= SCAN_PIECE && scan.piece[scan.piece_len] == '\0');
    for (size_t i = 0; i < scan.piece_len; i++) /* the trace is a C string */
        trace_payload(t, scan.piece[i] ? &scan.piece[i] : "NUL", scan.piece[i] ? 1 : 3);
    if (token == SCAN_KEY || token == SCAN_STRING)
        trace_say(t, key ? "K" : "S");
    else
        assert_true(scan.piece_len > SCAN_PIECE - 6); /* pieces are filled */
}

static void say(struct trace *t, enum json_token token)
{
    static const char *const words[] = {
        [SCAN_OBJECT_BEGIN] = "{", [SCAN_OBJECT_END] = "}", [SCAN_ARRAY_BEGIN] = "[",
        [SCAN_ARRAY_END] = "]",    [SCAN_TRUE] = "true",    [SCAN_FALSE] = "false",
        [SCAN_NULL] = "null"};

    if (token == SCAN_NUMBER)
        say_number(t);
    else if (token >= SCAN_KEY_PIECE && token <= SCAN_STRING)
        say_string(t, token);
    else
        trace_say(t, words[token]);
}

static void feed(struct trace *t, const char *at, const char *end)
{
    enum json_token token;

    while ((token = json_scan_next(&scan, &at, end)) != SCAN_MORE && token < SCAN_DONE)
        say(t, token);
    assert_true(token == SCAN_BAD || at == end);
}

static void end(struct trace *t)
{
    enum json_token token = json_scan_end(&scan);

    if (token < SCAN_DONE) {
        say(t, token);
        token = json_scan_end(&scan);
    }
    trace_say(t, token == SCAN_DONE ? "DONE" : "BAD");
    assert_int_equal(scan.why != NULL, token == SCAN_BAD);
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

static void gives_the_tokens_of_structures(void **state)
{
    static const struct row rows[] = {
        {"{}", "{ } DONE"},
        {" [ ] \r\n\t", "[ ] DONE"},
        {"{\"a\":{\"b\":[1,[2],{}]},\"c\":null}",
         "{<a> K {<b> K [ 1 [ 2 ] { } ] }<c> K null } DONE"},
        {"[true,false,null]", "[ true false null ] DONE"},
        {"{\"\":\"\"}", "{ K S } DONE"},
        {"\"x\"", "<x> S DONE"},
        {"true", "true DONE"},
        {" -7", "-7 DONE"},
        {"0 ", "0 DONE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void reads_numbers(void **state)
{
    static const struct row rows[] = {
        {"[0,-0,1,-12,123456789012345678]", "[ 0 0 1 -12 123456789012345678 ] DONE"},
        {"[9223372036854775807,-9223372036854775808]",
         "[ 9223372036854775807 -9223372036854775808 ] DONE"},
        {"[9223372036854775808,1e400,-1e400]", "[ #9.2233720368547758e+18 #inf #-inf ] DONE"},
        {"[12.0,1.2e1,-3E+2,0.0,5e-1]", "[ 12 12 -300 0 #0.5 ] DONE"},
        {"[9007199254740993.0,0.1,1e-400]", "[ 9007199254740992 #0.10000000000000001 0 ] DONE"},
        {"[Infinity,-Infinity,NaN]", "[ #inf #-inf #nan ] DONE"},
        {"0.1000000000000000055511151231257827021181583404541015625", "#0.10000000000000001 DONE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void decodes_strings(void **state)
{
    static const struct row rows[] = {
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "<a\"\\/\b\f\n\r\tz> S DONE"},
        {"\"\\u0041\\u00e4\\u20AC\\u0000!\"", "<A\xc3\xa4\xe2\x82\xacNUL!> S DONE"},
        {"\"\\ud83d\\uDE00\"", "<\xf0\x9f\x98\x80> S DONE"},
        {"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"",
         "<\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf> S DONE"},
        {"\"\\ud83d\"", "<\xef\xbf\xbd> S DONE"},
        {"\"\\ude00x\"", "<\xef\xbf\xbdx> S DONE"},
        {"\"\\ud83dx\"", "<\xef\xbf\xbdx> S DONE"},
        {"\"\\ud83d\\n\"", "<\xef\xbf\xbd\n> S DONE"},
        {"\"\\ud83d\\u20ac\"", "<\xef\xbf\xbd\xe2\x82\xac> S DONE"},
        {"\"\\ud83d\\ud83d\\ude00\"", "<\xef\xbf\xbd\xf0\x9f\x98\x80> S DONE"},
        {"\"\\ud83d\xc3\xa4\"", "<\xef\xbf\xbd\xc3\xa4> S DONE"},
        {"\"\x7f\"", "<\x7f> S DONE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void refuses_what_is_not_json(void **state)
{
    static const struct row rows[] = {
        {"", "BAD"},
        {"  ", "BAD"},
        {"{", "{ BAD"},
        {"[1", "[ BAD"},
        {"[1,]", "[ 1 BAD"},
        {"[,1]", "[ BAD"},
        {"[1 2]", "[ 1 BAD"},
        {"[1}", "[ 1 BAD"},
        {"{\"a\":1]", "{<a> K 1 BAD"},
        {"{\"a\"}", "{<a> K BAD"},
        {"{\"a\" 1}", "{<a> K BAD"},
        {"{\"a\":}", "{<a> K BAD"},
        {"{\"a\":1,}", "{<a> K 1 BAD"},
        {"{a:1}", "{ BAD"},
        {"{'a':1}", "{ BAD"},
        {"]", "BAD"},
        {"}", "BAD"},
        {":", "BAD"},
        {"{} {}", "{ } BAD"},
        {"1 2", "1 BAD"},
        {"{}x", "{ } BAD"},
        {"\xef\xbb\xbf{}", "BAD"},
        {"[1]//", "[ 1 ] BAD"},
        {"[\f1]", "[ BAD"},
        {"True", "BAD"},
        {"nul", "BAD"},
        {"nulll", "BAD"},
        {"+Infinity", "BAD"},
        {"-NaN", "BAD"},
        {"infinity", "BAD"},
        {"[-]", "[ BAD"},
        {"[+1]", "[ BAD"},
        {"[01]", "[ BAD"},
        {"[-01]", "[ BAD"},
        {"[1.]", "[ BAD"},
        {"[.5]", "[ BAD"},
        {"[1.e1]", "[ BAD"},
        {"[1e]", "[ BAD"},
        {"[1e+]", "[ BAD"},
        {"[1e1.5]", "[ BAD"},
        {"[0x10]", "[ BAD"},
        {"[1-2]", "[ BAD"},
        {"[--1]", "[ BAD"},
        {"[1234567890123456789012345678901234567890123456789012345678901234]", "[ BAD"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

/* A trace ends where the input went bad: bytes of an unfinished string are not given. */
static void refuses_bad_strings(void **state)
{
    static const char *const inputs[] = {
        "\"abc",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\x1f\"",
        "\"\\x41\"",
        "\"\\",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\U0041\"",
        "\"\x80\"",
        "\"\xbf\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xc3\"",
        "\"\xc3(\"",
        "\"\xe0\x9f\xbf\"",
        "\"\xe2\x82\"",
        "\"\xed\xa0\x80\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xff\"",
        "\"\xf0\x9f\x98\"",
        "\"\xe2\x28\xa1\"",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(inputs); i++)
        feed_every_way(&ops, inputs[i], strlen(inputs[i]), "BAD");
}

/* Every length around the size of a piece, with the characters that need room at its end. */
static void cuts_long_strings_between_characters(void **state)
{
    static const struct {
        const char *raw, *decoded;
    } tails[] = {{"", ""},
                 {"x", "x"},
                 {"\\n", "\n"},
                 {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                 {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
                 {"\\ud83d\\u20ac", "\xef\xbf\xbd\xe2\x82\xac"},
                 {"\\ud83d", "\xef\xbf\xbd"},
                 {"\\ud83d\\ud83d\\ud83dx", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        for (int n = 50; n < 70; n++) {
            char input[160], want[160];

            (void)snprintf(input, sizeof input, "\"%0*d%s\"", n, 0, tails[i].raw);
            (void)snprintf(want, sizeof want, "<%0*d%s> S DONE", n, 0, tails[i].decoded);
            feed_every_way(&ops, input, strlen(input), want);
            (void)snprintf(input, sizeof input, "{\"%0*d%s\":1}", n, 0, tails[i].raw);
            (void)snprintf(want, sizeof want, "{<%0*d%s> K 1 } DONE", n, 0, tails[i].decoded);
            feed_every_way(&ops, input, strlen(input), want);
        }
    }
}

static void bounds_the_depth(void **state)
{
    char input[2 * SCAN_DEPTH + 3], want[4 * SCAN_DEPTH + 16] = "";

    (void)state;
    memset(input, '[', SCAN_DEPTH);
    memset(input + SCAN_DEPTH, ']', SCAN_DEPTH);
    input[2 * SCAN_DEPTH] = '\0';
    for (int i = 0; i < 2 * SCAN_DEPTH; i++)
        strcat(want, i < SCAN_DEPTH ? "[ " : "] ");
    strcat(want, "DONE");
    feed_every_way(&ops, input, 2 * SCAN_DEPTH, want);
    input[SCAN_DEPTH] = '[';
    want[2 * SCAN_DEPTH] = '\0';
    strcat(want, "BAD");
    feed_every_way(&ops, input, 2 * SCAN_DEPTH, want);
}

static void knows_its_depth_and_stays_bad(void **state)
{
    const char *at = "{\"a\":[]}x", *end = at + strlen(at);

    (void)state;
    json_scan_init(&scan);
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_OBJECT_BEGIN);
    assert_int_equal(scan.depth, 1);
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_KEY);
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_ARRAY_BEGIN);
    assert_int_equal(scan.depth, 2);
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_ARRAY_END);
    assert_int_equal(json_scan_next(&scan, &at, end - 1), SCAN_OBJECT_END);
    assert_int_equal(scan.depth, 0);
    assert_int_equal(json_scan_next(&scan, &at, end - 1), SCAN_DONE);
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_BAD);
    at = end = "";
    assert_int_equal(json_scan_next(&scan, &at, end), SCAN_BAD);
    assert_int_equal(json_scan_end(&scan), SCAN_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_tokens_of_structures),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(refuses_bad_strings),
        cmocka_unit_test(cuts_long_strings_between_characters),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(knows_its_depth_and_stays_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
