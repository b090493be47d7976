/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up engine: a Python server with a worker, in a container, with secrets where people put
 * them; and this very process. */
#include "probe/process.h"
#include "harness/fault.h"
#include "root.h"
#include "sink.h"
#include <unistd.h>

struct watched {
    struct seen seen;
    char changed[2048];
    struct probe_out out;
};

static int changed(void *ctx, int64_t time_ns, const char *text)
{
    struct watched *w = ctx;
    size_t n = strlen(w->changed);

    (void)snprintf(w->changed + n, sizeof w->changed - n, "%d %s\n", (int)(time_ns / NS_PER_S),
                   text);
    return 0;
}

static struct probe_out *watch(struct watched *w)
{
    w->seen.left = -1;
    w->out = (struct probe_out){.facts = {seen_put, &w->seen}, .changed = changed, .ctx = w};
    return &w->out;
}

static void write_args(const char *path, const char *args, size_t n)
{
    write_bytes(path, args, n);
}
#define ARGS(path, args) write_args(path, args, sizeof(args) - 1)

static void write_maps(const char *more)
{
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "00400000-00401000 r-xp 00000000 08:01 10 /venv/bin/python3.11\n"
                   "7f0000000000-7f0000001000 r--p 00000000 08:01 11 /lib/libc.so.6\n"
                   "7f0000001000-7f0000002000 r-xp 00001000 08:01 11 /lib/libc.so.6\n"
                   "7f0000003000-7f0000004000 r-xp 00000000 08:01 12 "
                   "/venv/lib/python3.11/site-packages/torch/libtorch.so\n"
                   "7f0000005000-7f0000006000 r-xp 00000000 08:01 13 /opt/other/libc.so.6\n"
                   "7f0000006000-7f0000007000 r-xp 00000000 08:01 14 /opt/libold.so (deleted)\n"
                   "7f0000008000-7f0000009000 rw-p 00000000 00:00 0 [heap]\n"
                   "7f0000009000-7f000000a000 r-xp 00000000 00:00 0 [vdso]\n"
                   "7f000000a000-7f000000b000 rw-s 00000000 00:05 9 /dev/nvidia0\n"
                   "7f000000b000-7f000000c000 r--s 00000000 08:01 15 "
                   "/models/m/model.safetensors\n%s",
                   more);
    write_file("/proc/60/maps", text);
}

static void write_engine(void)
{
    write_process(60, 1, "python3", 500);
    write_process(61, 60, "VLLM::Worker", 501);
    make_link("/proc/60/exe", "/venv/bin/python3.11");
    make_link("/proc/61/exe", "/venv/bin/python3.11");
    ARGS("/proc/60/cmdline", "/venv/bin/python3\0-m\0vllm.entrypoints.openai.api_server\0--model\0"
                             "/models/m\0--api-key\0planted-in-command\0--dtype=bfloat16\0");
    ARGS("/proc/60/environ", "PATH=/bin\0VLLM_USE_V1=1\0VLLM_API_KEY=planted-in-environ\0"
                             "HF_TOKEN=hf_planted\0OMP_NUM_THREADS=4\0AWS_SECRET=planted\0");
    ARGS("/proc/61/cmdline", "VLLM::Worker");
    write_file("/proc/60/status", "Name:\tpython3\nUid:\t1000\t1000\t1000\t1000\nThreads:\t7\n"
                                  "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n");
    write_file("/proc/60/limits", "Limit                     Soft Limit           Hard Limit\n"
                                  "Max open files            1024                 4096    files\n"
                                  "Max locked memory         unlimited            unlimited\n");
    write_file("/proc/60/cgroup", "0::/system.slice/docker-0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef.scope\n");
    write_file("/var/lib/docker/containers/0123456789abcdef0123456789abcdef0123456789abcdef"
               "0123456789abcdef/config.v2.json",
               "{\"Env\":[\"X=planted\"],\"Image\":\"sha256:"
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
    write_file("/proc/60/root/venv/bin/python3.11", "not ELF");
    write_file("/proc/60/root/lib/libc.so.6", "one");
    write_file("/proc/60/root/opt/other/libc.so.6", "other");
    write_file("/proc/60/root/venv/lib/python3.11/site-packages/torch/libtorch.so", "torch");
    write_file("/proc/60/root/venv/lib/python3.11/site-packages/torch-2.6.0.dist-info/METADATA",
               "Metadata-Version: 2.1\nName: torch\nVersion: 2.6.0+cu124\n\nName: no\n");
    write_file("/proc/60/root/venv/lib/python3.11/site-packages/odd-1.dist-info/METADATA", "\n");
    write_file("/proc/60/root/venv/lib/python3.11/site-packages/Py_YAML-6.dist-info/METADATA",
               "Name: Py_YAML\r\nVersion: 6\r\n");
    write_file("/proc/60/root/models/m/model.safetensors", "12345678");
    write_file("/proc/60/root/models/m/config.json",
               "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
               "\"torch_dtype\":\"bfloat16\",\"num_hidden_layers\":2,\"num_attention_heads\":4,"
               "\"num_key_value_heads\":2,\"hidden_size\":64,\"max_position_embeddings\":2048,"
               "\"note\":\"planted\"}");
    write_maps("");
}

static int new_engine(void **state)
{
    int r = new_root(state);
    char cache[128];

    (void)snprintf(cache, sizeof cache, "%s/cache", root);
    setenv("XDG_CACHE_HOME", cache, 1);
    setenv("HOME", "/nowhere", 1);
    return r;
}

static const struct probe_setup *setup(void)
{
    static struct probe_setup s;

    s = (struct probe_setup){.root = root, .engine_pid = 60};
    return &s;
}

static void open_probe(struct probe **p, struct watched *w)
{
    struct err err = {0};

    if (probe_process.open(p, setup(), watch(w), &err) < 0)
        fail_msg("%s", err.text);
}

static void knows_an_engine_and_no_secret(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    open_probe(&p, w);
    assert_seen(&w->seen, "engine.process.pid=60 ");
    assert_seen(&w->seen, "engine.process.executable=/venv/bin/python3.11 [0] /proc/PID/exe\n");
    assert_seen(&w->seen, "engine.process.executable.build_id=? [5] no 64-bit ELF file\n");
    assert_seen(&w->seen, "engine.process.command=/venv/bin/python3 -m "
                          "vllm.entrypoints.openai.api_server --model /models/m --api-key "
                          "(redacted) --dtype=bfloat16 [0]");
    assert_seen(&w->seen, "engine.process.env.OMP_NUM_THREADS=4 ");
    assert_seen(&w->seen, "engine.process.env.HF_TOKEN=(redacted) ");
    assert_seen(&w->seen, "engine.process.env.VLLM_API_KEY=(redacted) ");
    assert_seen(&w->seen, "engine.process.affinity.cpus=0-3 ");
    assert_seen(&w->seen, "engine.process.user_id=1000 ");
    assert_seen(&w->seen, "engine.process.limits.open_files=1024 ");
    assert_seen(&w->seen, "engine.process.limits.locked_memory_bytes=unlimited ");
    assert_seen(&w->seen, "engine.process.limits.stack_bytes=? [5] /proc/PID/limits: no Max stack");
    assert_seen(&w->seen, "engine.process.container.id=0123456789abcdef0123");
    assert_seen(&w->seen, "engine.process.container.image=sha256:aaaa");
    assert_seen(&w->seen, "engine.process.processes=2 ");
    assert_seen(&w->seen, "engine.process.child.1.name=VLLM::Worker ");
    assert_unseen(&w->seen, "planted");
    assert_unseen(&w->seen, "PATH");
    assert_unseen(&w->seen, "AWS");
    probe_process.close(p);
    free(w);
}

static void knows_libraries_packages_and_the_model(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    open_probe(&p, w);
    assert_seen(&w->seen, "engine.library.libc.so.6.path=/lib/libc.so.6 [0] /proc/PID/maps\n");
    assert_seen(&w->seen, "engine.library.libc.so.6#2.path=/opt/other/libc.so.6 ");
    assert_seen(&w->seen, "engine.library.libc.so.6.sha256=7692c3ad3540bb803c020b3aee66cd8887123234"
                          "ea0c6e7143c0add73ff431ed [0] the file, read now\n");
    assert_seen(&w->seen, "engine.library.libtorch.so.build_id=? [5] no 64-bit ELF file");
    assert_seen(&w->seen, "engine.library.libold.so.sha256=? [5] deleted or replaced since it was");
    assert_unseen(&w->seen, "engine.library.python3.11");
    assert_unseen(&w->seen, "nvidia0");
    assert_seen(&w->seen, "engine.package.torch=2.6.0+cu124 ");
    assert_seen(&w->seen, "engine.package.py-yaml=6 ");
    assert_unseen(&w->seen, "engine.package.no=");
    assert_seen(&w->seen, "model.files=1 [0] mapped by the engine\n");
    assert_seen(&w->seen, "model.file.path=/models/m/model.safetensors ");
    assert_seen(&w->seen, "model.file.bytes=8 bytes[0]");
    assert_seen(&w->seen, "model.file.sha256=ef797c8118f02dfb6");
    assert_seen(&w->seen, "model.architecture=LlamaForCausalLM ");
    assert_seen(&w->seen, "model.precision=bf16 [0] type of the weights in config.json\n");
    assert_seen(&w->seen, "model.parameters=4 [1]");
    assert_seen(&w->seen, "model.kv_cache.type=bf16 [1]");
    assert_seen(&w->seen, "model.kv_bytes_per_token=256 bytes[1]"); /* 2 x 2 x (16 + 16) x 2 */
    probe_process.close(p);
    free(w);
}

#define REPOSITORY "/hub/models--org--name"
#define BLOB "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void write_hub(void)
{
    write_file("/proc/60/root" REPOSITORY "/refs/main", "0123456789abcdef");
    write_file("/proc/60/root" REPOSITORY "/blobs/" BLOB, "12345678");
    write_file("/proc/60/root" REPOSITORY "/snapshots/0123456789abcdef/model.safetensors", "1234");
    write_file("/proc/60/root" REPOSITORY "/snapshots/0123456789abcdef/config.json",
               "{\"architectures\":[\"Q\"],\"model_type\":\"q\",\"kv_lora_rank\":512,"
               "\"text_config\":{\"num_hidden_layers\":3},"
               "\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}}");
}

static void finds_a_model_in_a_hubs_cache(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    write_hub();
    write_file("/proc/60/maps",
               "7f000000b000-7f000000c000 r--s 00000000 08:01 15 " REPOSITORY "/blobs/" BLOB "\n");
    open_probe(&p, w);
    assert_seen(&w->seen, "model.file.path=" REPOSITORY "/blobs/" BLOB " ");
    assert_seen(&w->seen, "model.architecture=Q ");
    assert_seen(&w->seen, "model.precision=gptq 4 bit [0] quantization_config in config.json\n");
    assert_seen(&w->seen, "model.layers=3 ");
    assert_seen(&w->seen, "model.kv_bytes_per_token=? [5] the model keeps compressed keys");
    assert_seen(&w->seen, "model.parameters=? [5] weights of several types");
    probe_process.close(p);
    memset(w, 0, sizeof *w);
    write_file("/proc/60/maps", ""); /* loaded, and let go */
    ARGS("/proc/60/cmdline", "vllm\0serve\0org/name\0");
    ARGS("/proc/60/environ", "HF_HUB_CACHE=/hub\0");
    open_probe(&p, w);
    assert_seen(&w->seen, "model.file.path=" REPOSITORY
                          "/snapshots/0123456789abcdef/model.safetensors [0] named in the "
                          "engine's command line; not mapped or open now\n");
    assert_seen(&w->seen, "model.architecture=Q ");
    probe_process.close(p);
    free(w);
}

/* Writes back the times of files as if they had been there for long. */
static void age(const char *path)
{
    char command[256];

    (void)snprintf(command, sizeof command, "touch -d '1 hour ago' '%s%s'", root, path);
    assert_int_equal(system(command), 0);
}

static void remembers_digests_between_runs(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    age("/proc/60/root/models/m/model.safetensors");
    open_probe(&p, w);
    probe_process.close(p);
    memset(w, 0, sizeof *w);
    open_probe(&p, w);
    assert_seen(&w->seen, "model.file.sha256=ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c"
                          "5ed7a898a64f [0] asrun's cache of digests: same path, size and time");
    assert_seen(&w->seen, "ea0c6e7143c0add73ff431ed [0] the file, read now\n"); /* just written */
    probe_process.close(p);
    write_file("/proc/60/root/models/m/model.safetensors", "87654321"); /* as large */
    memset(w, 0, sizeof *w);
    open_probe(&p, w);
    assert_unseen(&w->seen, "ef797c8118f02dfb6");
    assert_unseen(&w->seen, "cache of digests");
    probe_process.close(p);
    free(w);
}

static void sample(struct probe *p, int from_s, int to_s)
{
    for (int s = from_s; s <= to_s; s++)
        assert_int_equal(probe_process.sample(p, s * NS_PER_S), 0);
}

static void remarks_what_changes(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    open_probe(&p, w);
    sample(p, 1, 5);
    assert_string_equal(w->changed, "");
    write_file("/proc/60/root/opt/liblate.so", "late");
    write_maps("7f000000d000-7f000000e000 r-xp 00000000 08:01 16 /opt/liblate.so\n");
    sample(p, 6, 10);
    assert_string_equal(w->changed, "10 library liblate.so: now mapped\n");
    assert_seen(&w->seen, "engine.library.liblate.so.sha256=");
    assert_int_equal(remove_path("/proc/61"), 0);
    write_maps("");
    w->changed[0] = '\0';
    sample(p, 11, 15);
    assert_string_equal(w->changed, "15 the engine's processes: 2 -> 1, not the same ones\n"
                                    "15 code of liblate.so: no longer mapped\n");
    probe_process.close(p);
    free(w);
}

static void remarks_a_replaced_library_once(void **state)
{
    static const char both[] =
        "7f000000d000-7f000000e000 r-xp 00000000 08:01 16 /opt/libnew.so\n"
        "7f000000e000-7f000000f000 r-xp 00000000 08:01 17 /opt/libnew.so (deleted)\n";
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    write_maps("7f000000d000-7f000000e000 r-xp 00000000 08:01 17 /opt/libnew.so\n");
    open_probe(&p, w);
    write_maps(both);
    sample(p, 1, 15);
    assert_string_equal(w->changed, "5 library libnew.so#2: its file was deleted or replaced\n");
    write_maps(strchr(both, '\n') + 1); /* the old one alone is still mapped */
    sample(p, 16, 25);
    assert_string_equal(w->changed, "5 library libnew.so#2: its file was deleted or replaced\n");
    probe_process.close(p);
    free(w);
}

static void follows_a_restart(void **state)
{
    static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 %d 1"
        " 0 100\n";
    const struct url target = {.host = "127.0.0.1", .port = 0x1f90};
    struct watched *w = calloc(1, sizeof *w);
    struct probe_setup s = {.root = root, .engine_pid = 60, .target = &target};
    struct probe *p = NULL;
    struct err err = {0};
    char text[512];

    (void)state;
    write_engine();
    assert_int_equal(probe_process.open(&p, &s, watch(w), &err), 0);
    write_process(60, 1, "python3", 900); /* the number again, another process */
    sample(p, 1, 2);
    assert_string_equal(w->changed, "1 engine process 60 is gone\n");
    assert_seen(&w->seen, "engine.process.pid=? [5] process 60 ended during the run\n");
    (void)snprintf(text, sizeof text, "%s", table);
    *strstr(text, "%d") = '7';
    *strstr(text, "d 1 0") = '7';
    write_file("/proc/net/tcp", text);
    write_process(70, 1, "python3", 950);
    make_link("/proc/70/fd/5", "socket:[77]");
    sample(p, 3, 3);
    assert_string_equal(
        w->changed, "1 engine process 60 is gone\n"
                    "3 engine restarted: pid 60, started_ticks 500 -> pid 70, started_ticks 950\n");
    assert_seen(&w->seen, "engine.process.pid=70 ");
    assert_seen(&w->seen, "engine.process.command=? [5] /proc/PID/cmdline: No such file");
    assert_int_equal(probe_process.finish(p), 0);
    probe_process.close(p);
    free(w);
}

static void what_cannot_be_read_has_not_ended(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;

    (void)state;
    write_engine();
    open_probe(&p, w);
    write_file("/proc/60/stat", "");
    sample(p, 1, 5);
    write_process(60, 1, "python3", 500);
    sample(p, 6, 10);
    assert_string_equal(w->changed, "");
    write_file("/proc/60/stat",
               "60 (python3) Z 1 1 1 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 1 0 500 0 0\n");
    sample(p, 11, 12);
    assert_string_equal(w->changed, "11 engine process 60 is gone\n");
    probe_process.close(p);
    free(w);
}

static void says_why_it_knows_nothing(void **state)
{
    const struct probe_setup none = {.root = root, .engine_why = "not on this host"};
    const struct probe_setup gone = {.root = root, .engine_pid = 99};
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;
    struct err err = {0};

    (void)state;
    write_engine();
    assert_int_equal(probe_process.open(&p, &none, watch(w), &err), 0);
    assert_null(p);
    assert_seen(&w->seen, "engine.process.pid=? [5] not on this host\n");
    assert_int_equal(probe_process.open(&p, &gone, watch(w), &err), 0);
    assert_seen(&w->seen, "engine.process.pid=? [5] process 99: No such process\n");
    probe_process.close(p);
    free(w);
}

static void knows_this_very_process(void **state)
{
    const struct probe_setup s = {.root = "", .engine_pid = getpid()};
    struct watched *w = calloc(1, sizeof *w);
    struct probe *p = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(probe_process.open(&p, &s, watch(w), &err), 0);
    assert_seen(&w->seen, "engine.process.executable.sha256=");
    assert_seen(&w->seen, "engine.library.libcmocka.so");
    assert_unseen(&w->seen, "libcmocka.so.0.build_id=?");
    assert_unseen(&w->seen, "executable.sha256=?");
    sample(p, 1, 5);
    assert_string_equal(w->changed, "");
    probe_process.close(p);
    free(w);
}

static void out_of_memory_and_a_full_sink_are_errors(void **state)
{
    struct watched *w = calloc(1, sizeof *w);
    int r = -ENOSPC;

    (void)state;
    write_engine();
    for (int left = 0; r == -ENOSPC && left < 200; left += 3) {
        struct probe *p = NULL;
        struct err err = {0};

        watch(w)->facts.ctx = &w->seen;
        w->seen = (struct seen){.left = left};
        r = probe_process.open(&p, setup(), &w->out, &err);
        probe_process.close(p);
    }
    assert_int_equal(r, 0);
    r = -ENOMEM;
    for (int nth = 0; r == -ENOMEM && nth < 300; nth += 7) {
        struct probe *p = NULL;
        struct err err = {0};

        memset(w, 0, sizeof *w);
        watch(w);
        fault_alloc(nth);
        r = probe_process.open(&p, setup(), &w->out, &err);
        fault_alloc(-1);
        probe_process.close(p);
    }
    free(w);
}

#define ENGINE_TEST(f) cmocka_unit_test_setup_teardown(f, new_engine, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(knows_an_engine_and_no_secret),
        ENGINE_TEST(knows_libraries_packages_and_the_model),
        ENGINE_TEST(finds_a_model_in_a_hubs_cache),
        ENGINE_TEST(remembers_digests_between_runs),
        ENGINE_TEST(remarks_what_changes),
        ENGINE_TEST(remarks_a_replaced_library_once),
        ENGINE_TEST(follows_a_restart),
        ENGINE_TEST(what_cannot_be_read_has_not_ended),
        ENGINE_TEST(says_why_it_knows_nothing),
        ENGINE_TEST(knows_this_very_process),
        ENGINE_TEST(out_of_memory_and_a_full_sink_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
