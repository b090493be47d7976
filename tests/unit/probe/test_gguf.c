/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/gguf.h"
#include "gguf_bytes.h"
#include "probe/model.h"
#include "root.h"
#include "sink.h"

static int64_t read_str(void *ctx, void *data, size_t n, uint64_t offset)
{
    const struct str *s = ctx;
    const size_t left = offset < s->len ? s->len - (size_t)offset : 0;

    memcpy(data, s->data + (left ? offset : 0), left < n ? left : n);
    return (int64_t)(left < n ? left : n);
}

static int read_model(struct gguf *g, struct str *s, struct err *err)
{
    return gguf_read(g, &(struct gguf_source){read_str, s}, err);
}

static void reads_a_head(void **state)
{
    AUTO(str_release) struct str s = {0};
    struct err err = {0};
    struct gguf g;

    (void)state;
    put_model(&s);
    if (read_model(&g, &s, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(g.architecture, "llama");
    assert_int_equal(g.file_type, 2);
    assert_int_equal(g.layers, 2);
    assert_int_equal(g.heads, 4);
    assert_int_equal(g.kv_heads, 2);
    assert_int_equal(g.embedding, 64);
    assert_int_equal(g.experts, -1);
    assert_int_equal(g.parameters, 6400 + 4096 + 64);
    assert_int_equal(g.embedding_parameters, 6400);
    assert_int_equal(g.bytes, (6400 + 4096) / 32 * 18 + 64 * 4);
    assert_int_equal(g.by_type[2], 6400 + 4096);
}

static void every_shorter_file_is_refused(void **state)
{
    AUTO(str_release) struct str s = {0};
    struct gguf g = {.version = 77};
    size_t whole;

    (void)state;
    put_model(&s);
    whole = s.len;
    for (s.len = 0; s.len < whole; s.len++) {
        struct err err = {0};
        int r = read_model(&g, &s, &err);

        assert_int_equal(r, s.len < 4 ? -ENOEXEC : -EBADMSG);
        assert_int_equal(g.version, 77);
    }
}

static void assert_refused(struct str *s, int code, const char *words)
{
    struct err err = {0};
    struct gguf g;

    assert_int_equal(read_model(&g, s, &err), code);
    if (!strstr(err.text, words))
        fail_msg("no \"%s\" in: %s", words, err.text);
    s->len = 0;
}

static void odd_heads_are_refused_with_words(void **state)
{
    AUTO(str_release) struct str s = {0};

    (void)state;
    put_head(&s, 1, 0, 0);
    assert_refused(&s, -ENOTSUP, "version 1");
    put_head(&s, 3, UINT64_MAX, 0);
    assert_refused(&s, -EBADMSG, "odd number of keys or tensors");
    put_head(&s, 3, 0, 1);
    put_int(&s, UINT64_MAX, 8);
    assert_refused(&s, -EBADMSG, "odd length");
    put_head(&s, 3, 0, 1);
    put_key(&s, "x", 99);
    assert_refused(&s, -EBADMSG, "unknown type");
    put_head(&s, 3, 0, 1);
    put_key(&s, "x", ARRAY);
    put_int(&s, ARRAY, 4);
    for (int i = 0; i < 9; i++) {
        put_int(&s, 1, 8);
        put_int(&s, ARRAY, 4);
    }
    assert_refused(&s, -EBADMSG, "odd array");
    put_head(&s, 3, 2, 0);
    put_tensor(&s, "x", UINT64_C(1) << 40, UINT64_C(1) << 40, 0);
    assert_refused(&s, -EBADMSG, "odd size");
    put_head(&s, 3, 1, 0);
    put_tensor(&s, "x", 0, 0, 0);
    assert_refused(&s, -EBADMSG, "odd size");
}

static void heads_may_differ_between_layers(void **state)
{
    AUTO(str_release) struct str s = {0};
    struct err err = {0};
    struct gguf g;

    (void)state;
    put_head(&s, 2, 0, 3);
    put_key(&s, "general.architecture", STRING);
    put_string(&s, "gemma");
    put_key(&s, "gemma.attention.head_count_kv", ARRAY);
    put_int(&s, U32, 4);
    put_int(&s, 3, 8);
    put_int(&s, 4, 4);
    put_int(&s, 4, 4);
    put_int(&s, 1, 4);
    put_u32(&s, "llama.block_count", 5); /* another architecture's */
    assert_int_equal(read_model(&g, &s, &err), 0);
    assert_true(g.kv_heads_vary);
    assert_int_equal(g.kv_heads, 9);
    assert_int_equal(g.layers, -1);
}

static void becomes_facts(void **state)
{
    const struct model_cache told = {.key_type = "q8_0", .value_type = NULL}, none = {NULL, NULL};
    struct seen *seen = calloc(1, sizeof *seen);
    const struct fact_sink sink = {seen_put, seen};
    const struct facts f = {&sink, "model"};
    AUTO(str_release) struct str s = {0};
    char path[128];

    (void)state;
    seen->left = -1;
    put_model(&s);
    write_bytes("/m.gguf", s.data, s.len);
    (void)snprintf(path, sizeof path, "%s/m.gguf", root);
    assert_int_equal(model_put_gguf(&f, path, &none), 0);
    assert_seen(seen, "model.architecture=llama [0] GGUF head\n");
    assert_seen(seen, "model.title=? [5] the GGUF head does not say\n");
    assert_seen(seen, "model.precision=q4_0 [0]");
    assert_seen(seen, "model.precision.mix=f32 0.61 %, q4_0 99.39 % [0]");
    assert_seen(seen, "model.parameters=10560 [0]");
    assert_seen(seen, "model.weights_bytes=6160 bytes[0]");
    assert_seen(seen, "model.bytes_per_parameter=0.583333 bytes[1]");
    assert_seen(seen, "model.kv_heads=2 [0]");
    assert_seen(seen, "model.kv_cache.type=f16 [1] llama.cpp's own choice");
    assert_seen(seen, "model.kv_bytes_per_token=256 bytes[1]"); /* 2 x 2 x (16 + 16) x 2 */
    assert_int_equal(model_put_gguf(&f, path, &told), 0);
    assert_seen(seen, "model.kv_cache.type=q8_0 keys, f16 values [1] the engine's command line");
    assert_seen(seen, "model.kv_bytes_per_token=196 bytes[1]");
    write_file("/m.gguf", "GGUX");
    assert_int_equal(model_put_gguf(&f, path, &none), 0);
    assert_seen(seen, "model.architecture=? [5] ");
    free(seen);
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_head),
        cmocka_unit_test(every_shorter_file_is_refused),
        cmocka_unit_test(odd_heads_are_refused_with_words),
        cmocka_unit_test(heads_may_differ_between_layers),
        ROOT_TEST(becomes_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
