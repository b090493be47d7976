/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a claim beside an envelope: decode moves about 1e11 bytes a second here. */
#include "claim/utilisation.h"
#include "scene.h"

#define MODEL STORY_UNASKED "model: {parameters: 1e9, bytes_per_parameter: 2}\n"

struct beside {
    double read;              /* bytes a second of memory.read */
    const char *scope, *name; /* a fact of the envelope, NULL: none */
    const char *gpu;          /* a scope among the claim's facts, NULL: none */
    const char *here;         /* target.on_this_host; NULL: the fact is not there */
};

static json_t *fact(const char *scope, const char *name, const char *value)
{
    return json_pack("{s:s, s:s, s:s}", "scope", scope, "name", name, "value", value);
}

static json_t *envelope(const struct beside *b)
{
    json_t *o =
        json_pack("{s:s, s:s, s:[{s:s, s:i, s:f}], s:[]}", "time", "t", "words", "w", "ceilings",
                  "name", "memory.read", "threads", 1, "median", b->read, "facts");

    assert_non_null(o);
    if (b->scope)
        json_push(json_object_get(o, "facts"), fact(b->scope, b->name, "12.4"));
    return o;
}

/* What the claim says of the bandwidth; "" if nothing. */
static void say(char *buf, size_t size, const json_t *claim)
{
    const json_t *list = json_object_get(json_object_get(claim, "limitedBy"), "evidence"), *v;
    size_t i;

    buf[0] = '\0';
    json_array_foreach(list, i, v)
    {
        if (strstr(json_string_value(v), "memory.read"))
            (void)snprintf(buf, size, "%s", json_string_value(v));
    }
}

static void set_beside(char *buf, size_t size, struct beside b)
{
    AUTO(told_release) struct told t = tell((struct story){.yaml = MODEL, .trials = 1});
    AUTO(json_unref) json_t *claim = NULL, *e = envelope(&b);
    struct err err = {0};

    assert_int_equal(t.result, 0);
    assert_int_equal(scene_claim(&claim, &t, "complete", &err), 0);
    if (b.gpu)
        json_put(json_object_get(claim, "facts"), b.gpu,
                 json_pack("[o]", fact(b.gpu, "name", "a GPU")));
    if (b.here)
        json_push(json_object_get(json_object_get(claim, "facts"), "target"),
                  fact("target", "on_this_host", b.here));
    assert_int_equal(claim_add_envelope(claim, t.analysis, e, &err), 0);
    say(buf, size, claim);
}

static void bandwidth_is_told_of_a_host_without_gpu(void **state)
{
    char text[256];

    (void)state;
    set_beside(text, sizeof text, (struct beside){.read = 1.1e11, .here = "yes"});
    assert_non_null(strstr(text, "it is bound by the memory's bandwidth"));
    set_beside(text, sizeof text, (struct beside){.read = 1e12, .here = "yes"});
    assert_non_null(strstr(text, "is not shown"));
}

static void nothing_is_told_where_a_gpu_may_have_decoded(void **state)
{
    static const struct beside gpus[] = {
        {.read = 1.1e11, .here = "yes", .scope = "envelope", .name = "gpu.cuda_version"},
        {.read = 1.1e11, .here = "yes", .gpu = "gpu.0"},
        {.read = 1.1e11, .here = "yes", .gpu = "gpu.amd.0"},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(gpus); i++) {
        set_beside(text, sizeof text, gpus[i]);
        assert_string_equal(text, "");
    }
}

static void more_than_the_memory_can_is_not_of_this_memory(void **state)
{
    char text[256];

    (void)state;
    set_beside(text, sizeof text, (struct beside){.read = 1e10, .here = "yes"});
    assert_string_equal(text, "");
}

/* The address alone is one of this host's here, always. */
static void nothing_is_told_where_the_run_did_not_see_the_target_here(void **state)
{
    char text[256];

    (void)state;
    set_beside(text, sizeof text, (struct beside){.read = 1.1e11});
    assert_string_equal(text, "");
    set_beside(text, sizeof text, (struct beside){.read = 1.1e11, .here = "no"});
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bandwidth_is_told_of_a_host_without_gpu),
        cmocka_unit_test(nothing_is_told_where_a_gpu_may_have_decoded),
        cmocka_unit_test(more_than_the_memory_can_is_not_of_this_memory),
        cmocka_unit_test(nothing_is_told_where_the_run_did_not_see_the_target_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
