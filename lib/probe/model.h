/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/model.h - what a model's files say of it, as facts of scope "model"; private to probe.
 */
#pragma once
#include "probe/facts.h"

struct model_cache { /* how the engine was told to keep keys and values; NULL: not told */
    const char *key_type, *value_type;
};

struct model_shape {  /* -1: not known */
    int64_t kv_heads; /* of all layers together */
    int64_t key_length, value_length;
    const char *native; /* the type of keys and values where the engine isn't told; "": unknown */
    const char *native_why;
    const char *why; /* why the formula doesn't hold for this model; NULL: it does */
};

/* kv_cache.type and kv_bytes_per_token, or why they are not known. */
int model_put_cache(const struct facts *f, const struct model_shape *s,
                    const struct model_cache *cache);

/* From one file, through asrun's own path to it. */
int model_put_gguf(const struct facts *f, const char *path, const struct model_cache *cache);
/* config.json beside weights of @weights_bytes altogether; 0: not known whole. */
int model_put_config(const struct facts *f, const char *path, uint64_t weights_bytes,
                     const struct model_cache *cache);
/* Bits of an element of a type such as "bf16", "float16", "q8_0", "fp8_e4m3"; 0: not known. */
double model_type_bits(const char *type);
