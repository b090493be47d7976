/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/gguf.h"
#include "base/fs.h"
#include "probe/gguf_types.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WINDOW = 64 << 10,
    KEY_LENGTH_MAX = 256, /* longer keys are passed over */
    KEYS_MAX = 1 << 16,
    TENSORS_MAX = 1 << 20,
    DIMENSIONS_MAX = 8,
    ARRAY_DEPTH_MAX = 4,
    ELEMENTS_MAX = 1 << 24, /* of an array of texts */
    T_BOOL = 7,
    T_STRING = 8,
    T_ARRAY = 9,
};
static const uint64_t head_max = UINT64_C(256) << 20; /* bytes before the tensors' data */

struct reader {
    const struct gguf_source *source;
    uint8_t *window;
    uint64_t start; /* of the window */
    size_t len;
    uint64_t at;
    struct gguf *g;
    struct err *err;
};

static int malformed(struct reader *r, const char *what)
{
    return err_set(r->err, -EBADMSG, "GGUF: %s at byte %" PRIu64, what, r->at);
}

static int fill(struct reader *r)
{
    const int64_t n = r->source->read(r->source->ctx, r->window, WINDOW, r->at);

    if (n < 0)
        return err_set(r->err, (int)n, "GGUF: reading at byte %" PRIu64 ": %s", r->at,
                       strerror((int)-n));
    r->start = r->at;
    r->len = (size_t)n;
    return 0;
}

static int take(struct reader *r, void *data, size_t n)
{
    int failed = 0;

    if (r->at > head_max)
        return err_set(r->err, -EFBIG, "GGUF: a head of more than %" PRIu64 " bytes", head_max);
    if (r->at < r->start || r->at + n > r->start + r->len)
        failed = fill(r);
    if (failed < 0)
        return failed;
    if (r->at + n > r->start + r->len)
        return malformed(r, "it ends");
    memcpy(data, r->window + (r->at - r->start), n);
    r->at += n;
    return 0;
}

static int skip(struct reader *r, uint64_t n)
{
    if (n > head_max)
        return malformed(r, "an odd length");
    r->at += n;
    return 0;
}

static int take_u32(struct reader *r, uint32_t *v)
{
    uint8_t b[4];
    int failed = take(r, b, sizeof b);

    if (failed == 0)
        *v = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return failed;
}

static int take_u64(struct reader *r, uint64_t *v)
{
    uint32_t low, high;
    int failed = take_u32(r, &low);

    if (failed == 0)
        failed = take_u32(r, &high);
    if (failed == 0)
        *v = (uint64_t)high << 32 | low;
    return failed;
}

/* What doesn't fit is "": half a key would be another one. */
static int take_text(struct reader *r, char *text, size_t size)
{
    uint64_t n;
    int failed = take_u64(r, &n);

    if (failed < 0)
        return failed;
    text[0] = '\0';
    if (n >= size)
        return skip(r, n);
    failed = take(r, text, (size_t)n);
    text[failed < 0 ? 0 : n] = '\0';
    if (failed == 0 && strlen(text) != n)
        text[0] = '\0';
    return failed;
}

static size_t width_of(uint32_t type)
{
    static const uint8_t width[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    return type < COUNT_OF(width) ? width[type] : 0;
}

/* Integers of any width; -1 for what is none or negative. */
static int take_integer(struct reader *r, uint32_t type, int64_t *v)
{
    static const bool is_signed[] = {[1] = true, [3] = true, [5] = true, [11] = true};
    const size_t n = width_of(type);
    const bool number = type != 6 && type != 12;
    uint8_t b[8] = {0};
    uint64_t bits = 0;
    int failed = take(r, b, n);

    if (failed < 0)
        return failed;
    for (size_t i = 0; i < n; i++)
        bits |= (uint64_t)b[i] << 8 * i;
    if (type < COUNT_OF(is_signed) && is_signed[type] && n > 0 && b[n - 1] & 0x80)
        bits = UINT64_MAX;
    *v = number && bits <= INT64_MAX ? (int64_t)bits : -1;
    return 0;
}

static int skip_array(struct reader *r, int depth);

static int skip_value(struct reader *r, uint32_t type, int depth)
{
    uint64_t n;
    int failed;

    if (width_of(type) > 0)
        return skip(r, width_of(type));
    if (type == T_ARRAY)
        return skip_array(r, depth + 1);
    if (type != T_STRING)
        return malformed(r, "an unknown type of value");
    failed = take_u64(r, &n);
    return failed < 0 ? failed : skip(r, n);
}

static int skip_array(struct reader *r, int depth)
{
    uint32_t type = 0;
    uint64_t n;
    int failed = take_u32(r, &type);

    if (failed == 0)
        failed = take_u64(r, &n);
    if (failed < 0)
        return failed;
    if (depth > ARRAY_DEPTH_MAX || n > head_max)
        return malformed(r, "an odd array");
    if (width_of(type) > 0)
        return skip(r, n * width_of(type));
    if (n > ELEMENTS_MAX)
        return malformed(r, "an odd array");
    for (uint64_t i = 0; i < n && failed == 0; i++)
        failed = skip_value(r, type, depth);
    return failed;
}

/* One number, or one for each layer: their sum, and *@vary unless they are all alike. */
static int take_heads(struct reader *r, uint32_t type, int64_t *ret, bool *vary)
{
    int64_t first = -1, sum = 0, v;
    uint32_t of;
    uint64_t n;
    int failed;

    if (width_of(type) > 0)
        return take_integer(r, type, ret);
    if (type != T_ARRAY)
        return skip_value(r, type, 0);
    failed = take_u32(r, &of);
    if (failed == 0)
        failed = take_u64(r, &n);
    if (failed == 0 && (width_of(of) == 0 || n > KEYS_MAX))
        return malformed(r, "an odd array");
    for (uint64_t i = 0; i < n && failed == 0; i++) {
        failed = take_integer(r, of, &v);
        first = i == 0 ? v : first;
        *vary = *vary || v != first;
        sum += v > 0 && v < KEYS_MAX ? v : 0;
    }
    if (failed == 0 && n > 0)
        *ret = *vary ? sum : first;
    return failed;
}

static int take_number(struct reader *r, uint32_t type, int64_t *v)
{
    return width_of(type) > 0 ? take_integer(r, type, v) : skip_value(r, type, 0);
}

static int take_string(struct reader *r, uint32_t type, char *text)
{
    return type == T_STRING ? take_text(r, text, GGUF_TEXT) : skip_value(r, type, 0);
}

/* The part of "ARCHITECTURE.REST" after the architecture, which comes before such keys. */
static const char *rest_of(const struct gguf *g, const char *key)
{
    const size_t n = strlen(g->architecture);

    return n > 0 && strncmp(key, g->architecture, n) == 0 && key[n] == '.' ? key + n + 1 : key;
}

static int take_value(struct reader *r, const char *key, uint32_t type)
{
    struct gguf *g = r->g;
    const struct {
        const char *key;
        int64_t *value;
    } numbers[] = {
        {"general.file_type", &g->file_type},
        {"general.quantization_version", &g->quantization_version},
        {"context_length", &g->context},
        {"embedding_length", &g->embedding},
        {"block_count", &g->layers},
        {"attention.head_count", &g->heads},
        {"attention.key_length", &g->key_length},
        {"attention.value_length", &g->value_length},
        {"attention.sliding_window", &g->sliding_window},
        {"expert_count", &g->experts},
        {"expert_used_count", &g->experts_used},
        {"feed_forward_length", &g->feed_forward},
        {"attention.kv_lora_rank", &g->kv_rank},
        {"split.count", &g->split},
    };
    const char *rest = rest_of(g, key);
    bool vary = false;

    g->recurrent = g->recurrent || strncmp(rest, "ssm.", 4) == 0 || strncmp(rest, "wkv.", 4) == 0;
    if (strcmp(key, "general.architecture") == 0)
        return take_string(r, type, g->architecture);
    if (strcmp(key, "general.name") == 0)
        return take_string(r, type, g->name);
    if (strcmp(rest, "attention.head_count_kv") == 0)
        return take_heads(r, type, &g->kv_heads, &g->kv_heads_vary);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (strcmp(rest, numbers[i].key) == 0)
            return type == T_ARRAY ? take_heads(r, type, numbers[i].value, &vary)
                                   : take_number(r, type, numbers[i].value);
    return skip_value(r, type, 0);
}

static int take_pair(struct reader *r)
{
    char key[KEY_LENGTH_MAX];
    uint32_t type = 0;
    int failed = take_text(r, key, sizeof key);

    if (failed == 0)
        failed = take_u32(r, &type);
    return failed < 0 ? failed : take_value(r, key, type);
}

static int add_tensor(struct reader *r, const char *name, uint32_t type, uint64_t elements)
{
    const struct gguf_type *t = gguf_type(type);
    struct gguf *g = r->g;

    if (elements > INT64_MAX - g->parameters)
        return malformed(r, "more elements than there can be");
    g->parameters += elements;
    if (type < GGUF_TYPES)
        g->by_type[type] += elements;
    if (strcmp(name, "token_embd.weight") == 0)
        g->embedding_parameters = elements;
    if (!t)
        g->bytes = UINT64_MAX;
    else if (g->bytes != UINT64_MAX)
        g->bytes += elements / t->elements * t->bytes;
    return 0;
}

static int take_tensor(struct reader *r)
{
    char name[KEY_LENGTH_MAX];
    uint32_t dimensions = 0, type = 0;
    uint64_t elements = 1, n, offset;
    int failed = take_text(r, name, sizeof name);

    if (failed == 0)
        failed = take_u32(r, &dimensions);
    if (failed == 0 && dimensions > DIMENSIONS_MAX)
        return malformed(r, "a tensor of too many dimensions");
    for (uint32_t i = 0; failed == 0 && i < dimensions; i++) {
        failed = take_u64(r, &n);
        if (failed == 0 && (n == 0 || n > (UINT64_C(1) << 48) / elements))
            return malformed(r, "a tensor of an odd size");
        elements *= failed == 0 ? n : 1;
    }
    if (failed == 0)
        failed = take_u32(r, &type);
    if (failed == 0)
        failed = take_u64(r, &offset);
    return failed < 0 ? failed : add_tensor(r, name, type, elements);
}

static int take_counts(struct reader *r)
{
    uint8_t magic[4];
    int failed = take(r, magic, sizeof magic);

    if (failed == -EBADMSG || (failed == 0 && memcmp(magic, "GGUF", 4) != 0))
        return err_set(r->err, -ENOEXEC, "no GGUF file");
    if (failed == 0)
        failed = take_u32(r, &r->g->version);
    if (failed == 0 && r->g->version != 2 && r->g->version != 3)
        return err_set(r->err, -ENOTSUP, "GGUF version %" PRIu32 " (2 and 3 are known)",
                       r->g->version);
    if (failed == 0)
        failed = take_u64(r, &r->g->tensors);
    if (failed == 0)
        failed = take_u64(r, &r->g->keys);
    if (failed == 0 && (r->g->keys > KEYS_MAX || r->g->tensors > TENSORS_MAX))
        return malformed(r, "an odd number of keys or tensors");
    return failed;
}

int gguf_read(struct gguf *ret, const struct gguf_source *s, struct err *err)
{
    uint8_t window[WINDOW];
    struct gguf g = {.file_type = -1,
                     .quantization_version = -1,
                     .context = -1,
                     .embedding = -1,
                     .layers = -1,
                     .feed_forward = -1,
                     .heads = -1,
                     .kv_heads = -1,
                     .key_length = -1,
                     .value_length = -1,
                     .experts = -1,
                     .experts_used = -1,
                     .sliding_window = -1,
                     .kv_rank = -1,
                     .split = -1};
    struct reader r = {.source = s, .window = window, .g = &g, .err = err};
    int failed = take_counts(&r);

    for (uint64_t i = 0; i < g.keys && failed == 0; i++)
        failed = take_pair(&r);
    for (uint64_t i = 0; i < g.tensors && failed == 0; i++)
        failed = take_tensor(&r);
    if (failed < 0)
        return failed;
    g.bytes = g.bytes == UINT64_MAX ? 0 : g.bytes;
    *ret = g;
    return 0;
}

static int64_t read_fd(void *ctx, void *data, size_t n, uint64_t offset)
{
    const ssize_t got = pread(*(const int *)ctx, data, n, (off_t)offset);

    return got < 0 ? -errno : got;
}

int gguf_read_file(struct gguf *ret, const char *path, struct err *err)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    return gguf_read(ret, &(struct gguf_source){read_fd, &fd}, err);
}
