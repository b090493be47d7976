/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/unit.h"
#include "load/response.h"
#include <sys/mman.h>

#define HEAD                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TOKEN "31\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n\r\n"
#define FINISH "3b\r\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\r\n"
#define USAGE                                                                                      \
    "59\r\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"x\":"    \
    "{\"y\":[1]}}}   \n\n\r\n"
#define CREATED                                                                                    \
    "5f\r\nevent: response.created\ndata: "                                                        \
    "{\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}\n\n\r\n"
#define DELTA                                                                                      \
    "5d\r\nevent: response.output_text.delta\ndata: "                                              \
    "{\"type\":\"response.output_text.delta\",\"delta\":\"abc\"}\n\n\r\n"
#define COMPLETED                                                                                  \
    "8e\r\nevent: response.completed\ndata: "                                                      \
    "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_"  \
    "tokens\":7,\"output_tokens\":2}}}\n\n\r\n"
#define FAILED                                                                                     \
    "76\r\nevent: response.failed\ndata: "                                                         \
    "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"message\":"    \
    "\"no room\"}}}\n\n\r\n"
#define ERROR_BODY "{\"error\":{\"message\":\"no room\"}}"

struct answer {
    const char *bytes;
    bool eof; /* the connection ends after them */
    int events, outcome, input, output;
    bool keep;
    enum reply_kind kind; /* of the endpoint; OPENAI: chat and completions */
};

static struct reply_spec specs[] = {
    [REPLY_OPENAI] = {.kind = REPLY_OPENAI},
    [REPLY_RESPONSES] = {.kind = REPLY_RESPONSES},
    [REPLY_EMBEDDINGS] = {.kind = REPLY_EMBEDDINGS},
    [REPLY_RERANK] = {.kind = REPLY_RERANK},
    [REPLY_JSON] = {.kind = REPLY_JSON, .status = 201, .equals = "yes"}, /* main() adds /ok */
};

static const struct answer answers[] = {
    {HEAD TOKEN TOKEN FINISH USAGE "0\r\n\r\n", false, 4, OUTCOME_OK, 7, 2, true, REPLY_OPENAI},
    {HEAD TOKEN FINISH "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", false, 3, OUTCOME_OK, -1, -1, true,
     REPLY_OPENAI},
    {HEAD TOKEN FINISH, true, 2, OUTCOME_EARLY_END, -1, -1, false, REPLY_OPENAI},
    {HEAD TOKEN "0\r\n\r\n", false, 1, OUTCOME_EARLY_END, -1, -1, true, REPLY_OPENAI},
    {HEAD TOKEN "xyz\r\n", false, 1, OUTCOME_BAD_CHUNK, -1, -1, false, REPLY_OPENAI},
    {HEAD TOKEN "b\r\ndata: {]}\n\n\r\n", false, 1, OUTCOME_BAD_EVENT, -1, -1, false, REPLY_OPENAI},
    {HEAD TOKEN "27\r\ndata: " ERROR_BODY "\n\n\r\n" TOKEN, false, 2, OUTCOME_ERROR_EVENT, -1, -1,
     false, REPLY_OPENAI},
    {HEAD "34\r\nevent: error\ndata: " ERROR_BODY "\n\n\r\n", false, 1, OUTCOME_ERROR_EVENT, -1, -1,
     false, REPLY_OPENAI},
    {"HTTP/1.1 429 No\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n" ERROR_BODY,
     false, 0, OUTCOME_HTTP_4XX, -1, -1, true, REPLY_OPENAI},
    {"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nshort", true, 0, OUTCOME_HTTP_5XX, -1, -1,
     false, REPLY_OPENAI},
    {"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
     "{\"choices\":[{\"text\":\"x\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,"
     "\"completion_tokens\":1}}",
     true, 1, OUTCOME_OK, 3, 1, false, REPLY_OPENAI},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}", false, 1,
     OUTCOME_EARLY_END, -1, -1, true, REPLY_OPENAI},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", false, 0,
     OUTCOME_BAD_HTTP, -1, -1, false, REPLY_OPENAI},
    {"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", false, 0,
     OUTCOME_HTTP_5XX, -1, -1, true, REPLY_OPENAI},
    {"nonsense\r\n\r\n", false, 0, OUTCOME_BAD_HTTP, -1, -1, false, REPLY_OPENAI},
    {"", true, 0, OUTCOME_EARLY_END, -1, -1, false, REPLY_OPENAI},
    {HEAD CREATED DELTA DELTA COMPLETED "0\r\n\r\n", false, 4, OUTCOME_OK, 7, 2, true,
     REPLY_RESPONSES},
    {HEAD CREATED DELTA "0\r\n\r\n", false, 2, OUTCOME_EARLY_END, -1, -1, true, REPLY_RESPONSES},
    {HEAD CREATED DELTA FAILED "0\r\n\r\n", false, 3, OUTCOME_ERROR_EVENT, -1, -1, false,
     REPLY_RESPONSES},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "67\r\n\r\n{\"status\":\"completed\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}",
     false, 1, OUTCOME_OK, 3, 1, true, REPLY_RESPONSES},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "17\r\n\r\n{\"object\":\"list\"}",
     false, 1, OUTCOME_WRONG_ANSWER, -1, -1, true, REPLY_RESPONSES},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "58\r\n\r\n{\"data\":[{\"embedding\":[0.5]}],\"usage\":{\"prompt_tokens\":3}}",
     false, 1, OUTCOME_OK, 3, -1, true, REPLY_EMBEDDINGS},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"data\":[]}",
     false, 1, OUTCOME_WRONG_ANSWER, -1, -1, true, REPLY_EMBEDDINGS},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"data\":[}",
     false, 0, OUTCOME_BAD_EVENT, -1, -1, true, REPLY_EMBEDDINGS},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "31\r\n\r\n{\"error\":{\"message\":\"no room\"}}",
     false, 1, OUTCOME_ERROR_EVENT, -1, -1, true, REPLY_EMBEDDINGS},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "35\r\n\r\n{\"results\":[{\"relevance_score\":1}]}",
     false, 1, OUTCOME_OK, -1, -1, true, REPLY_RERANK},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "25\r\n\r\n{\"results\":[{\"index\":1}]}",
     false, 1, OUTCOME_WRONG_ANSWER, -1, -1, true, REPLY_RERANK},
    {"HTTP/1.1 201 Yes\r\nContent-Type: application/json\r\nContent-Length: "
     "12\r\n\r\n{\"ok\":\"yes\"}",
     false, 1, OUTCOME_OK, -1, -1, true, REPLY_JSON},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
     "12\r\n\r\n{\"ok\":\"yes\"}",
     false, 1, OUTCOME_WRONG_ANSWER, -1, -1, true, REPLY_JSON},
    {"HTTP/1.1 201 Yes\r\nContent-Type: application/json\r\nContent-Length: "
     "11\r\n\r\n{\"ok\":\"no\"}",
     false, 1, OUTCOME_WRONG_ANSWER, -1, -1, true, REPLY_JSON},
    {"HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: "
     "12\r\n\r\n{\"ok\":\"yes\"}",
     false, 0, OUTCOME_HTTP_5XX, -1, -1, true, REPLY_JSON},
};

/* A page that ends where nothing may be read: input is placed against its end. */
static char *guarded_end(void)
{
    static char *end;
    char *p =
        end ? NULL : mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p) {
        assert_ptr_not_equal(p, MAP_FAILED);
        assert_int_equal(mprotect(p + 4096, 4096, PROT_NONE), 0);
        end = p + 4096;
    }
    return end;
}

static enum response_step feed(struct response *r, const char *bytes, size_t n, int *events)
{
    char *at_start = guarded_end() - n;
    const char *at = at_start;
    struct openai_event event;
    enum response_step step;

    memcpy(at_start, bytes, n);
    while ((step = response_next(r, &at, guarded_end(), &event)) == RESPONSE_EVENT)
        ++*events;
    return step;
}

static void check(const struct answer *a, size_t first, size_t rest)
{
    size_t len = strlen(a->bytes), n = first;
    enum response_step step = RESPONSE_MORE;
    struct openai_event event;
    struct response r;
    int events = 0;

    response_init(&r, &specs[a->kind]);
    for (size_t at = 0; at < len && step == RESPONSE_MORE; at += n, n = rest) {
        n = at + n > len ? len - at : n;
        step = feed(&r, a->bytes + at, n, &events);
    }
    if (step == RESPONSE_MORE && a->eof)
        while ((step = response_eof(&r, 0, &event)) == RESPONSE_EVENT)
            events++;
    assert_int_equal(step, RESPONSE_END);
    assert_int_equal(r.outcome, a->outcome);
    assert_int_equal(events, a->events);
    assert_int_equal(r.input, a->input);
    assert_int_equal(r.output, a->output);
    assert_int_equal(r.may_keep, a->keep);
    assert_int_equal(r.outcome == OUTCOME_OK, r.text[0] == '\0');
}

static void any_split_of_an_answer_gives_the_same_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        check(&answers[i], 1, 1);
        check(&answers[i], 7, 7);
        for (size_t cut = 1; cut <= strlen(answers[i].bytes); cut++)
            check(&answers[i], cut, SIZE_MAX / 2);
    }
}

static void an_answer_cut_anywhere_is_an_early_end_or_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        for (size_t cut = 0; cut < strlen(answers[i].bytes); cut++) {
            struct openai_event event;
            struct response r;
            int events = 0;

            response_init(&r, &specs[answers[i].kind]);
            if (feed(&r, answers[i].bytes, cut, &events) == RESPONSE_END)
                continue;
            while (response_eof(&r, 0, &event) == RESPONSE_EVENT)
                events++;
            assert_true(r.outcome != OUTCOME_OK);
            assert_true(events <= answers[i].events);
            assert_false(r.may_keep);
        }
}

static void a_broken_connection_is_a_reset_unless_the_status_says_more(void **state)
{
    const struct {
        const char *bytes;
        int outcome;
    } cases[] = {{"", OUTCOME_RESET},
                 {HEAD TOKEN, OUTCOME_RESET},
                 {"HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nno", OUTCOME_HTTP_4XX}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct openai_event event;
        struct response r;
        int events = 0;

        response_init(&r, NULL);
        assert_int_equal(feed(&r, cases[i].bytes, strlen(cases[i].bytes), &events), RESPONSE_MORE);
        assert_int_equal(response_eof(&r, -ECONNRESET, &event), RESPONSE_END);
        assert_int_equal(r.outcome, cases[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_of_an_answer_gives_the_same_verdict),
        cmocka_unit_test(an_answer_cut_anywhere_is_an_early_end_or_its_status),
        cmocka_unit_test(a_broken_connection_is_a_reset_unless_the_status_says_more),
    };

    if (reply_pointer_parse(&specs[REPLY_JSON].test, "/ok") < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
