/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/nvml.h - the parts of the probe "nvml"; private to probe. */
#pragma once
#include "probe/gpu.h"
#include "probe/nvml_api.h"
#include <sys/types.h>

enum { NVML_REASONS_MAX = 16 };

/* The numbers over time: use, memory, clocks, temperature, power, energy, ECC, PCIe. */
extern const struct gpu_meter nvml_meters[];
extern const size_t nvml_meter_count;

/* What a GPU is and how it is set. Returns 0, or what the sink returned. */
int nvml_facts(const struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out);

/* Why clocks are what they are: a series of 0 and 1 for each named reason. */
struct nvml_reasons {
    bool there;
    uint32_t id[NVML_REASONS_MAX];
    unsigned long long on;   /* as of the last sample */
    unsigned long long said; /* remarked in this phase */
};
int nvml_reasons_declare(struct nvml_reasons *r, const struct gpu_device *d,
                         const struct gpu_vendor *v, const struct probe_out *out);
/* A reason that goes on is a remark, once a phase; idling is none. */
int nvml_reasons_sample(struct nvml_reasons *r, const struct gpu_device *d,
                        const struct gpu_vendor *v, const struct probe_out *out, int64_t now_ns);

/* Who the engine is now: one that restarted is who listens. */
struct nvml_engine {
    pid_t pid;            /* 0: nobody, or not known */
    uint64_t start_ticks; /* 0: not known */
    int64_t seek_ns;      /* not again before */
};
void nvml_engine_init(struct nvml_engine *e, const struct probe_setup *s);
void nvml_engine_refresh(struct nvml_engine *e, const struct probe_setup *s, int64_t now_ns);

/* Whose processes compute on a GPU. */
struct nvml_tenants {
    bool there, with_engine;
    uint32_t count_id, engine_id;
};
int nvml_tenants_declare(struct nvml_tenants *t, const struct gpu_device *d,
                         const struct gpu_vendor *v, const struct probe_setup *s,
                         const struct probe_out *out);
/* Of the engine there is no row while nobody is it. */
void nvml_tenants_sample(const struct nvml_tenants *t, const struct gpu_device *d,
                         const struct gpu_vendor *v, const char *root, const struct nvml_engine *e,
                         const struct probe_out *out, int64_t now_ns);
/* Whether @pid is @ancestor or below it, by @root/proc. */
bool nvml_below(const char *root, int64_t pid, int64_t ancestor);

extern const struct probe_ops probe_nvml;
