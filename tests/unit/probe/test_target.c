/* SPDX-License-Identifier: Apache-2.0 */
/* Each engine's own pages, written by hand after its documentation; no network. */
#include "harness/fault.h"
#include "probe/target.h"
#include "sink.h"

struct page {
    const char *path, *body;
};

struct table {
    const struct page *pages; /* ends with a NULL path */
    int network;              /* 0, or the errno that each request ends with */
    const char *stalls;       /* this path times out */
    int asked;
};

static int answer(void *ctx, struct http_answer *ret, const char *path, struct err *err)
{
    struct table *t = ctx;
    struct http_answer a = {.status = 404, .server = "uvicorn"};
    const char *body = "{\"detail\":\"Not Found\"}";

    t->asked++;
    if (t->network)
        return err_set(err, t->network, "%s: no network here", path);
    if (t->stalls && strcmp(path, t->stalls) == 0)
        return err_set(err, -ETIMEDOUT, "%s: timed out", path);
    for (const struct page *p = t->pages; p->path; p++)
        if (strcmp(p->path, path) == 0) {
            a.status = 200;
            body = p->body;
        }
    a.body = strdup(body);
    if (!a.body)
        return err_set(err, -ENOMEM, "out of memory");
    a.len = strlen(body);
    *ret = a;
    return 0;
}

static int ask(struct probe_target *ret, struct seen *seen, struct table *t, const char *base)
{
    const struct target_source source = {answer, t};
    struct err err = {0};

    return target_ask(ret, &(struct fact_sink){seen_put, seen}, &source, base, &err);
}

static void knows_llama_server(void **state)
{
    static const struct page pages[] = {
        {"/v1/models", "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"owned_by\":\"llamacpp\","
                       "\"meta\":{\"n_params\":30846720,\"n_ctx_train\":32768}}]}"},
        {"/props", "{\"default_generation_settings\":{\"n_ctx\":1024},\"total_slots\":4,"
                   "\"model_path\":\"/home/someone/m.gguf\",\"build_info\":\"b1-0ad4a86\"}"},
        {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_true(found.reachable);
    assert_int_equal(found.engine, ENGINE_LLAMA_SERVER);
    assert_string_equal(found.version, "b1-0ad4a86");
    assert_string_equal(found.model, "m");
    assert_seen(&seen, "target.engine.name=llama-server [2]");
    assert_seen(&seen, "target.engine.version=b1-0ad4a86 [2]");
    assert_seen(&seen, "target.slots=4 [2] /props\n");
    assert_seen(&seen, "target.context.per_slot=1024 tokens[2]");
    assert_seen(&seen, "target.model.parameters=30846720 [2]");
    assert_seen(&seen, "target.endpoint.version=? [5] GET /version: HTTP 404\n");
    assert_unseen(&seen, "someone");
}

static void knows_vllm_below_another_prefix(void **state)
{
    static const struct page pages[] = {
        {"/llm/v1/models", "{\"data\":[{\"id\":\"meta/llama\",\"owned_by\":\"vllm\",\"root\":"
                           "\"meta/llama\",\"max_model_len\":8192},{\"id\":\"lora\"}]}"},
        {"/llm/version", "{\"version\":\"0.11.0\"}"},
        {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/llm/v1"), 0);
    assert_int_equal(found.engine, ENGINE_VLLM);
    assert_string_equal(found.version, "0.11.0");
    assert_string_equal(found.model, "meta/llama");
    assert_seen(&seen, "target.models.count=2 [2]");
    assert_seen(&seen, "target.models.1.id=lora [2]");
    assert_seen(&seen, "target.context.length=8192 tokens[2]");
    assert_seen(&seen, "target.http.server=uvicorn [2]");
}

static void keeps_only_listed_fields_of_sglang(void **state)
{
    static const struct page pages[] = {
        {"/v1/models", "{\"data\":[{\"id\":\"q\",\"owned_by\":\"sglang\"}]}"},
        {"/get_server_info",
         "{\"model_path\":\"Qwen/Q\",\"api_key\":\"sk-very-secret\",\"tp_size\":2,"
         "\"schedule_policy\":\"fcfs\",\"quantization\":null,\"mem_fraction_static\":0.88,"
         "\"disable_radix_cache\":false,\"admin_api_key\":\"sk-very-secret\","
         "\"internal_states\":[{\"x\":1}],\"version\":\"0.5.4\"}"},
        {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_int_equal(found.engine, ENGINE_SGLANG);
    assert_string_equal(found.version, "0.5.4");
    assert_seen(&seen, "target.parallel.tensor=2 [2]");
    assert_seen(&seen, "target.memory.fraction_static=0.88 [2]");
    assert_seen(&seen, "target.prefix_cache.disabled=false [2]");
    assert_seen(&seen, "target.quantization=? [5] /get_server_info: quantization is null\n");
    assert_unseen(&seen, "secret");
}

static void knows_tgi_trtllm_and_ollama(void **state)
{
    static const struct page tgi[] = {
        {"/info", "{\"model_id\":\"bigscience/b\",\"model_dtype\":\"torch.float16\","
                  "\"max_concurrent_requests\":128,\"version\":\"3.3.6\",\"sha\":\"abc\"}"},
        {NULL, NULL}};
    static const struct page trtllm[] = {
        {"/v1/models", "{\"data\":[{\"id\":\"t\",\"owned_by\":\"tensorrt_llm\"}]}"},
        {"/version", "{\"version\":\"1.1.0\"}"},
        {NULL, NULL}};
    static const struct page ollama[] = {
        {"/v1/models", "{\"data\":[{\"id\":\"llama3:8b\",\"owned_by\":\"library\"}]}"},
        {"/api/version", "{\"version\":\"0.12.3\"}"},
        {"/api/ps", "{\"models\":[{\"name\":\"llama3:8b\",\"size\":6000,\"size_vram\":2000,"
                    "\"context_length\":4096,\"details\":{\"quantization_level\":\"Q4_0\"}}]}"},
        {NULL, NULL}};
    const struct {
        const struct page *pages;
        enum engine engine;
        const char *version, *model;
    } cases[] = {{tgi, ENGINE_TGI, "3.3.6", ""},
                 {trtllm, ENGINE_TRTLLM, "1.1.0", "t"},
                 {ollama, ENGINE_OLLAMA, "0.12.3", "llama3:8b"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct table t = {.pages = cases[i].pages};
        struct seen seen = {.left = -1};
        struct probe_target found;

        assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
        assert_int_equal(found.engine, cases[i].engine);
        assert_string_equal(found.version, cases[i].version);
        assert_string_equal(found.model, cases[i].model);
        if (cases[i].engine == ENGINE_OLLAMA) {
            assert_seen(&seen, "target.model.gpu_bytes=2000 bytes[2] /api/ps\n");
            assert_seen(&seen, "target.quantization=Q4_0 [2] /api/ps\n");
        }
    }
}

/* Keys, tokens and passwords on every page, beside what is looked for and inside it. */
static void no_page_tells_a_secret(void **state)
{
#define SECRETS                                                                                    \
    "\"api_key\":\"sk-planted\",\"hf_token\":\"hf_planted\",\"env\":{\"HF_TOKEN\":\"hf_planted\"}" \
    ","                                                                                            \
    "\"command\":\"serve --api-key sk-planted\",\"ssl_keyfile_password\":\"planted\","
    static const struct page pages[] = {
        {"/v1/models", "{" SECRETS "\"data\":[{" SECRETS "\"id\":\"m\",\"owned_by\":\"x\"}]}"},
        {"/props",
         "{" SECRETS "\"total_slots\":4,\"default_generation_settings\":{" SECRETS "\"n_ctx\":1}}"},
        {"/server_info", "{" SECRETS "\"schedule_policy\":\"fcfs\",\"internal_states\":[{" SECRETS
                         "\"x\":1}],\"dtype\":\"auto\"}"},
        {"/get_server_info", "{" SECRETS "\"schedule_policy\":\"fcfs\"}"},
        {"/info", "{" SECRETS "\"model_id\":\"m\"}"},
        {"/api/version", "{" SECRETS "\"version\":\"1\"}"},
        {"/version", "{" SECRETS "\"version\":\"1\"}"},
        {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_seen(&seen, "target.slots=4 [2]");
    assert_seen(&seen, "target.dtype=auto [2]");
    assert_unseen(&seen, "planted");
}

static void an_unknown_server_is_reachable_and_unknown(void **state)
{
    static const struct page pages[] = {{"/v1/models", "<html>hello"},
                                        {"/props", "[1,2]"},
                                        {"/info", "{\"model_id\":"},
                                        {"/version", "{\"tag\":\"1\"}"},
                                        {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/"), 0); /* asks /models, not /v1/models */
    assert_true(found.reachable);
    assert_int_equal(found.engine, ENGINE_UNKNOWN);
    assert_string_equal(found.version, "");
    assert_string_equal(found.model, "");
    assert_seen(&seen, "target.endpoint.models=? [5] GET /models: HTTP 404\n");
    assert_seen(&seen, "target.endpoint.props=? [5] GET /props: the answer is no JSON object\n");
    assert_seen(&seen, "target.engine.name=? [5] no page of a known engine answered\n");
}

static void says_why_a_target_is_not_reachable_and_asks_no_more(void **state)
{
    struct table t = {.pages = (const struct page[]){{NULL, NULL}}, .network = -ECONNREFUSED};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_false(found.reachable);
    assert_string_equal(found.why, "/v1/models: no network here");
    assert_int_equal(t.asked, 1);
    assert_seen(&seen, "target.engine.name=? [5] /v1/models: no network here\n");
}

static void does_not_wait_twice_for_a_server_that_stalls(void **state)
{
    static const struct page pages[] = {{"/v1/models", "{\"data\":[]}"}, {NULL, NULL}};
    struct table t = {.pages = pages, .stalls = "/props"};
    struct seen seen = {.left = -1};
    struct probe_target found;

    (void)state;
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_int_equal(t.asked, 2);
    assert_seen(&seen, "target.models.0.id=? [5] GET /v1/models lists no model\n");
    assert_seen(&seen, "GET /info: not asked: an earlier request timed out\n");
}

static void odd_types_and_long_texts_are_absent_with_a_reason(void **state)
{
    static char body[1200];
    const struct page pages[] = {
        {"/v1/models", "{\"data\":{\"id\":7}}"}, {"/info", body}, {NULL, NULL}};
    struct table t = {.pages = pages};
    struct seen seen = {.left = -1};
    struct probe_target found;
    int n = snprintf(body, sizeof body, "{\"model_id\":\"");

    (void)state;
    memset(body + n, 'x', 1000);
    (void)snprintf(body + n + 1000, 100, "\",\"sha\":[1],\"version\":{}}");
    assert_int_equal(ask(&found, &seen, &t, "/v1"), 0);
    assert_int_equal(found.engine, ENGINE_TGI);
    assert_string_equal(found.version, "");
    assert_seen(&seen, "target.model.id=? [5] /info: model_id is no short text\n");
    assert_seen(&seen, "target.engine.commit=? [5] /info: sha is no short text\n");
    assert_seen(&seen, "target.engine.version=? [5] no page tells it\n");
}

static void out_of_memory_and_a_full_sink_are_errors(void **state)
{
    static const struct page pages[] = {
        {"/v1/models", "{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\"}]}"}, {NULL, NULL}};
    int r = -ENOSPC;

    (void)state;
    for (int left = 0; r == -ENOSPC && left < 50; left++) {
        struct table t = {.pages = pages};
        struct seen seen = {.left = left};
        struct probe_target found;

        r = ask(&found, &seen, &t, "/v1");
    }
    assert_int_equal(r, 0);
    for (int nth = 0; nth < 7; nth++) { /* one answer's body each */
        struct table t = {.pages = pages};
        struct seen seen = {.left = -1};
        struct probe_target found;

        fault_alloc(nth);
        assert_int_equal(ask(&found, &seen, &t, "/v1"), -ENOMEM);
    }
    fault_alloc(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_llama_server),
        cmocka_unit_test(knows_vllm_below_another_prefix),
        cmocka_unit_test(keeps_only_listed_fields_of_sglang),
        cmocka_unit_test(knows_tgi_trtllm_and_ollama),
        cmocka_unit_test(no_page_tells_a_secret),
        cmocka_unit_test(an_unknown_server_is_reachable_and_unknown),
        cmocka_unit_test(says_why_a_target_is_not_reachable_and_asks_no_more),
        cmocka_unit_test(does_not_wait_twice_for_a_server_that_stalls),
        cmocka_unit_test(odd_types_and_long_texts_are_absent_with_a_reason),
        cmocka_unit_test(out_of_memory_and_a_full_sink_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
