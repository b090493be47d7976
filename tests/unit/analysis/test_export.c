/* SPDX-License-Identifier: Apache-2.0 */
/* EXPORT_VECTORS=DIR writes the expected documents anew. */
#include "analysis/export.h"
#include "../evidence/scene.h"
#include "base/fs.h"
#include "base/str.h"

static void vector_path(char *buf, size_t size, const char *name, const char *end)
{
    const char *source = getenv("SOURCE");

    (void)snprintf(buf, size, "%s/tests/vectors/export/%s%s", source ? source : ".", name, end);
}

static const struct fact facts[] = {
    {"target", "on_this_host", "yes", "", "bind", KNOWN_MEASURED, TIME_NONE},
    {"target", "engine.name", "vLLM", "", "GET /version", KNOWN_REPORTED, TIME_NONE},
    {"target", "engine.version", "0.11.0", "", "GET /version", KNOWN_REPORTED, TIME_NONE},
    {"host", "cpu.model", "A CPU", "", "/proc/cpuinfo", KNOWN_MEASURED, TIME_NONE},
    {"host", "cpu.sockets", "2", "", "/sys", KNOWN_MEASURED, TIME_NONE},
    {"host", "cpu.cache.l2.bytes", "1048576", "bytes", "/sys", KNOWN_MEASURED, TIME_NONE},
    {"host", "cpu.cache.l3.bytes", "33554432", "bytes", "/sys", KNOWN_MEASURED, TIME_NONE},
    {"host", "arch", "x86_64", "", "uname", KNOWN_MEASURED, TIME_NONE},
    {"host", "os.name", "Debian GNU/Linux 12 (bookworm)", "", "os-release", KNOWN_MEASURED,
     TIME_NONE},
    {"host", "kernel.release", "6.1.0", "", "uname", KNOWN_MEASURED, TIME_NONE},
    {"host", "memory.total_bytes", "549755813888", "bytes", "/proc/meminfo", KNOWN_MEASURED,
     TIME_NONE},
    {"host", "virtual.product", NULL, "", "no DMI here", KNOWN_UNKNOWN, TIME_NONE},
    {"gpu", "count", "2", "", "NVML", KNOWN_MEASURED, TIME_NONE},
    {"gpu", "driver", "550.54.15", "", "NVML", KNOWN_MEASURED, TIME_NONE},
    {"gpu.0", "name", "NVIDIA H100 80GB HBM3", "", "NVML", KNOWN_MEASURED, TIME_NONE},
    {"gpu.1", "name", "NVIDIA H100 80GB HBM3", "", "NVML", KNOWN_MEASURED, TIME_NONE},
    {"gpu.0", "clock.sm_max", "1980000000", "Hz", "NVML", KNOWN_MEASURED, TIME_NONE},
    {"engine.process", "pid", "4711", "", "listener", KNOWN_MEASURED, TIME_NONE},
    {"engine.process", "executable", "/usr/bin/python3.11", "", "/proc", KNOWN_MEASURED, TIME_NONE},
    {"declared", "cooling", "air", "", "plan", KNOWN_DECLARED, TIME_NONE},
    {"declared", "host_processor_model_name", "a better CPU", "", "plan", KNOWN_DECLARED,
     TIME_NONE},
};

static const char plan[] =
    "{\"asrun\":1,\"target\":{\"model\":\"m\",\"url\":\"http://gpu-box:8000/v1\","
    "\"api_key\":\"env:THE_KEY\"}}";

typedef int (*maker)(json_t **ret, struct evidence *e, struct err *err);

static json_t *made_of(maker make, const struct fact *list, size_t count)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    const struct store_begin begin = {.plan = plan,
                                      .anchor = {.mono_ns = SCENE_ANCHOR, .real_ns = 42},
                                      .plan_digest = "aa",
                                      .schedule_digest = "bb",
                                      .prompts_digest = "cc",
                                      .scheduled = 1,
                                      .trials = 1,
                                      .asrun_version = "test"};
    struct scene s = {0};
    struct err err = {0};
    json_t *o = NULL;

    scene_make(&s);
    assert_int_equal(store_create(&s.store, s.path, 1, 64, &err), 0);
    assert_int_equal(store_begin(s.store, &begin, &err), 0);
    assert_int_equal(store_trial_begin(s.store, 0, 0, 0, 1, "none", &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(store_fact(s.store, &list[i], &err), 0);
    scene_finish(&s);
    assert_int_equal(evidence_open(&e, s.path, EVIDENCE_READ_ONLY, &err), 0);
    assert_int_equal(make(&o, e, &err), 0);
    scene_remove(&s);
    return o;
}

/* @here false: without the fact that says so. */
static json_t *made(maker make, bool here)
{
    return here ? made_of(make, facts, COUNT_OF(facts))
                : made_of(make, facts + 1, COUNT_OF(facts) - 1);
}

static void expect(const char *name, maker make)
{
    AUTO(json_unref) json_t *o = made(make, true);
    AUTO(free) char *text = json_pretty(o), *want = NULL;
    const char *dir = getenv("EXPORT_VECTORS");
    struct err err = {0};
    char path[512];
    size_t n;

    vector_path(path, sizeof path, name, ".json");
    if (dir) {
        (void)snprintf(path, sizeof path, "%s/%s.json", dir, name);
        assert_int_equal(fs_write(path, text, strlen(text), &err), 0);
        return;
    }
    if (fs_read(&want, &n, path, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(text, want);
}

static void documents_are_as_expected(void **state)
{
    (void)state;
    expect("system-desc", export_system_desc);
    expect("otel-resource", export_otel_resource);
}

/* A line of its own below a "source" line. */
static bool is_sourced(const char *list, const char *key)
{
    AUTO(str_release) struct str line = {0};

    str_addf(&line, "\n%s\n", key);
    return strstr(list, line.data) != NULL;
}

/* No key that the side file has not from a named file of a named commit. */
static void every_key_has_its_source(void **state)
{
    static const struct {
        const char *name;
        maker make;
    } exports[] = {{"system-desc", export_system_desc}, {"otel-resource", export_otel_resource}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(exports); i++) {
        AUTO(json_unref) json_t *o = made(exports[i].make, true);
        const json_t *about = json_object_get(o, "asrun"), *v;
        AUTO(free) char *list = NULL;
        struct err err = {0};
        const char *key;
        char path[512];
        size_t n, k;

        vector_path(path, sizeof path, exports[i].name, ".source");
        assert_int_equal(fs_read(&list, &n, path, 1 << 20, &err), 0);
        json_object_foreach(json_object_get(about, "known"), key, v)
            assert_true(is_sourced(list, key));
        json_array_foreach(json_object_get(about, "absent"), k, v)
            assert_true(is_sourced(list, json_string_value(json_object_get(v, "key"))));
    }
}

/* The client's own host is not the system under test. */
static void elsewhere_the_host_is_absent(void **state)
{
    AUTO(json_unref) json_t *o = made(export_system_desc, false);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(o, "host_processor_model_name")),
                        "a better CPU"); /* declared */
    assert_null(json_object_get(o, "accelerator_model_name"));
    assert_non_null(json_object_get(o, "framework"));
}

/* NVML without a card says 0. */
static void cards_of_amd_are_accelerators(void **state)
{
    static const struct fact amd[] = {
        {"target", "on_this_host", "yes", "", "bind", KNOWN_MEASURED, TIME_NONE},
        {"gpu", "count", "0", "", "NVML", KNOWN_MEASURED, TIME_NONE},
        {"gpu.amd", "count", "8", "", "RSMI", KNOWN_MEASURED, TIME_NONE},
        {"gpu.amd", "driver", "6.10.5", "", "RSMI", KNOWN_MEASURED, TIME_NONE},
        {"gpu.amd.0", "name", "AMD Instinct MI300X", "", "RSMI", KNOWN_MEASURED, TIME_NONE},
        {"gpu.amd.0", "memory.total_bytes", "206158430208", "bytes", "RSMI", KNOWN_MEASURED,
         TIME_NONE},
    };
    AUTO(json_unref) json_t *o = made_of(export_system_desc, amd, COUNT_OF(amd));

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(o, "accelerators_per_node")), 8);
    assert_string_equal(json_string_value(json_object_get(o, "accelerator_model_name")),
                        "AMD Instinct MI300X");
    assert_string_equal(json_string_value(json_object_get(o, "accelerator_memory_capacity")),
                        "192 GiB");
    assert_string_equal(json_string_value(json_object_get(o, "other_software_stack")),
                        "AMD driver 6.10.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_as_expected),
        cmocka_unit_test(every_key_has_its_source),
        cmocka_unit_test(elsewhere_the_host_is_absent),
        cmocka_unit_test(cards_of_amd_are_accelerators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
