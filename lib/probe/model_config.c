/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/model_config.c - config.json as Hugging Face's libraries write it beside safetensors.
 *
 * Models of several modes keep the language model's numbers in "text_config". A file that says its
 * precision makes it a measured fact: quantization_config first, else the type of its weights.
 */
#include "base/fs.h"
#include "base/json.h"
#include "probe/model.h"
#include "probe/redact.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20, WORD = 80 };

struct config {
    const json_t *whole, *text; /* the same where there is no text_config */
    const struct facts *facts;
};

static const json_t *get(const struct config *c, const char *key)
{
    const json_t *v = json_object_get(c->text, key);

    return v && !json_is_null(v) ? v : json_object_get(c->whole, key);
}

static int64_t number(const struct config *c, const char *key)
{
    const json_t *v = get(c, key);

    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
}

/* A short word that names a type, a method or an architecture; NULL: it is none. */
static const char *word_of(const json_t *v)
{
    const char *text = json_string_value(v);

    return text && *text && strlen(text) < WORD &&
                   text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789._-")] == '\0' &&
                   !redact_looks_secret(text)
               ? text
               : NULL;
}

static int put_word(const struct config *c, const char *name, const char *key, const json_t *v)
{
    const char *word = word_of(v);

    if (!word)
        return facts_absent(c->facts, name, "config.json: %s is no short word", key);
    return facts_put(c->facts, KNOWN_MEASURED, name, word, "", "config.json beside the weights");
}

static const char *weights_type(const struct config *c)
{
    const char *type = word_of(get(c, "torch_dtype"));

    return type ? type : word_of(get(c, "dtype"));
}

/* "bfloat16" -> "bf16", as the rest of us writes it. */
static const char *short_type(const char *type)
{
    static const char *const names[][2] = {
        {"bfloat16", "bf16"}, {"float16", "f16"}, {"half", "f16"}, {"float32", "f32"}};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(type, names[i][0]) == 0)
            return names[i][1];
    return type;
}

static int put_precision(const struct config *c)
{
    const json_t *q = get(c, "quantization_config"), *bits = json_object_get(q, "bits");
    const char *method = word_of(json_object_get(q, "quant_method")), *type = weights_type(c);
    char text[WORD + 24];

    if (method) {
        if (json_is_integer(bits))
            (void)snprintf(text, sizeof text, "%s %d bit", method, (int)json_integer_value(bits));
        else
            (void)snprintf(text, sizeof text, "%s", method);
        return facts_put(c->facts, KNOWN_MEASURED, "precision", text, "",
                         "quantization_config in config.json");
    }
    if (json_is_object(q))
        return facts_absent(c->facts, "precision",
                            "config.json: quantization_config names no quant_method");
    if (!type)
        return facts_absent(c->facts, "precision", "config.json: neither torch_dtype nor dtype");
    return facts_put(c->facts, KNOWN_MEASURED, "precision", short_type(type), "",
                     "type of the weights in config.json");
}

static int put_shape(const struct config *c)
{
    static const char *const rows[][3] = {
        {"layers", "num_hidden_layers", ""},
        {"heads", "num_attention_heads", ""},
        {"kv_heads", "num_key_value_heads", ""},
        {"embedding_length", "hidden_size", ""},
        {"feed_forward_length", "intermediate_size", ""},
        {"context_length", "max_position_embeddings", "tokens"},
        {"head.key_length", "head_dim", ""},
        {"experts", "num_local_experts", ""}, /* of several keys for one fact, the first there */
        {"experts", "num_experts", ""},
        {"experts", "n_routed_experts", ""},
        {"experts_used", "num_experts_per_tok", ""},
        {"sliding_window", "sliding_window", "tokens"},
        {"vocabulary", "vocab_size", "tokens"},
    };
    const char *last = "";
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++) {
        const int64_t n = strcmp(rows[i][0], last) == 0 ? -1 : number(c, rows[i][1]);

        if (n >= 0) {
            last = rows[i][0];
            r = facts_i64(c->facts, KNOWN_MEASURED, last, n, rows[i][2],
                          "config.json beside the weights");
        } else if (i < 2)
            r = facts_absent(c->facts, rows[i][0], "config.json: no %s", rows[i][1]);
    }
    return r;
}

static int put_parameters(const struct config *c, uint64_t bytes, double bits)
{
    char text[32];

    if (bytes == 0)
        return facts_absent(c->facts, "parameters", "not all files of weights can be seen");
    (void)snprintf(text, sizeof text, "%.0f", (double)bytes * 8 / bits);
    return facts_put(c->facts, KNOWN_DERIVED, "parameters", text, "",
                     "bytes of the files of weights / bytes of the type in config.json");
}

/* Only where all weights are of one type can their number be told from their bytes. */
static int put_sizes(const struct config *c, uint64_t bytes)
{
    const char *type = weights_type(c);
    const double bits = type ? model_type_bits(type) : 0;
    char text[32];
    int r;

    if (bits <= 0 || get(c, "quantization_config")) {
        r = facts_absent(c->facts, "parameters", "weights of several types, or of one not known");
        return r < 0 ? r
                     : facts_absent(c->facts, "bytes_per_parameter",
                                    "weights of several types, or of one not known");
    }
    r = put_parameters(c, bytes, bits);
    (void)snprintf(text, sizeof text, "%.6g", bits / 8);
    return r < 0 ? r
                 : facts_put(c->facts, KNOWN_DERIVED, "bytes_per_parameter", text, "bytes",
                             "the type of the weights in config.json");
}

static bool has(const struct config *c, const char *key)
{
    const json_t *v = get(c, key);

    return v && !json_is_null(v);
}

/* Why keys and values don't take what the formula says; NULL: they do. */
static const char *no_plain_cache(const struct config *c)
{
    static const char *const states[] = {"mamba_d_state",     "ssm_state_size",
                                         "state_size",        "linear_num_key_heads",
                                         "layers_block_type", "hybrid_override_pattern"};

    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (has(c, states[i]))
            return "the model keeps a state in place of keys and values";
    return has(c, "kv_lora_rank") ? "the model keeps compressed keys and values" : NULL;
}

static int put_cache(const struct config *c, const struct model_cache *cache)
{
    const int64_t heads = number(c, "num_attention_heads"), layers = number(c, "num_hidden_layers");
    const int64_t kv = number(c, "num_key_value_heads"), width = number(c, "hidden_size");
    const int64_t stated = number(c, "head_dim");
    const int64_t length = stated > 0 ? stated : heads > 0 && width > 0 ? width / heads : -1;
    const int64_t kv_heads = kv >= 0 ? kv : heads;
    const char *type = weights_type(c);
    const bool known = layers >= 0 && layers < 1 << 20 && kv_heads >= 0 && kv_heads < 1 << 20;
    const struct model_shape shape = {
        .kv_heads = known ? layers * kv_heads : -1,
        .key_length = length,
        .value_length = length,
        .native = type ? short_type(type) : "",
        .native_why = "the type of the weights, where the command line names none",
        .why = no_plain_cache(c),
    };

    return model_put_cache(c->facts, &shape, cache);
}

static int put_all(const struct config *c, uint64_t bytes, const struct model_cache *cache)
{
    int r =
        put_word(c, "architecture", "architectures[0]", json_array_get(get(c, "architectures"), 0));

    if (r == 0)
        r = put_word(c, "family", "model_type", get(c, "model_type"));
    if (r == 0)
        r = put_precision(c);
    if (r == 0)
        r = put_shape(c);
    if (r == 0)
        r = put_sizes(c, bytes);
    return r < 0 ? r : put_cache(c, cache);
}

int model_put_config(const struct facts *f, const char *path, uint64_t weights_bytes,
                     const struct model_cache *cache)
{
    AUTO(json_unref) json_t *whole = NULL;
    AUTO(free) char *text = NULL;
    struct config c = {.facts = f};
    size_t n;
    int r = fs_read(&text, &n, path, CONFIG_MAX, NULL);

    if (r < 0)
        return facts_absent(f, "architecture", "config.json beside the weights: %s", strerror(-r));
    if (json_parse(&whole, text, "config.json", NULL) < 0 || !json_is_object(whole))
        return facts_absent(f, "architecture", "config.json beside the weights is no JSON object");
    c.whole = whole;
    c.text = json_object_get(whole, "text_config");
    c.text = json_is_object(c.text) ? c.text : whole;
    return put_all(&c, weights_bytes, cache);
}
