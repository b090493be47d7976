/* SPDX-License-Identifier: Apache-2.0 */
/* AMD GPUs by librocm_smi64.so. The devices of a host are numbered on by vendor: gpu.amd.0 ... */
#include "probe/rsmi.h"
#include "base/digest.h"
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 128 };

struct probe {
    struct rsmi n;
    struct gpu_vendor v;
    const struct probe_out *out;
    size_t count, turn;
    struct gpu_device device[GPU_MAX];
    struct rsmi_device handle[GPU_MAX];
};

static void rsmi_close(struct probe *p)
{
    if (!p)
        return;
    rsmi_unload(&p->n);
    free(p);
}

static void close_ptr(struct probe **p)
{
    rsmi_close(*p);
}

static int put_names(const struct facts *f, const struct gpu_vendor *v, uint32_t i)
{
    const struct rsmi *n = v->library;
    char name[TEXT] = "", vbios[TEXT] = "";
    uint64_t id = 0;
    struct digest d;
    int code = RSMI_CALL(n, name, i, name, sizeof name);
    int r = gpu_fact(f, v, code, "name", name, "", "rsmi_dev_name_get");

    if (r < 0)
        return r;
    code = RSMI_CALL(n, vbios, i, vbios, sizeof vbios);
    r = gpu_fact(f, v, code, "vbios", vbios, "", "rsmi_dev_vbios_version_get");
    if (r < 0)
        return r;
    code = RSMI_CALL(n, unique_id, i, &id);
    d = digest_of(&id, sizeof id);
    return gpu_fact(f, v, code, "uuid.sha256", digest_hex(&d).text, "", "rsmi_dev_unique_id_get");
}

int rsmi_facts(const struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out)
{
    const struct rsmi *n = v->library;
    const struct facts f = {&out->facts, d->scope};
    struct rsmi_device *h = d->handle;
    uint64_t total = 0, cap = 0;
    char text[32];
    int r = put_names(&f, v, h->index), code;

    if (r < 0)
        return r;
    code = RSMI_CALL(n, pci, h->index, &h->pci);
    (void)snprintf(text, sizeof text, "%08X:%02X:%02X.%X", (unsigned)(h->pci >> 32),
                   (unsigned)(h->pci >> 8 & 0xff), (unsigned)(h->pci >> 3 & 0x1f),
                   (unsigned)(h->pci & 7));
    r = gpu_fact(&f, v, code, "pci", text, "", "rsmi_dev_pci_id_get");
    if (r < 0)
        return r;
    code = RSMI_CALL(n, memory_total, h->index, RSMI_VRAM, &total);
    r = gpu_number(&f, v, code, "memory.total_bytes", (double)total, "bytes",
                   "rsmi_dev_memory_total_get VRAM");
    if (r < 0)
        return r;
    code = RSMI_CALL(n, power_cap, h->index, 0, &cap);
    return gpu_number(&f, v, code, "power.limit", (double)cap / 1e6, "W", "rsmi_dev_power_cap_get");
}

static int put_driver(struct probe *p, const struct facts *f)
{
    char text[TEXT] = "";
    uint32_t n = 0;
    int code = RSMI_CALL(&p->n, version, RSMI_DRIVER, text, sizeof text);
    int r = gpu_fact(f, &p->v, code, "driver", text, "", "rsmi_version_str_get driver");

    if (r < 0)
        return r;
    code = RSMI_CALL(&p->n, count, &n);
    if (code == 0)
        p->count = n < GPU_MAX ? n : GPU_MAX;
    return gpu_number(f, &p->v, code, "count", n, "", "rsmi_num_monitor_devices");
}

static int add_all(struct probe *p)
{
    const struct facts f = {&p->out->facts, "gpu.amd"};
    int r = put_driver(p, &f);

    for (size_t i = 0; i < p->count && r >= 0; i++) {
        struct gpu_device *d = &p->device[i];

        (void)snprintf(d->scope, sizeof d->scope, "gpu.amd.%zu", i);
        p->handle[i].index = (uint32_t)i;
        d->handle = &p->handle[i];
        r = rsmi_facts(d, &p->v, p->out);
        if (r >= 0)
            r = gpu_declare(d, &p->v, p->out);
    }
    return r;
}

static int rsmi_open(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                     struct err *err)
{
    __attribute__((cleanup(close_ptr))) struct probe *p = calloc(1, sizeof *p);
    const struct facts f = {&out->facts, "gpu.amd"};
    struct err why = {0};
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "ROCm SMI: out of memory");
    p->out = out;
    if (rsmi_load(&p->n, s->root, &why) < 0) {
        r = facts_absent(&f, "rsmi", "%s", why.text);
        if (r >= 0)
            *ret = NULL;
        return r;
    }
    p->v = (struct gpu_vendor){&p->n, rsmi_words, rsmi_meters, rsmi_meter_count, 0};
    r = add_all(p);
    if (r < 0)
        return err_set(err, r, "ROCm SMI: a fact or series was not taken");
    *ret = p->count > 0 ? TAKE(p) : NULL;
    return 0;
}

static int rsmi_sample(struct probe *p, int64_t now_ns)
{
    return gpu_sample(p->device, p->count, &p->v, p->out, &p->turn, now_ns);
}

const struct probe_ops probe_rsmi = {
    .name = "rsmi",
    .open = rsmi_open,
    .sample = rsmi_sample,
    .close = rsmi_close,
};
