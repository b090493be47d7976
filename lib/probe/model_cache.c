/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/model_cache.c - what a token's keys and values take. */
#include "probe/gguf_types.h"
#include "probe/gguf.h"
#include "probe/model.h"
#include <stdio.h>
#include <string.h>

double model_type_bits(const char *type)
{
    static const struct {
        const char *name;
        double bits;
    } known[] = {{"float32", 32}, {"float", 32},   {"bfloat16", 16},  {"float16", 16},
                 {"half", 16},    {"fp16", 16},    {"fp32", 32},      {"fp8", 8},
                 {"fp8_e4m3", 8}, {"fp8_e5m2", 8}, {"fp8_e4m3fn", 8}, {"int8", 8}};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcasecmp(known[i].name, type) == 0)
            return known[i].bits;
    for (uint32_t i = 0; i < GGUF_TYPES; i++)
        if (gguf_type(i) && strcasecmp(gguf_type(i)->name, type) == 0)
            return 8.0 * gguf_type(i)->bytes / gguf_type(i)->elements;
    return 0;
}

static bool is_told(const char *type)
{
    return type && *type && strcmp(type, "auto") != 0;
}

static int put_bytes(const struct facts *f, const struct model_shape *s, const char *key,
                     const char *value)
{
    const double key_bits = model_type_bits(key), value_bits = model_type_bits(value);
    char text[32];

    if (s->why)
        return facts_absent(f, "kv_bytes_per_token", "%s", s->why);
    if (s->kv_heads < 0 || s->key_length < 0 || s->value_length < 0)
        return facts_absent(f, "kv_bytes_per_token", "the model's shape is not known whole");
    if (key_bits <= 0 || value_bits <= 0)
        return facts_absent(f, "kv_bytes_per_token", "the type of keys and values is not known");
    (void)snprintf(text, sizeof text, "%.6g",
                   (double)s->kv_heads *
                       ((double)s->key_length * key_bits + (double)s->value_length * value_bits) /
                       8);
    return facts_put(f, KNOWN_DERIVED, "kv_bytes_per_token", text, "bytes",
                     "KV heads of all layers x (key length x bytes of its type + the same of "
                     "values)");
}

int model_put_cache(const struct facts *f, const struct model_shape *s,
                    const struct model_cache *cache)
{
    const bool told = is_told(cache->key_type) || is_told(cache->value_type);
    const char *key = is_told(cache->key_type) ? cache->key_type : s->native;
    const char *value = is_told(cache->value_type) ? cache->value_type : s->native;
    char text[64];
    int r;

    if (model_type_bits(key) <= 0 || model_type_bits(value) <= 0)
        r = facts_absent(f, "kv_cache.type", "neither the command line nor the model's files tell");
    else if (strcasecmp(key, value) == 0)
        r = facts_put(f, KNOWN_DERIVED, "kv_cache.type", key, "",
                      told ? "the engine's command line" : s->native_why);
    else {
        (void)snprintf(text, sizeof text, "%.20s keys, %.20s values", key, value);
        r = facts_put(f, KNOWN_DERIVED, "kv_cache.type", text, "", "the engine's command line");
    }
    return r < 0 ? r : put_bytes(f, s, key, value);
}
