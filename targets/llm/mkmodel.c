/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkmodel SHAPE VOCAB.gguf OUT.gguf [SEED] - a llama-architecture model with seeded dummy weights.
 *
 * It costs the arithmetic of a trained model of that shape, and answers nonsense. Three things
 * make the nonsense a believable stream: the output matrix is separate from the input one (a tied
 * random model repeats one word for ever); what the layers add is small; and the output rows of
 * end-of-text and of every token that is not plain printable text are zero, so that greedy and
 * top-k sampling never choose them: each request runs to its max_tokens, and each token is one
 * piece of text. The same seed gives the same file.
 */
#include "ggml.h"
#include "gguf.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct shape {
    const char *name;
    int64_t dim, layers, heads, kv_heads, ffn;
};
static const struct shape shapes[] = {
    {"15m", 256, 6, 4, 4, 768},
    {"135m", 576, 30, 9, 3, 1536},  /* SmolLM2-135M's */
    {"360m", 960, 32, 15, 5, 2560}, /* SmolLM2-360M's */
};

struct maker {
    const struct shape *shape;
    struct gguf_context *vocab, *out;
    struct ggml_context *tensors;
    int64_t vocab_size;
    bool *silent; /* tokens that are never to be chosen */
    uint64_t state;
    FILE *file;
};

/* Without chat markers a request's tokens are those of its messages alone. */
static const char chat_template[] = "{% for m in messages %}{{ m['content'] }}{% endfor %}";

static void die(const char *what)
{
    fprintf(stderr, "mkmodel: %s\n", what);
    exit(1);
}

/* xorshift64* (Vigna 2016), as a float in [-1, 1). */
static float draw(struct maker *m)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return (float)((m->state * UINT64_C(0x2545F4914F6CDD1D)) >> 40) * 0x1p-23f - 1.0f;
}

/* Printable ASCII, with byte-level BPE's "Ġ" for a leading space; "<" and "[" might open markup
 * that a server holds back until it is sure. */
static bool is_plain(const char *token)
{
    if (strncmp(token, "\xc4\xa0", 2) == 0)
        token += 2;
    if (*token == '\0')
        return false;
    for (; *token != '\0'; token++)
        if (*token <= ' ' || *token > '~' || *token == '<' || *token == '[')
            return false;
    return true;
}

static void read_vocab(struct maker *m, const char *path)
{
    int64_t key;

    m->vocab = gguf_init_from_file(path, (struct gguf_init_params){.no_alloc = true});
    if (!m->vocab)
        die("no vocabulary to read");
    key = gguf_find_key(m->vocab, "tokenizer.ggml.tokens");
    if (key < 0)
        die("the vocabulary holds no tokens");
    m->vocab_size = (int64_t)gguf_get_arr_n(m->vocab, key);
    m->silent = calloc((size_t)m->vocab_size, sizeof *m->silent);
    if (!m->silent)
        die("out of memory");
    for (int64_t i = 0; i < m->vocab_size; i++)
        m->silent[i] = !is_plain(gguf_get_arr_str(m->vocab, key, (size_t)i));
}

/* Keeps the tokenizer, drops what the vocabulary says of another model. */
static void put_vocab(struct maker *m)
{
    gguf_set_kv(m->out, m->vocab);
    for (int64_t i = gguf_get_n_kv(m->vocab) - 1; i >= 0; i--) {
        const char *key = gguf_get_key(m->vocab, i);

        if (strncmp(key, "tokenizer.", 10) != 0)
            (void)gguf_remove_key(m->out, key);
    }
    gguf_set_val_str(m->out, "tokenizer.chat_template", chat_template);
}

static void put_settings(struct maker *m, uint64_t seed)
{
    const struct shape *s = m->shape;
    const struct {
        const char *key;
        int64_t value;
    } sizes[] = {
        {"llama.vocab_size", m->vocab_size},
        {"llama.block_count", s->layers},
        {"llama.context_length", 32768},
        {"llama.embedding_length", s->dim},
        {"llama.feed_forward_length", s->ffn},
        {"llama.attention.head_count", s->heads},
        {"llama.attention.head_count_kv", s->kv_heads},
        {"llama.rope.dimension_count", s->dim / s->heads},
        {"general.file_type", 2}, /* mostly q4_0 */
    };
    char name[80];

    (void)snprintf(name, sizeof name, "asrun-dummy-%s seed %llu", s->name,
                   (unsigned long long)seed);
    gguf_set_val_str(m->out, "general.architecture", "llama");
    gguf_set_val_str(m->out, "general.name", name);
    gguf_set_val_f32(m->out, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_set_val_f32(m->out, "llama.rope.freq_base", 10000.0f);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        gguf_set_val_u32(m->out, sizes[i].key, (uint32_t)sizes[i].value);
}

static void add(struct maker *m, const char *name, int64_t cols, int64_t rows)
{
    struct ggml_tensor *t = rows == 0 ? ggml_new_tensor_1d(m->tensors, GGML_TYPE_F32, cols)
                                      : ggml_new_tensor_2d(m->tensors, GGML_TYPE_Q4_0, cols, rows);

    ggml_set_name(t, name);
    gguf_add_tensor(m->out, t);
}

static void add_layer(struct maker *m, int64_t layer)
{
    const struct shape *s = m->shape;
    const int64_t kv = s->dim / s->heads * s->kv_heads;
    const struct {
        const char *name;
        int64_t cols, rows;
    } parts[] = {
        {"attn_norm", s->dim, 0},     {"attn_q", s->dim, s->dim},      {"attn_k", s->dim, kv},
        {"attn_v", s->dim, kv},       {"attn_output", s->dim, s->dim}, {"ffn_norm", s->dim, 0},
        {"ffn_gate", s->dim, s->ffn}, {"ffn_up", s->dim, s->ffn},      {"ffn_down", s->ffn, s->dim},
    };
    char name[64];

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        (void)snprintf(name, sizeof name, "blk.%d.%s.weight", (int)layer, parts[i].name);
        add(m, name, parts[i].cols, parts[i].rows);
    }
}

static void add_tensors(struct maker *m)
{
    add(m, "token_embd.weight", m->shape->dim, m->vocab_size);
    add(m, "output_norm.weight", m->shape->dim, 0);
    add(m, "output.weight", m->shape->dim, m->vocab_size);
    for (int64_t i = 0; i < m->shape->layers; i++)
        add_layer(m, i);
}

static void put(struct maker *m, const void *data, size_t n)
{
    if (fwrite(data, 1, n, m->file) != n)
        die("cannot write the model");
}

/* How far a weight reaches from zero: variance 1 / columns, less for what is added to the stream.
 */
static float reach(const struct maker *m, const char *name, int64_t cols)
{
    bool adds = strstr(name, "attn_output") || strstr(name, "ffn_down");

    return sqrtf(3.0f / (float)cols) * (adds ? 1.0f / sqrtf(2.0f * (float)m->shape->layers) : 1.0f);
}

static void write_norm(struct maker *m, int64_t n)
{
    const float one = 1.0f;

    for (int64_t i = 0; i < n; i++)
        put(m, &one, sizeof one);
}

static void write_matrix(struct maker *m, const struct ggml_tensor *t)
{
    const bool output = strcmp(t->name, "output.weight") == 0;
    const float a = reach(m, t->name, t->ne[0]);
    float *row = calloc((size_t)t->ne[0], sizeof *row);
    void *packed = malloc(ggml_row_size(t->type, t->ne[0]));

    if (!row || !packed)
        die("out of memory");
    for (int64_t i = 0; i < t->ne[1]; i++) {
        for (int64_t j = 0; j < t->ne[0]; j++)
            row[j] = draw(m) * (output && m->silent[i] ? 0.0f : a);
        put(m, packed, ggml_quantize_chunk(t->type, row, packed, 0, 1, t->ne[0], NULL));
    }
    free(packed);
    free(row);
}

static void write_tensors(struct maker *m)
{
    static const char zeros[GGUF_DEFAULT_ALIGNMENT];

    for (struct ggml_tensor *t = ggml_get_first_tensor(m->tensors); t;
         t = ggml_get_next_tensor(m->tensors, t)) {
        size_t n = ggml_nbytes(t);

        if (t->type == GGML_TYPE_F32)
            write_norm(m, t->ne[0]);
        else
            write_matrix(m, t);
        put(m, zeros, GGML_PAD(n, GGUF_DEFAULT_ALIGNMENT) - n);
    }
}

/* Beside @path and renamed over it: a model is whole or absent. */
static void write_model(struct maker *m, const char *path)
{
    size_t n = gguf_get_meta_size(m->out);
    void *head = malloc(n);
    char temp[4096];

    if (!head || snprintf(temp, sizeof temp, "%s.part", path) >= (int)sizeof temp)
        die("out of memory");
    m->file = fopen(temp, "wb");
    if (!m->file)
        die("cannot create the model");
    gguf_get_meta_data(m->out, head);
    put(m, head, n);
    free(head);
    write_tensors(m);
    if (fclose(m->file) != 0 || rename(temp, path) != 0)
        die("cannot write the model");
}

static const struct shape *find_shape(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    die("shapes are 15m, 135m, 360m");
    return NULL;
}

int main(int argc, char **argv)
{
    const uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    struct maker m = {.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};

    if (argc < 4)
        die("usage: mkmodel 15m|135m|360m VOCAB.gguf OUT.gguf [SEED]");
    m.shape = find_shape(argv[1]);
    m.out = gguf_init_empty();
    m.tensors = ggml_init((struct ggml_init_params){.mem_size = (size_t)1 << 20, .no_alloc = true});
    read_vocab(&m, argv[2]);
    put_vocab(&m);
    put_settings(&m, seed);
    add_tensors(&m);
    write_model(&m, argv[3]);
    ggml_free(m.tensors);
    gguf_free(m.out);
    gguf_free(m.vocab);
    free(m.silent);
    return 0;
}
