/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that names or maps a folder of weights, in the ways such folders are laid out. */
#include "probe/process.h"
#include "root.h"
#include "sink.h"

#define FOLDER "/proc/60/root/models/m/"

static struct seen seen;

static int changed(void *ctx, int64_t time_ns, const char *text)
{
    (void)ctx;
    (void)time_ns;
    (void)text;
    return 0;
}

static int new_engine(void **state)
{
    static const char args[] = "vllm\0serve\0/models/m\0";
    int r = new_root(state);
    char cache[128];

    (void)snprintf(cache, sizeof cache, "%s/cache", root);
    setenv("XDG_CACHE_HOME", cache, 1);
    write_process(60, 1, "vllm", 500);
    write_bytes("/proc/60/cmdline", args, sizeof args - 1);
    write_file("/proc/60/maps", "");
    write_file(FOLDER "config.json", "{\"torch_dtype\":\"bfloat16\"}");
    return r;
}

/* Puts the facts of the engine's model. */
static void describe(void)
{
    const struct probe_setup setup = {.root = root, .engine_pid = 60};
    const struct probe_out out = {.facts = {seen_put, &seen}, .changed = changed};
    struct probe *p = NULL;
    struct err err = {0};

    seen = (struct seen){.left = -1};
    if (probe_process.open(&p, &setup, &out, &err) < 0)
        fail_msg("%s", err.text);
    probe_process.close(p);
}

static void adds_up_all_files(void **state)
{
    (void)state;
    for (int i = 1; i <= 70; i++) {
        char path[128];

        (void)snprintf(path, sizeof path, FOLDER "model-%05d-of-00070.safetensors", i);
        write_file(path, "1234");
    }
    describe();
    assert_seen(&seen, "model.files=70 ");
    assert_seen(&seen, "model.file.64.bytes=4 ");
    assert_unseen(&seen, "model.file.65.");
    assert_seen(&seen, "model.parameters=140 [1]");
}

static void a_part_that_cannot_be_seen_leaves_the_sum_open(void **state)
{
    static const char why[] = "model.parameters=? [5] not all files of weights can be seen\n";

    (void)state;
    write_file(FOLDER "model-00001-of-00002.safetensors", "1234");
    make_link(FOLDER "model-00002-of-00002.safetensors", "../../blobs/none");
    describe();
    assert_seen(&seen, "model.files=2 ");
    assert_seen(&seen, "model.file.bytes=4 ");
    assert_seen(&seen, "model.file.2.bytes=? [5] No such file");
    assert_seen(&seen, why);
    assert_seen(&seen, "model.bytes_per_parameter=2 ");
    write_file("/proc/60/maps", "7f000000b000-7f000000c000 r--s 00000000 08:01 15 "
                                "/models/m/model-00001-of-00002.safetensors (deleted)\n");
    describe();
    assert_seen(&seen, "model.files=1 ");
    assert_seen(&seen, "model.file.bytes=? [5] deleted or replaced since it was mapped\n");
    assert_seen(&seen, "model.file.sha256=? [5] deleted or replaced since it was mapped\n");
    assert_seen(&seen, why);
}

static void takes_one_kind_of_file(void **state)
{
    (void)state;
    write_file(FOLDER "q4.gguf", "123456");
    describe();
    assert_seen(&seen, "model.files=1 ");
    assert_seen(&seen, "model.file.path=/models/m/q4.gguf ");
    write_file(FOLDER "consolidated.safetensors", "12345678");
    describe();
    assert_seen(&seen, "model.files=1 ");
    assert_seen(&seen, "model.file.path=/models/m/consolidated.safetensors ");
    write_file(FOLDER "model-00001-of-00001.safetensors", "1234");
    write_file(FOLDER "model.safetensors.index.json", "{}");
    describe();
    assert_seen(&seen, "model.files=1 ");
    assert_seen(&seen, "model.file.path=/models/m/model-00001-of-00001.safetensors ");
    assert_seen(&seen, "model.parameters=2 [1]");
}

static void describe_config(const char *more)
{
    char text[512];

    (void)snprintf(
        text, sizeof text,
        "{\"torch_dtype\":\"bfloat16\",\"num_hidden_layers\":2,\"num_attention_heads\":4,"
        "\"hidden_size\":64,%s}",
        more);
    write_file(FOLDER "config.json", text);
    write_file(FOLDER "model.safetensors", "1234");
    describe();
}

static void knows_experts_by_all_their_names(void **state)
{
    (void)state;
    describe_config("\"num_local_experts\":8,\"num_experts\":9,\"n_routed_experts\":10");
    assert_seen(&seen, "model.experts=8 ");
    assert_unseen(&seen, "model.experts=9 ");
    assert_unseen(&seen, "model.experts=10 ");
    describe_config("\"num_experts\":128,\"num_experts_per_tok\":8");
    assert_seen(&seen, "model.experts=128 ");
    assert_seen(&seen, "model.experts_used=8 ");
    describe_config("\"num_local_experts\":null,\"n_routed_experts\":256");
    assert_seen(&seen, "model.experts=256 ");
    assert_seen(&seen, "model.kv_bytes_per_token=512 "); /* 2 x 4 x (16 + 16) x 2 */
}

static void a_state_is_no_cache_of_keys(void **state)
{
    static const char *const configs[] = {"\"mamba_d_state\":16",
                                          "\"ssm_state_size\":128",
                                          "\"state_size\":16",
                                          "\"text_config\":{\"linear_num_key_heads\":16}",
                                          "\"layers_block_type\":[\"mamba\"]",
                                          "\"hybrid_override_pattern\":\"M-M*\""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        describe_config(configs[i]);
        assert_seen(&seen, "model.kv_bytes_per_token=? [5] the model keeps a state in place of "
                           "keys and values\n");
    }
    describe_config("\"mamba_d_state\":null");
    assert_seen(&seen, "model.kv_bytes_per_token=512 ");
}

static void options_may_be_written_with_underscores(void **state)
{
    static const char args[] = "python3\0-m\0x.server\0--model_path\0/models/m\0"
                               "--kv_cache_dtype=fp8_e5m2\0__model-id\0x/y\0";
    AUTO(process_args_release) struct process_args cmdline = {0};

    (void)state;
    write_bytes("/proc/60/cmdline", args, sizeof args - 1);
    assert_int_equal(process_args_read(&cmdline, root, 60, "cmdline"), 0);
    assert_string_equal(process_option(&cmdline, "--model-path"), "/models/m");
    assert_string_equal(process_option(&cmdline, "--kv-cache-dtype"), "fp8_e5m2");
    assert_string_equal(process_option(&cmdline, "-m"), "x.server");
    assert_null(process_option(&cmdline, "--model"));
    assert_null(process_option(&cmdline, "--kv-cache"));
    assert_null(process_option(&cmdline, "--model-id"));
    describe_config("\"num_key_value_heads\":4");
    assert_seen(&seen, "model.file.path=/models/m/model.safetensors ");
    assert_seen(&seen, "model.kv_cache.type=fp8_e5m2 [1] the engine's command line\n");
}

#define ENGINE_TEST(f) cmocka_unit_test_setup_teardown(f, new_engine, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(adds_up_all_files),
        ENGINE_TEST(a_part_that_cannot_be_seen_leaves_the_sum_open),
        ENGINE_TEST(takes_one_kind_of_file),
        ENGINE_TEST(knows_experts_by_all_their_names),
        ENGINE_TEST(a_state_is_no_cache_of_keys),
        ENGINE_TEST(options_may_be_written_with_underscores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
