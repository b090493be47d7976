/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/gguf.h - what the head of a GGUF file says of its model; private to probe.
 *
 * The bytes are foreign: every count and length is bounded, nothing is allocated by what they say,
 * and an array is passed over element by element only where its elements differ in length.
 * Format: versions 2 and 3, little-endian (ggml, docs/gguf.md).
 */
#pragma once
#include "base/base.h"

enum { GGUF_TEXT = 96, GGUF_TYPES = 64 };

struct gguf {
    uint32_t version;
    uint64_t tensors, keys;
    char architecture[GGUF_TEXT], name[GGUF_TEXT]; /* "" if not stated */
    /* -1 where not stated */
    int64_t file_type, quantization_version, context, embedding, layers, feed_forward;
    int64_t heads, kv_heads, key_length, value_length, experts, experts_used, sliding_window;
    int64_t kv_rank;               /* of a compressed KV cache */
    int64_t split;                 /* files that hold the model together */
    bool recurrent;                /* it keeps a state in place of some or all of a KV cache */
    bool kv_heads_vary;            /* it is given by layer, and kv_heads is the sum over layers */
    uint64_t parameters;           /* elements of all tensors */
    uint64_t bytes;                /* of all tensors; 0 if one is of an unknown type */
    uint64_t by_type[GGUF_TYPES];  /* elements of the tensors of each ggml type */
    uint64_t embedding_parameters; /* of token_embd.weight: read by row, not whole */
};

/* Where bytes come from: a file, or a test's memory. Less than @n only at the end. */
struct gguf_source {
    int64_t (*read)(void *ctx, void *data, size_t n, uint64_t offset); /* or a negative errno */
    void *ctx;
};

/* -ENOEXEC: no GGUF file; -ENOTSUP: another version; -EBADMSG: malformed, with words and offset;
 * -EFBIG: its head is larger than what is read of one; others: of the source. */
NODISCARD int gguf_read(struct gguf *ret, const struct gguf_source *s, struct err *err);
NODISCARD int gguf_read_file(struct gguf *ret, const char *path, struct err *err);

/* "q4_0"; NULL: none that is known here. */
const char *gguf_type_name(uint32_t type);
const char *gguf_file_type_name(int64_t file_type);
