/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/probe/gguf_bytes.h - writes the head of a made-up GGUF file. */
#pragma once
#include "base/str.h"
#include <string.h>

enum { U8 = 0, I32 = 5, U32 = 4, F32 = 6, BOOL = 7, STRING = 8, ARRAY = 9, U64 = 10 };

static inline void put_int(struct str *s, uint64_t v, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        const char byte = (char)(v >> 8 * i & 0xff);

        str_addn(s, &byte, 1);
    }
}

static inline void put_string(struct str *s, const char *text)
{
    put_int(s, strlen(text), 8);
    str_add(s, text);
}

static inline void put_head(struct str *s, uint32_t version, uint64_t tensors, uint64_t keys)
{
    str_add(s, "GGUF");
    put_int(s, version, 4);
    put_int(s, tensors, 8);
    put_int(s, keys, 8);
}

static inline void put_key(struct str *s, const char *key, uint32_t type)
{
    put_string(s, key);
    put_int(s, type, 4);
}

static inline void put_u32(struct str *s, const char *key, uint32_t v)
{
    put_key(s, key, U32);
    put_int(s, v, 4);
}

static inline void put_tensor(struct str *s, const char *name, uint64_t cols, uint64_t rows,
                              uint32_t type)
{
    put_string(s, name);
    put_int(s, rows ? 2 : 1, 4);
    put_int(s, cols, 8);
    if (rows)
        put_int(s, rows, 8);
    put_int(s, type, 4);
    put_int(s, 0, 8);
}

/* Two layers of four heads, grouped by two; q4_0 but for a norm. */
static inline void put_model(struct str *s)
{
    put_head(s, 3, 3, 9);
    put_key(s, "general.architecture", STRING);
    put_string(s, "llama");
    put_key(s, "tokenizer.ggml.tokens", ARRAY);
    put_int(s, STRING, 4);
    put_int(s, 3, 8);
    put_string(s, "a");
    put_string(s, "");
    put_string(s, "ccc");
    put_key(s, "tokenizer.ggml.scores", ARRAY);
    put_int(s, F32, 4);
    put_int(s, 3, 8);
    put_int(s, 0, 8);
    put_int(s, 0, 4);
    put_u32(s, "general.file_type", 2);
    put_u32(s, "llama.block_count", 2);
    put_u32(s, "llama.context_length", 2048);
    put_u32(s, "llama.embedding_length", 64);
    put_u32(s, "llama.attention.head_count", 4);
    put_key(s, "llama.attention.head_count_kv", I32);
    put_int(s, 2, 4);
    put_tensor(s, "token_embd.weight", 64, 100, 2);
    put_tensor(s, "blk.0.attn_q.weight", 64, 64, 2);
    put_tensor(s, "output_norm.weight", 64, 0, 0);
}
