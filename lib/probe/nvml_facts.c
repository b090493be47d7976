/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "probe/nvml.h"
#include <stdio.h>
#include <string.h>

enum { TEXT = 96 }; /* NVML_DEVICE_NAME_V2_BUFFER_SIZE and NVML_DEVICE_UUID_V2_BUFFER_SIZE */

struct asked { /* the facts of one device */
    struct facts f;
    const struct gpu_vendor *v;
    const struct nvml *n;
    void *d;
};

static int identity(const struct asked *a)
{
    char name[TEXT] = "", vbios[TEXT] = "";
    struct nvml_pci pci = {0};
    int code = NVML_CALL(a->n, name, a->d, name, sizeof name);
    int r = gpu_fact(&a->f, a->v, code, "name", name, "", "nvmlDeviceGetName");

    if (r < 0)
        return r;
    code = NVML_CALL(a->n, vbios, a->d, vbios, sizeof vbios);
    r = gpu_fact(&a->f, a->v, code, "vbios", vbios, "", "nvmlDeviceGetVbiosVersion");
    if (r < 0)
        return r;
    code = NVML_CALL(a->n, pci, a->d, &pci);
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    return gpu_fact(&a->f, a->v, code, "pci", pci.bus_id, "", "nvmlDeviceGetPciInfo_v3");
}

/* The same card is told again without saying which one it is. */
static int uuid_digest(const struct asked *a)
{
    char uuid[TEXT] = "";
    const int code = NVML_CALL(a->n, uuid, a->d, uuid, sizeof uuid);
    struct digest d;

    uuid[sizeof uuid - 1] = '\0';
    d = digest_of(uuid, strlen(uuid));
    return gpu_fact(&a->f, a->v, code, "uuid.sha256", digest_hex(&d).text, "", "nvmlDeviceGetUUID");
}

static int on_off(const struct asked *a, int code, const char *name, unsigned on,
                  const char *source)
{
    return gpu_fact(&a->f, a->v, code, name, on ? "on" : "off", "", source);
}

static int modes(const struct asked *a)
{
    static const char *const compute[] = {"default", "exclusive thread", "prohibited",
                                          "exclusive process"};
    unsigned now = 0, pending = 0;
    int code = NVML_CALL(a->n, ecc_mode, a->d, &now, &pending);
    int r = on_off(a, code, "ecc", now, "nvmlDeviceGetEccMode");

    if (r < 0)
        return r;
    now = 0;
    code = NVML_CALL(a->n, mig_mode, a->d, &now, &pending);
    r = on_off(a, code, "mig", now, "nvmlDeviceGetMigMode");
    if (r < 0)
        return r;
    now = 0;
    code = NVML_CALL(a->n, persistence, a->d, &now);
    r = on_off(a, code, "persistence", now, "nvmlDeviceGetPersistenceMode");
    if (r < 0)
        return r;
    now = 0;
    code = NVML_CALL(a->n, compute_mode, a->d, &now);
    return gpu_fact(&a->f, a->v, code, "compute_mode",
                    now < COUNT_OF(compute) ? compute[now] : "other", "",
                    "nvmlDeviceGetComputeMode");
}

static int limits(const struct asked *a)
{
    struct nvml_memory m = {0};
    unsigned v = 0;
    int code = NVML_CALL(a->n, memory, a->d, &m);
    int r = gpu_number(&a->f, a->v, code, "memory.total_bytes", (double)m.total, "bytes",
                       "nvmlDeviceGetMemoryInfo");

    if (r < 0)
        return r;
    code = NVML_CALL(a->n, power_limit, a->d, &v);
    r = gpu_number(&a->f, a->v, code, "power.limit", v / 1e3, "W",
                   "nvmlDeviceGetEnforcedPowerLimit");
    if (r < 0)
        return r;
    code = NVML_CALL(a->n, clock_max, a->d, NVML_CLOCK_SM, &v);
    r = gpu_number(&a->f, a->v, code, "clock.sm_max", v * 1e6, "Hz",
                   "nvmlDeviceGetMaxClockInfo SM");
    if (r < 0)
        return r;
    code = NVML_CALL(a->n, clock_max, a->d, NVML_CLOCK_MEM, &v);
    return gpu_number(&a->f, a->v, code, "clock.memory_max", v * 1e6, "Hz",
                      "nvmlDeviceGetMaxClockInfo MEM");
}

static int pcie(const struct asked *a)
{
    unsigned v = 0;
    int code = NVML_CALL(a->n, pcie_gen_max, a->d, &v);
    int r = gpu_number(&a->f, a->v, code, "pcie.generation_max", v, "",
                       "nvmlDeviceGetMaxPcieLinkGeneration");

    if (r < 0)
        return r;
    code = NVML_CALL(a->n, pcie_width_max, a->d, &v);
    return gpu_number(&a->f, a->v, code, "pcie.width_max", v, "", "nvmlDeviceGetMaxPcieLinkWidth");
}

int nvml_facts(const struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out)
{
    static int (*const parts[])(const struct asked *) = {identity, uuid_digest, modes, limits,
                                                         pcie};
    const struct asked a = {{&out->facts, d->scope}, v, v->library, d->handle};
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(parts) && r >= 0; i++)
        r = parts[i](&a);
    return r;
}
