/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/target.c - which engine answers, and what it says of itself.
 *
 * Each engine has an information page of its own. All are asked, in the order of the table below;
 * who answers with the field that names it is the engine. Of an answer only the listed fields are
 * kept: information pages of some engines repeat their whole command line, keys included.
 */
#include "probe/target.h"
#include "base/json.h"
#include "probe/facts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct field {
    const char *at; /* dots descend; a number is an index */
    const char *fact;
    const char *unit;
};

struct page {
    const char *path; /* below the root, not below /v1 */
    enum engine engine;
    const char *mark;    /* a field that only this engine's page has */
    const char *version; /* where the version stands */
    const struct field *fields;
};

static const struct field llama_fields[] = {
    {"total_slots", "slots", ""},
    {"default_generation_settings.n_ctx", "context.per_slot", "tokens"},
    {"model_ftype", "model.ftype", ""},
    {NULL, NULL, NULL},
};
static const struct field sglang_fields[] = {
    {"model_path", "model.path", ""},
    {"tokenizer_path", "tokenizer.path", ""},
    {"dtype", "dtype", ""},
    {"quantization", "quantization", ""},
    {"kv_cache_dtype", "kv_cache.dtype", ""},
    {"context_length", "context.length", "tokens"},
    {"mem_fraction_static", "memory.fraction_static", ""},
    {"max_running_requests", "requests.running_max", ""},
    {"max_total_num_tokens", "tokens.total_max", "tokens"},
    {"chunked_prefill_size", "prefill.chunk", "tokens"},
    {"schedule_policy", "schedule.policy", ""},
    {"attention_backend", "attention.backend", ""},
    {"sampling_backend", "sampling.backend", ""},
    {"disable_radix_cache", "prefix_cache.disabled", ""},
    {"disable_cuda_graph", "cuda_graph.disabled", ""},
    {"cuda_graph_max_bs", "cuda_graph.batch_max", ""},
    {"enable_torch_compile", "torch_compile", ""},
    {"speculative_algorithm", "speculative.algorithm", ""},
    {"speculative_num_steps", "speculative.steps", ""},
    {"tp_size", "parallel.tensor", ""},
    {"dp_size", "parallel.data", ""},
    {"pp_size", "parallel.pipeline", ""},
    {"ep_size", "parallel.expert", ""},
    {"device", "device", ""},
    {NULL, NULL, NULL},
};
static const struct field tgi_fields[] = {
    {"sha", "engine.commit", ""},
    {"docker_label", "engine.image", ""},
    {"model_id", "model.id", ""},
    {"model_sha", "model.commit", ""},
    {"model_dtype", "dtype", ""},
    {"model_device_type", "device", ""},
    {"max_concurrent_requests", "requests.running_max", ""},
    {"max_input_tokens", "input.max", "tokens"},
    {"max_total_tokens", "context.length", "tokens"},
    {"max_batch_total_tokens", "batch.tokens_max", "tokens"},
    {"max_batch_size", "batch.size_max", ""},
    {"waiting_served_ratio", "schedule.waiting_served_ratio", ""},
    {NULL, NULL, NULL},
};
static const struct field no_fields[] = {{NULL, NULL, NULL}};
/* Less of it in the GPU's memory than there is: the CPU computes the rest. */
static const struct field loaded_fields[] = {
    {"models.0.digest", "model.digest", ""},
    {"models.0.size", "model.size_bytes", "bytes"},
    {"models.0.size_vram", "model.gpu_bytes", "bytes"},
    {"models.0.context_length", "context.length", "tokens"},
    {"models.0.details.quantization_level", "quantization", ""},
    {NULL, NULL, NULL},
};

/* The first that matches wins; /version comes last because vLLM's page names nobody. */
static const struct page pages[] = {
    {"/props", ENGINE_LLAMA_SERVER, "total_slots", "build_info", llama_fields},
    {"/server_info", ENGINE_SGLANG, "schedule_policy", "version", sglang_fields},
    {"/get_server_info", ENGINE_SGLANG, "schedule_policy", "version", sglang_fields},
    {"/info", ENGINE_TGI, "model_id", "version", tgi_fields},
    {"/api/version", ENGINE_OLLAMA, "version", "version", no_fields},
    {"/version", ENGINE_VLLM, "version", "version", no_fields},
};

/* Ollama's other page: what it has loaded by now. */
static const struct page loaded = {"/api/ps", ENGINE_OLLAMA, "models", "version", loaded_fields};

/* What /v1/models says of the first model; the keys of several engines. */
static const struct field model_fields[] = {
    {"owned_by", "models.first.owner", ""},
    {"root", "models.first.root", ""},
    {"max_model_len", "context.length", "tokens"},
    {"meta.n_params", "model.parameters", ""},
    {"meta.size", "model.size_bytes", "bytes"},
    {"meta.n_ctx_train", "model.context_trained", "tokens"},
    {NULL, NULL, NULL},
};

static const struct {
    const char *owner;
    enum engine engine;
} owners[] = {
    {"llamacpp", ENGINE_LLAMA_SERVER}, {"vllm", ENGINE_VLLM},      {"sglang", ENGINE_SGLANG},
    {"tensorrt_llm", ENGINE_TRTLLM},   {"library", ENGINE_OLLAMA},
};

const char *engine_name(enum engine e)
{
    static const char *const names[] = {
        [ENGINE_UNKNOWN] = "unknown", [ENGINE_LLAMA_SERVER] = "llama-server",
        [ENGINE_VLLM] = "vLLM",       [ENGINE_SGLANG] = "SGLang",
        [ENGINE_TGI] = "TGI",         [ENGINE_TRTLLM] = "TensorRT-LLM",
        [ENGINE_OLLAMA] = "Ollama",
    };

    assert((size_t)e < COUNT_OF(names));
    return names[e];
}

struct asking {
    const struct target_source *source;
    struct facts facts;
    struct probe_target found;
    const char *base; /* "/v1" */
    bool stalled;     /* a request timed out: the rest is not waited for */
};

static json_t *descend(json_t *j, const char *at)
{
    while (j && *at) {
        char key[64];
        size_t n = strcspn(at, ".");

        (void)snprintf(key, sizeof key, "%.*s", (int)n, at);
        j = json_is_array(j) ? json_array_get(j, strtoul(key, NULL, 10)) : json_object_get(j, key);
        at += n + (at[n] == '.');
    }
    return j;
}

/* A scalar as text; false for null, arrays, objects and texts over @size. */
static bool scalar(char *buf, size_t size, const json_t *j)
{
    int n = -1;

    if (json_is_string(j))
        n = snprintf(buf, size, "%s", json_string_value(j));
    else if (json_is_integer(j))
        n = snprintf(buf, size, "%lld", (long long)json_integer_value(j));
    else if (json_is_real(j))
        n = snprintf(buf, size, "%.6g", json_real_value(j));
    else if (json_is_boolean(j))
        n = snprintf(buf, size, "%s", json_is_true(j) ? "true" : "false");
    return n >= 0 && (size_t)n < size;
}

static int put_field(struct asking *a, json_t *page, const struct field *field, const char *source)
{
    char text[256];
    json_t *value = descend(page, field->at);

    if (!value)
        return 0; /* versions of an engine differ in what they tell */
    if (!scalar(text, sizeof text, value))
        return facts_absent(&a->facts, field->fact, "%s: %s is %s", source, field->at,
                            json_is_null(value) ? "null" : "no short text");
    return facts_put(&a->facts, KNOWN_REPORTED, field->fact, text, field->unit, source);
}

static int put_fields(struct asking *a, json_t *page, const struct field *fields,
                      const char *source)
{
    int r = 0;

    for (; fields->at && r == 0; fields++)
        r = put_field(a, page, fields, source);
    return r;
}

/* "/v1/models" -> "endpoint.v1.models" */
static int put_absent_page(struct asking *a, const char *path, const char *why)
{
    char name[128];

    (void)snprintf(name, sizeof name, "endpoint%s", path);
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '.';
    return facts_absent(&a->facts, name, "GET %s: %s", path, why);
}

/* 1: *@ret is a JSON object; 0: there is none, and that is recorded. */
static int read_page(struct asking *a, json_t **ret, const struct http_answer *answer,
                     const char *path)
{
    AUTO(json_unref) json_t *j = NULL;
    struct err err = {0};
    char why[64];

    if (answer->status != 200) {
        (void)snprintf(why, sizeof why, "HTTP %ld", answer->status);
        return put_absent_page(a, path, why);
    }
    if (json_parse(&j, answer->body, path, &err) < 0 || !json_is_object(j))
        return put_absent_page(a, path, "the answer is no JSON object");
    *ret = TAKE(j);
    return 1;
}

static void set_unreachable(struct asking *a, const struct err *err)
{
    (void)snprintf(a->found.why, sizeof a->found.why, "%.*s", (int)sizeof a->found.why - 1,
                   err->text);
}

/* As read_page(); what the network refuses is a fact too. */
static int ask(struct asking *a, json_t **ret, const char *path, struct http_answer *answer)
{
    struct err err = {0};
    int r;

    if (a->stalled)
        return put_absent_page(a, path, "not asked: an earlier request timed out");
    r = a->source->get(a->source->ctx, answer, path, &err);
    if (r == -ENOMEM)
        return r;
    if (r == -ETIMEDOUT)
        a->stalled = true;
    if (r < 0 && !a->found.reachable)
        set_unreachable(a, &err);
    if (r < 0)
        return put_absent_page(a, path, err.text);
    a->found.reachable = true;
    return read_page(a, ret, answer, path);
}

static void note_owner(struct asking *a, json_t *model)
{
    const char *owner = json_string_value(json_object_get(model, "owned_by"));

    for (size_t i = 0; owner && i < COUNT_OF(owners); i++)
        if (strcmp(owner, owners[i].owner) == 0)
            a->found.engine = owners[i].engine;
}

static int put_ids(struct asking *a, json_t *list, const char *path)
{
    char name[32];
    int r = facts_i64(&a->facts, KNOWN_REPORTED, "models.count", (int64_t)json_array_size(list), "",
                      path);

    for (size_t i = 0; i < json_array_size(list) && i < 16 && r == 0; i++) {
        (void)snprintf(name, sizeof name, "models.%zu.id", i);
        r = put_field(a, json_array_get(list, i), &(struct field){"id", name, ""}, path);
    }
    return r;
}

static int take_models(struct asking *a, json_t *page, const char *path)
{
    json_t *list = json_object_get(page, "data");
    json_t *first = json_array_get(list, 0);
    const char *id = json_string_value(json_object_get(first, "id"));
    int r;

    if (!first)
        return facts_absent(&a->facts, "models.0.id", "GET %s lists no model", path);
    if (id)
        (void)snprintf(a->found.model, sizeof a->found.model, "%.*s",
                       (int)sizeof a->found.model - 1, id);
    note_owner(a, first);
    r = put_ids(a, list, path);
    return r < 0 ? r : put_fields(a, first, model_fields, path);
}

static int ask_models(struct asking *a)
{
    AUTO(http_answer_release) struct http_answer answer = {0};
    AUTO(json_unref) json_t *page = NULL;
    char path[600];
    int r;

    (void)snprintf(path, sizeof path, "%s/models", strcmp(a->base, "/") == 0 ? "" : a->base);
    r = ask(a, &page, path, &answer);
    if (r < 0 || !a->found.reachable)
        return r;
    if (r == 1)
        r = take_models(a, page, path);
    return r < 0 ? r
                 : facts_put(&a->facts, KNOWN_REPORTED, "http.server", answer.server, "",
                             answer.server[0] ? "Server header" : "no Server header");
}

/* TensorRT-LLM serves a /version like vLLM's: the models page told them apart. */
static void note_engine(struct asking *a, json_t *json, const struct page *p)
{
    char version[64];

    if (a->found.engine == ENGINE_UNKNOWN && json_object_get(json, p->mark))
        a->found.engine = p->engine;
    if (a->found.version[0] == '\0' && json_object_get(json, p->mark) &&
        scalar(version, sizeof version, descend(json, p->version)))
        memcpy(a->found.version, version, sizeof version);
}

int target_root(const char *base)
{
    const size_t n = strlen(base);

    if (n >= 3 && strcmp(base + n - 3, "/v1") == 0)
        return (int)n - 3;
    return n == 1 ? 0 : (int)n;
}

static int ask_page(struct asking *a, const struct page *p)
{
    AUTO(http_answer_release) struct http_answer answer = {0};
    AUTO(json_unref) json_t *json = NULL;
    char path[600];
    int r;

    (void)snprintf(path, sizeof path, "%.*s%s", target_root(a->base), a->base, p->path);
    r = ask(a, &json, path, &answer);
    if (r != 1)
        return r;
    note_engine(a, json, p);
    return put_fields(a, json, p->fields, path);
}

static int put_engine(struct asking *a)
{
    const struct probe_target *t = &a->found;
    int r;

    if (!t->reachable)
        return facts_absent(&a->facts, "engine.name", "%s", t->why);
    if (t->engine == ENGINE_UNKNOWN)
        return facts_absent(&a->facts, "engine.name", "no page of a known engine answered");
    r = facts_put(&a->facts, KNOWN_REPORTED, "engine.name", engine_name(t->engine), "",
                  "its information pages");
    return r < 0 ? r
                 : facts_put(&a->facts, KNOWN_REPORTED, "engine.version", t->version, "",
                             t->version[0] ? "its information pages" : "no page tells it");
}

int target_ask(struct probe_target *ret, const struct fact_sink *sink,
               const struct target_source *source, const char *base, struct err *err)
{
    struct asking a = {.source = source, .facts = {sink, "target"}, .base = base};
    int r = ask_models(&a);

    for (size_t i = 0; i < COUNT_OF(pages) && a.found.reachable && r >= 0; i++)
        r = ask_page(&a, &pages[i]);
    if (r >= 0 && a.found.engine == ENGINE_OLLAMA)
        r = ask_page(&a, &loaded);
    if (r >= 0)
        r = put_engine(&a);
    if (r < 0)
        return err_set(err, r, "recording facts of the target: %s", strerror(-r));
    *ret = a.found;
    return 0;
}
