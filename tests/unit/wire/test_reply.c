/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"
#include "wire/reply.h"

struct want {
    enum reply_kind kind;
    const char *path, *equals, *text;
    int r;
    bool good;
    int kind_bits, finish;
    int32_t input, output, cached, text_bytes;
    const char *error;
};

enum { C = OPENAI_CONTENT, U = OPENAI_USAGE, F = OPENAI_FINISH, E = OPENAI_ERROR };

#define DONE                                                                                       \
    "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"error\":null,"      \
    "\"output\":[{\"content\":[{\"text\":\"abc\"}]}],\"usage\":{\"input_tokens\":9,"               \
    "\"input_tokens_details\":{\"cached_tokens\":4},\"output_tokens\":3}}}"
#define WHOLE                                                                                      \
    "{\"object\":\"response\",\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"       \
    "\"max_output_tokens\"},\"error\":null,\"output\":[{\"content\":[{\"type\":\"output_text\","   \
    "\"text\":\"abc\"}]}],\"usage\":{\"input_tokens\":9,\"output_tokens\":3}}"
#define FAILED                                                                                     \
    "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"x\"," \
    "\"message\":\"no room\"}}}"

static const struct want table[] = {
    {REPLY_RESPONSES, "", NULL, "{\"delta\":\"h\\u00e9\",\"type\":\"response.output_text.delta\"}",
     0, false, C, 0, -1, -1, -1, 3, ""},
    {REPLY_RESPONSES, "", NULL, "{\"type\":\"response.output_text.delta\",\"delta\":\"\"}", 0,
     false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_RESPONSES, "", NULL, DONE, 0, true, F | U, 1, 9, 3, 4, 0, ""},
    {REPLY_RESPONSES, "", NULL, WHOLE, 0, true, C | F | U, 2, 9, 3, -1, 3, ""},
    {REPLY_RESPONSES, "", NULL, FAILED, 0, false, E, 0, -1, -1, -1, 0, "no room"},
    {REPLY_RESPONSES, "", NULL, "{\"type\":\"error\",\"message\":\"gone\"}", 0, false, E, 0, -1, -1,
     -1, 0, "gone"},
    {REPLY_EMBEDDINGS, "", NULL,
     "{\"data\":[{\"embedding\":[0.5,1]}],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":8}}", 0,
     true, C | U, 0, 7, -1, -1, 0, ""},
    {REPLY_EMBEDDINGS, "", NULL, "{\"data\":[],\"usage\":{\"total_tokens\":8}}", 0, false, U, 0, 8,
     -1, -1, 0, ""},
    {REPLY_EMBEDDINGS, "", NULL, "{\"data\":[{\"embedding\":\"AAAA\"}]}", 0, true, C, 0, -1, -1, -1,
     0, ""},
    {REPLY_EMBEDDINGS, "", NULL, "{\"error\":{\"message\":\"too long\"}}", 0, false, E, 0, -1, -1,
     -1, 0, "too long"},
    {REPLY_RERANK, "", NULL,
     "{\"results\":[{\"index\":1,\"relevance_score\":0.5}],\"meta\":{\"tokens\":{\"input_tokens\":"
     "6}}}",
     0, true, C | U, 0, 6, -1, -1, 0, ""},
    {REPLY_RERANK, "", NULL, "{\"results\":[{\"index\":1}]}", 0, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/outputs/1/name", "b", "{\"outputs\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 0,
     true, C, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/outputs/0/name", "b", "{\"outputs\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 0,
     false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/n", "1.50", "{\"n\":15e-1}", 0, true, C, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/n", "zero", "{\"n\":0}", 0, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/n", "true", "{\"n\":true}", 0, true, C, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/n", NULL, "{\"n\":null}", 0, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/a~1b/~0", "x", "{\"a/b\":{\"~0\":1,\"~\":\"x\"}}", 0, true, C, 0, -1, -1, -1, 0,
     ""},
    {REPLY_JSON, "/01", NULL, "[1,2]", 0, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/a/0/b", NULL, "{\"a\":[[9],{\"b\":1}]}", 0, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, "/0", NULL, "[{}]", 0, true, C, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, NULL, NULL, "3.5", 0, true, C, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, NULL, NULL, "{\"error\":\"no model\"}", 0, true, E, 0, -1, -1, -1, 0, "no model"},
    {REPLY_JSON, NULL, NULL, "{\"a\":", -EBADMSG, false, 0, 0, -1, -1, -1, 0, ""},
    {REPLY_JSON, NULL, NULL, "", -EBADMSG, false, 0, 0, -1, -1, -1, 0, ""},
};

static void check(struct guard *g, const struct want *w, size_t cut)
{
    struct reply_spec spec = {.kind = w->kind, .equals = w->equals};
    size_t n = strlen(w->text);
    struct openai_event e;
    struct reply a;

    if (w->path && *w->path)
        assert_int_equal(reply_pointer_parse(&spec.test, w->path), 0);
    reply_begin(&a, &spec);
    reply_feed(&a, guard_place(g, w->text, cut), cut);
    reply_feed(&a, guard_place(g, w->text + cut, n - cut), n - cut);
    assert_int_equal(reply_end(&a, &e), w->r);
    if (w->r < 0)
        return;
    assert_int_equal(a.good, w->good);
    assert_int_equal(e.kind, w->kind_bits);
    assert_int_equal(e.finish, w->finish);
    assert_int_equal(e.input_tokens, w->input);
    assert_int_equal(e.output_tokens, w->output);
    assert_int_equal(e.cached_tokens, w->cached);
    assert_int_equal(e.text_bytes, w->text_bytes);
    assert_int_equal(e.bytes, n);
    assert_string_equal(e.error, w->error);
}

static void reads_each_endpoint_however_it_is_cut(void **state)
{
    struct guard g;

    (void)state;
    guard_open(&g, 4096);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        for (size_t cut = 0; cut <= strlen(table[i].text); cut++)
            check(&g, &table[i], cut);
    guard_close(&g);
}

static void refuses_what_is_no_path(void **state)
{
    static const char *const bad[] = {"", "a", "a/b", "/~2", "/a~", "/a/b/c/d/e/f/g/h/i"};
    struct reply_path p;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(reply_pointer_parse(&p, bad[i]), -EINVAL);
    assert_int_equal(reply_pointer_parse(&p, "/a/1/0/b"), 0);
    assert_int_equal(p.count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_endpoint_however_it_is_cut),
        cmocka_unit_test(refuses_what_is_no_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
