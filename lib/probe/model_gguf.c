/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/model_gguf.c - a GGUF file's head as facts of the model. */
#include "probe/gguf.h"
#include "probe/model.h"
#include "base/str.h"
#include "probe/redact.h"
#include <stdio.h>
#include <string.h>

static const char head[] = "GGUF head";

/* Foreign words: short, and nothing that looks like a secret. */
static int put_word(const struct facts *f, const char *name, const char *word)
{
    AUTO(str_release) struct str shown = {0};

    if (!*word)
        return facts_absent(f, name, "the GGUF head does not say");
    redact_path(&shown, redact_looks_secret(word) ? REDACTED : word);
    return str_ok(&shown) ? facts_put(f, KNOWN_MEASURED, name, shown.data, "", head) : -ENOMEM;
}

static int put_precision(const struct facts *f, const struct gguf *g)
{
    const char *name = gguf_file_type_name(g->file_type);

    if (g->file_type < 0)
        return facts_absent(f, "precision", "the GGUF head has no general.file_type");
    if (!name)
        return facts_absent(f, "precision", "general.file_type %" PRId64 " is not known here",
                            g->file_type);
    return facts_put(f, KNOWN_MEASURED, "precision", name, "",
                     "GGUF general.file_type: most of it");
}

/* "q4_0 99.8 %, f32 0.2 %" */
static int put_mix(const struct facts *f, const struct gguf *g)
{
    AUTO(str_release) struct str mix = {0};

    for (uint32_t i = 0; i < GGUF_TYPES && g->parameters > 0; i++)
        if (g->by_type[i] > 0)
            str_addf(&mix, "%s%s %.2f %%", mix.len ? ", " : "",
                     gguf_type_name(i) ? gguf_type_name(i) : "unknown",
                     100.0 * (double)g->by_type[i] / (double)g->parameters);
    if (!str_ok(&mix))
        return -ENOMEM;
    return facts_put(f, KNOWN_MEASURED, "precision.mix", mix.data, "",
                     mix.len ? "elements of the tensors in the GGUF head"
                             : "the GGUF head lists no tensor");
}

/* Each of several files lists its own tensors only. */
static int put_no_sizes(const struct facts *f, const char *why)
{
    static const char *const names[] = {"parameters", "weights_bytes", "bytes_per_parameter"};
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(names) && r == 0; i++)
        r = facts_absent(f, names[i], "%s", why);
    return r;
}

static int put_sizes(const struct facts *f, const struct gguf *g)
{
    char text[32];
    int r = facts_i64(f, KNOWN_MEASURED, "parameters", (int64_t)g->parameters, "",
                      "elements of all tensors in the GGUF head");

    if (r == 0 && g->embedding_parameters > 0)
        r = facts_i64(f, KNOWN_MEASURED, "parameters.embedding", (int64_t)g->embedding_parameters,
                      "", "token_embd.weight in the GGUF head: rows of it are read, not all");
    if (r < 0)
        return r;
    if (g->bytes == 0 || g->parameters == 0) {
        r = facts_absent(f, "weights_bytes", "a tensor is of a type that is not known here");
        return r < 0 ? r
                     : facts_absent(f, "bytes_per_parameter", "the weights' bytes are not known");
    }
    r = facts_i64(f, KNOWN_MEASURED, "weights_bytes", (int64_t)g->bytes, "bytes",
                  "tensors in the GGUF head: elements by bytes of their types' blocks");
    (void)snprintf(text, sizeof text, "%.6g", (double)g->bytes / (double)g->parameters);
    return r < 0 ? r
                 : facts_put(f, KNOWN_DERIVED, "bytes_per_parameter", text, "bytes",
                             "weights_bytes / parameters");
}

static int put_shape(const struct facts *f, const struct gguf *g)
{
    const struct {
        const char *name;
        int64_t value;
        const char *unit;
        bool optional; /* not stated means that there is none */
    } rows[] = {
        {"layers", g->layers, "", false},
        {"heads", g->heads, "", false},
        {"kv_heads", g->kv_heads_vary ? -1 : g->kv_heads, "", false},
        {"embedding_length", g->embedding, "", false},
        {"feed_forward_length", g->feed_forward, "", false},
        {"context_length", g->context, "tokens", false},
        {"head.key_length", g->key_length, "", true},
        {"head.value_length", g->value_length, "", true},
        {"experts", g->experts, "", true},
        {"experts_used", g->experts_used, "", true},
        {"sliding_window", g->sliding_window, "tokens", true},
    };
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++)
        if (rows[i].value >= 0)
            r = facts_i64(f, KNOWN_MEASURED, rows[i].name, rows[i].value, rows[i].unit, head);
        else if (!rows[i].optional)
            r = facts_absent(f, rows[i].name, "%s",
                             strcmp(rows[i].name, "kv_heads") == 0 && g->kv_heads_vary
                                 ? "they differ between layers"
                                 : "the GGUF head does not say");
    return r;
}

static void shape_of(struct model_shape *s, const struct gguf *g)
{
    const int64_t kv = g->kv_heads >= 0 ? g->kv_heads : g->heads;
    const int64_t length = g->heads > 0 && g->embedding > 0 ? g->embedding / g->heads : -1;

    *s = (struct model_shape){
        .kv_heads = g->kv_heads_vary || g->layers < 0 || kv < 0 ? kv : kv * g->layers,
        .key_length = g->key_length >= 0 ? g->key_length : length,
        .value_length = g->value_length >= 0 ? g->value_length : length,
        .native = "f16",
        .native_why = "llama.cpp's own choice where the command line names none",
    };
    if (g->layers < 0 && !g->kv_heads_vary)
        s->kv_heads = -1;
    if (g->recurrent || g->kv_rank > 0)
        s->why = g->recurrent ? "the model keeps a state in place of keys and values"
                              : "the model keeps compressed keys and values";
}

int model_put_gguf(const struct facts *f, const char *path, const struct model_cache *cache)
{
    struct model_shape shape;
    struct err err = {0};
    struct gguf g;
    int r = gguf_read_file(&g, path, &err);

    if (r < 0)
        return facts_absent(f, "architecture", "%s",
                            r == -EBADMSG || r == -ENOTSUP || r == -EFBIG ? err.text
                                                                          : strerror(-r));
    r = facts_put(f, KNOWN_MEASURED, "format", "gguf", "", "its first bytes");
    if (r == 0)
        r = put_word(f, "architecture", g.architecture);
    if (r == 0)
        r = put_word(f, "title", g.name);
    if (r == 0)
        r = put_precision(f, &g);
    if (r == 0)
        r = put_mix(f, &g);
    if (r == 0)
        r = g.split > 1 ? put_no_sizes(f, "the model is split over several files")
                        : put_sizes(f, &g);
    if (r == 0)
        r = put_shape(f, &g);
    shape_of(&shape, &g);
    return r < 0 ? r : model_put_cache(f, &shape, cache);
}
