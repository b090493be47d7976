/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"
#include "wire/openai.h"

static struct openai reader;

static void begin(struct trace *t)
{
    (void)t;
    openai_begin(&reader);
}

static void feed(struct trace *t, const char *at, const char *end)
{
    (void)t;
    openai_feed(&reader, at, (size_t)(end - at));
}

static void say_count(struct trace *t, const char *name, int64_t n, int64_t absent)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s=%" PRId64, name, n);
    if (n != absent)
        trace_say(t, text);
}

static void say_event(struct trace *t, const struct openai_event *e)
{
    static const char *const kinds[] = {"role",   "content", "reasoning", "tool",
                                        "finish", "usage",   "error",     "choices"};

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (e->kind >> i & 1)
            trace_say(t, kinds[i]);
    if (e->done)
        trace_say(t, "DONE");
    say_count(t, "f", e->finish, 0);
    say_count(t, "text", e->text_bytes, 0);
    say_count(t, "in", e->input_tokens, -1);
    say_count(t, "out", e->output_tokens, -1);
    say_count(t, "cached", e->cached_tokens, -1);
    trace_payload(t, e->error, strlen(e->error));
}

static int64_t fed;

static void end(struct trace *t)
{
    struct openai_event event = {.bytes = -7};

    trace_say(t, ":");
    if (openai_end(&reader, &event) == 0) {
        assert_int_equal(event.bytes, fed);
        say_event(t, &event);
        return;
    }
    assert_non_null(reader.why);
    assert_int_equal(event.bytes, -7); /* untouched */
    trace_say(t, "BAD");
}

static const struct feed_ops ops = {begin, feed, end};

struct row {
    const char *input, *want;
};

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fed = (int64_t)strlen(rows[i].input);
        feed_every_way(&ops, rows[i].input, (size_t)fed, rows[i].want);
    }
}

#define CHUNK(rest)                                                                                \
    "{\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"          \
    "\"model\":\"m\",\"system_fingerprint\":null," rest "}"
#define DELTA(delta) CHUNK("\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]")

static void reads_chat_deltas(void **state)
{
    static const struct row rows[] = {
        {DELTA("{\"role\":\"assistant\",\"content\":null}"), ": role choices"},
        {DELTA("{\"role\":\"assistant\",\"content\":\"\"}"), ": role choices"},
        {DELTA("{\"role\":\"assistant\",\"content\":\"Hi\"}"), ": content choices text=2"},
        {DELTA("{\"content\":\" h\\u00e9llo\\n\"}"), ": content choices text=8"},
        {DELTA("{}"), ": choices"},
        {DELTA("{\"reasoning_content\":\"hm\"}"), ": reasoning choices text=2"},
        {DELTA("{\"reasoning\":\"hm\"}"), ": reasoning choices text=2"},
        {DELTA("{\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"}"),
         ": reasoning choices text=2"},
        {DELTA("{\"content\":\"a\",\"reasoning_content\":\"\"}"), ": content choices text=1"},
        {DELTA("{\"content\":\"a\",\"reasoning\":\"bc\"}"), ": content reasoning choices text=3"},
        {DELTA("{\"content\":null,\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\","
               "\"arguments\":\"{\\\"text\\\":1}\"}}]}"),
         ": tool choices"},
        {DELTA("{\"content\":\"x\",\"tool_calls\":[]}"), ": content choices text=1"},
        {DELTA("{\"function_call\":{\"name\":\"f\"}}"), ": tool choices"},
        {DELTA("{\"content\":[{\"type\":\"text\",\"text\":\"ab\"},{\"text\":\"c\"}]}"),
         ": content choices text=3"},
        {CHUNK("\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"delta\":{\"content\":\"b\"}}]"),
         ": content choices text=2"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void reads_the_end_of_a_stream(void **state)
{
    static const struct row rows[] = {
        {CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]"),
         ": finish choices f=1"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"length\"}]"), ": finish choices f=2"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"tool_calls\"}]"), ": finish choices f=3"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"content_filter\"}]"), ": finish choices f=4"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"abort\"}]"), ": finish choices f=5"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"a reason that is longer than any piece of a "
               "string can be, and then some\"}]"),
         ": finish choices f=5"},
        {CHUNK("\"choices\":[{\"finish_reason\":\"\"}]"), ": choices"},
        {CHUNK("\"choices\":[],\"usage\":{\"completion_tokens\":100,\"prompt_tokens\":32,"
               "\"total_tokens\":132,\"prompt_tokens_details\":{\"cached_tokens\":31}}"),
         ": usage in=32 out=100 cached=31"},
        {CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"prompt_tokens_details\":null},"
               "\"timings\":{\"prompt_n\":1,\"prompt_tokens\":9,\"prompt_ms\":14.6}"),
         ": usage in=4"},
        {CHUNK("\"choices\":[],\"usage\":null"), ":"},
        {CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e99}"), ":"},
        {CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":\"9\",\"completion_tokens\":7.0}"),
         ": usage out=7"},
        {"[DONE]", ": DONE"},
        {" [DONE] \r\n", ": DONE"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void reads_completions_and_whole_answers(void **state)
{
    static const struct row rows[] = {
        {"{\"object\":\"text_completion\",\"choices\":[{\"text\":\" word\",\"index\":0,"
         "\"logprobs\":null,\"finish_reason\":null}]}",
         ": content choices text=5"},
        {"{\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}],"
         "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}",
         ": finish usage choices f=2 in=3 out=5"},
        {"{\n  \"object\": \"chat.completion\",\n  \"choices\": [ { \"message\": { \"role\": "
         "\"assistant\", \"content\": \"one two\" }, \"finish_reason\": \"stop\" } ],\n"
         "  \"usage\": { \"prompt_tokens\": 3, \"completion_tokens\": 2 }\n}\n",
         ": content finish usage choices f=1 text=7 in=3 out=2"},
        {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":"
         "[{\"id\":\"1\"}]},\"finish_reason\":\"tool_calls\"}]}",
         ": tool finish choices f=3"},
        {"{}", ":"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

#define SIXTEEN "0123456789abcdef"
#define SIXTY_FOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static void looks_for_fields_only_where_they_belong(void **state)
{
    static const struct row rows[] = {
        {"{\"content\":\"x\",\"text\":\"y\",\"finish_reason\":\"stop\",\"prompt_tokens\":4}", ":"},
        {"{\"x\":{\"choices\":[{\"text\":\"a\"}],\"error\":\"b\"},\"y\":[{\"usage\":{"
         "\"prompt_tokens\":1}}]}",
         ":"},
        {DELTA("{\"audio\":{\"content\":\"x\"},\"content\":\"y\"}"), ": content choices text=1"},
        {DELTA("{\"con\\u0074ent\":\"x\"}"), ": content choices text=1"},
        {"{\"choices\":[[{\"text\":\"a\"}]]}", ": choices"},
        {"{\"choices\":{\"text\":\"a\"}}", ":"},
        {"{\"a\":[[[[[[[[[[{\"choices\":[{\"text\":\"a\"}]}]]]]]]]]]],"
         "\"choices\":[{\"text\":\"b\"}]}",
         ": content choices text=1"},
        {"{\"" SIXTY_FOUR "choices\":[1],\"choices\":[]}", ":"}, /* its last piece looks right */
        {"{\"choices\":[{\"logprobs\":{\"content\":[{\"token\":\"a\",\"text\":\"b\"}]}}]}",
         ": choices"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

#define LONG "0123456789012345678901234567890123456789"

static void reads_errors(void **state)
{
    static const struct row rows[] = {
        {"{\"error\":{\"code\":400,\"message\":\"too long\",\"type\":\"x\"}}", ": error<too long>"},
        {"{\"error\":\"not found\"}", ": error<not found>"},
        {"{\"object\":\"error\",\"message\":\"no model\",\"code\":404}", ": error<no model>"},
        {"{\"message\":\"no model\",\"object\":\"error\"}", ": error<no model>"},
        {"{\"detail\":\"Not Found\"}", ": error<Not Found>"},
        {"{\"error\":{\"message\":null}}", ": error"},
        {"{\"error\":{}}", ": error"},
        {"{\"error\":true}", ": error"},
        {"{\"error\":null,\"message\":\"fine\"}", ":"},
        {"{\"error\":\"\",\"choices\":[{\"text\":\"a\"}]}", ": content choices text=1"},
        {"{\"error\":false,\"choices\":[{\"text\":\"a\"}]}", ": content choices text=1"},
        {"{\"detail\":\"low\",\"choices\":[{\"text\":\"a\"}]}", ": content choices text=1"},
        {"{\"message\":\"beside\",\"error\":{\"message\":\"own\"}}", ": error<own>"},
        {"{\"error\":{\"message\":\"own\"},\"message\":\"beside\"}", ": error<own>"},
        {"{\"error\":\"two\\nlines\\u0007\\u0000\"}", ": error<two lines  >"},
        {"{\"error\":\"" LONG LONG "012345678901234x\"}", ": error<" LONG LONG "012345678901234>"},
        {"{\"error\":\"" LONG LONG "01234567890123\xc3\xa4" LONG LONG "\"}",
         ": error<" LONG LONG "01234567890123>"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void refuses_what_is_no_answer(void **state)
{
    static const struct row rows[] = {
        {"", ": BAD"},
        {"  ", ": BAD"},
        {"[DONE", ": BAD"},
        {"[DONE]x", ": BAD"},
        {"[done]", ": BAD"},
        {"DONE", ": BAD"},
        {"[]", ": BAD"},
        {"[{\"choices\":[]}]", ": BAD"},
        {"null", ": BAD"},
        {"7", ": BAD"},
        {"\"text\"", ": BAD"},
        {"{\"choices\":[{\"text\":\"a\"}]", ": BAD"},
        {"{\"choices\":[{\"text\":\"a", ": BAD"},
        {"{\"choices\":[{\"text\":\"\xff\"}]}", ": BAD"},
        {"{} {}", ": BAD"},
        {"{}[DONE]", ": BAD"},
        {"<html>", ": BAD"},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void starts_afresh_after_a_bad_event(void **state)
{
    struct openai_event event;

    (void)state;
    openai_begin(&reader);
    openai_feed(&reader, "{\"error\":\"x\",", 13);
    assert_int_equal(openai_end(&reader, &event), -EBADMSG);
    openai_begin(&reader);
    openai_feed(&reader, "{}", 2);
    assert_int_equal(openai_end(&reader, &event), 0);
    assert_int_equal(event.kind, 0);
    assert_int_equal(event.bytes, 2);
    assert_string_equal(event.error, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_chat_deltas),
        cmocka_unit_test(reads_the_end_of_a_stream),
        cmocka_unit_test(reads_completions_and_whole_answers),
        cmocka_unit_test(looks_for_fields_only_where_they_belong),
        cmocka_unit_test(reads_errors),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(starts_afresh_after_a_bad_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
