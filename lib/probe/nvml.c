/* SPDX-License-Identifier: Apache-2.0 */
/* NVIDIA GPUs by libnvidia-ml.so.1, which comes with the driver: where there is none, there is none
 * of their GPUs that could be used. */
#include "probe/nvml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRIVER_TEXT = 96 };

struct probe {
    struct nvml n;
    struct gpu_vendor v;
    const struct probe_setup *setup;
    const struct probe_out *out;
    char driver[DRIVER_TEXT];
    size_t count, turn;
    struct gpu_device device[GPU_MAX];
    struct nvml_reasons reasons[GPU_MAX];
    struct nvml_tenants tenants[GPU_MAX];
    struct nvml_engine engine;
};

static void nvml_close(struct probe *p)
{
    if (!p)
        return;
    nvml_unload(&p->n);
    free(p);
}

static void close_ptr(struct probe **p)
{
    nvml_close(*p);
}

static const char *words(const void *library, int code)
{
    return nvml_words(library, code);
}

static int put_versions(struct probe *p, const struct facts *f)
{
    int cuda = 0, code = NVML_CALL(&p->n, driver, p->driver, sizeof p->driver);
    int r = gpu_fact(f, &p->v, code, "driver", p->driver, "", "nvmlSystemGetDriverVersion");
    char text[32];

    if (r < 0)
        return r;
    code = NVML_CALL(&p->n, cuda, &cuda);
    (void)snprintf(text, sizeof text, "%d.%d", cuda / 1000, cuda % 1000 / 10);
    return gpu_fact(f, &p->v, code, "driver.cuda", text, "", "nvmlSystemGetCudaDriverVersion_v2");
}

static int put_count(struct probe *p, const struct facts *f)
{
    unsigned n = 0;
    const int code = NVML_CALL(&p->n, count, &n);
    char text[16];

    (void)snprintf(text, sizeof text, "%u", n);
    if (code == 0)
        p->count = n < GPU_MAX ? n : GPU_MAX;
    return gpu_fact(f, &p->v, code, "count", text, "", "nvmlDeviceGetCount_v2");
}

static int add(struct probe *p, size_t i)
{
    struct gpu_device *d = &p->device[i];
    const struct facts f = {&p->out->facts, d->scope};
    int code, r;

    (void)snprintf(d->scope, sizeof d->scope, "gpu.%zu", i);
    code = NVML_CALL(&p->n, handle, (unsigned)i, &d->handle);
    if (code != 0) {
        d->lost = true;
        return facts_absent(&f, "name", "nvmlDeviceGetHandleByIndex_v2: %s", words(&p->n, code));
    }
    r = nvml_facts(d, &p->v, p->out);
    if (r >= 0)
        r = gpu_declare(d, &p->v, p->out);
    if (r >= 0)
        r = nvml_reasons_declare(&p->reasons[i], d, &p->v, p->out);
    if (r >= 0)
        r = nvml_tenants_declare(&p->tenants[i], d, &p->v, p->setup, p->out);
    return r;
}

static int add_all(struct probe *p)
{
    const struct facts f = {&p->out->facts, "gpu"};
    int r = put_versions(p, &f);

    if (r >= 0)
        r = put_count(p, &f);
    for (size_t i = 0; i < p->count && r >= 0; i++)
        r = add(p, i);
    return r;
}

static int nvml_open(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                     struct err *err)
{
    __attribute__((cleanup(close_ptr))) struct probe *p = calloc(1, sizeof *p);
    const struct facts f = {&out->facts, "gpu"};
    struct err why = {0};
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "NVML: out of memory");
    p->setup = s;
    nvml_engine_init(&p->engine, s);
    p->out = out;
    if (nvml_load(&p->n, "libnvidia-ml.so.1", &why) < 0) {
        r = facts_absent(&f, "nvml", "%s", why.text);
        if (r >= 0)
            *ret = NULL;
        return r;
    }
    p->v = (struct gpu_vendor){&p->n, words, nvml_meters, nvml_meter_count, NVML_GPU_IS_LOST};
    r = add_all(p);
    if (r < 0)
        return err_set(err, r, "NVML: a fact or series was not taken");
    *ret = p->count > 0 ? TAKE(p) : NULL;
    return 0;
}

static int nvml_sample(struct probe *p, int64_t now_ns)
{
    int r = gpu_sample(p->device, p->count, &p->v, p->out, &p->turn, now_ns);

    nvml_engine_refresh(&p->engine, p->setup, now_ns);
    for (size_t i = 0; i < p->count && r >= 0; i++) {
        r = nvml_reasons_sample(&p->reasons[i], &p->device[i], &p->v, p->out, now_ns);
        nvml_tenants_sample(&p->tenants[i], &p->device[i], &p->v, p->setup->root, &p->engine,
                            p->out, now_ns);
    }
    return r;
}

/* Ours is mapped already; another driver below it answers with another version, or not at all. */
static int check_driver(struct probe *p, int64_t now_ns)
{
    char now[DRIVER_TEXT] = "", text[240];
    const int code = NVML_CALL(&p->n, driver, now, sizeof now);

    if (p->driver[0] == '\0')
        return 0;
    if (code != 0)
        (void)snprintf(now, sizeof now, "%s", words(&p->n, code));
    if (strcmp(now, p->driver) == 0)
        return 0;
    (void)snprintf(text, sizeof text, "gpu.driver: from %s to %s", p->driver, now);
    memcpy(p->driver, now, sizeof now);
    return p->out->changed(p->out->ctx, now_ns, text);
}

static void nvml_phase(struct probe *p, const char *name, int64_t now_ns)
{
    (void)name;
    for (size_t i = 0; i < p->count; i++)
        p->reasons[i].said = 0;
    (void)check_driver(p, now_ns); /* a sink that fails fails the next sample, too */
}

const struct probe_ops probe_nvml = {
    .name = "nvml",
    .open = nvml_open,
    .sample = nvml_sample,
    .phase = nvml_phase,
    .close = nvml_close,
};
