/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/nvml_api.h - the part of NVIDIA's management library that we call, declared by us from
 * its documented interface ("NVML API Reference Guide", vR550, sections 2.2, 2.16, 2.17, 4.1, 4.2,
 * 4.31): no header of theirs is needed at build. All of these are versioned symbols or have kept
 * their meaning since R450; one that a driver lacks is NULL. Private to probe.
 */
#pragma once
#include "base/base.h"

enum nvml_return { NVML_SUCCESS = 0, NVML_FUNCTION_NOT_FOUND = 13, NVML_GPU_IS_LOST = 15 };
enum { NVML_CLOCK_SM = 1, NVML_CLOCK_MEM = 2 };
enum { NVML_PCIE_TX = 0, NVML_PCIE_RX = 1 };
enum { NVML_ECC_CORRECTED = 0, NVML_ECC_UNCORRECTED = 1, NVML_ECC_VOLATILE = 0 };
enum { NVML_TEMPERATURE_GPU = 0 };

struct nvml_pci { /* nvmlPciInfo_t, of ..._v3 */
    char legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};
struct nvml_memory { /* nvmlMemory_t */
    unsigned long long total, free, used;
};
struct nvml_rates { /* nvmlUtilization_t */
    unsigned gpu, memory;
};
struct nvml_process { /* nvmlProcessInfo_t, of ..._v3 */
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
};

/* X(field, symbol, parameters): int field(parameters), an nvml_return. */
#define NVML_CALLS(X)                                                                              \
    X(init, "nvmlInit_v2", (void))                                                                 \
    X(shutdown, "nvmlShutdown", (void))                                                            \
    X(driver, "nvmlSystemGetDriverVersion", (char *, unsigned))                                    \
    X(cuda, "nvmlSystemGetCudaDriverVersion_v2", (int *))                                          \
    X(count, "nvmlDeviceGetCount_v2", (unsigned *))                                                \
    X(handle, "nvmlDeviceGetHandleByIndex_v2", (unsigned, void **))                                \
    X(name, "nvmlDeviceGetName", (void *, char *, unsigned))                                       \
    X(uuid, "nvmlDeviceGetUUID", (void *, char *, unsigned))                                       \
    X(vbios, "nvmlDeviceGetVbiosVersion", (void *, char *, unsigned))                              \
    X(pci, "nvmlDeviceGetPciInfo_v3", (void *, struct nvml_pci *))                                 \
    X(memory, "nvmlDeviceGetMemoryInfo", (void *, struct nvml_memory *))                           \
    X(power_limit, "nvmlDeviceGetEnforcedPowerLimit", (void *, unsigned *))                        \
    X(ecc_mode, "nvmlDeviceGetEccMode", (void *, unsigned *, unsigned *))                          \
    X(mig_mode, "nvmlDeviceGetMigMode", (void *, unsigned *, unsigned *))                          \
    X(compute_mode, "nvmlDeviceGetComputeMode", (void *, unsigned *))                              \
    X(persistence, "nvmlDeviceGetPersistenceMode", (void *, unsigned *))                           \
    X(pcie_gen_max, "nvmlDeviceGetMaxPcieLinkGeneration", (void *, unsigned *))                    \
    X(pcie_width_max, "nvmlDeviceGetMaxPcieLinkWidth", (void *, unsigned *))                       \
    X(pcie_gen, "nvmlDeviceGetCurrPcieLinkGeneration", (void *, unsigned *))                       \
    X(pcie_width, "nvmlDeviceGetCurrPcieLinkWidth", (void *, unsigned *))                          \
    X(pcie_throughput, "nvmlDeviceGetPcieThroughput", (void *, int, unsigned *))                   \
    X(clock_max, "nvmlDeviceGetMaxClockInfo", (void *, int, unsigned *))                           \
    X(clock, "nvmlDeviceGetClockInfo", (void *, int, unsigned *))                                  \
    X(rates, "nvmlDeviceGetUtilizationRates", (void *, struct nvml_rates *))                       \
    X(events, "nvmlDeviceGetCurrentClocksEventReasons", (void *, unsigned long long *))            \
    X(throttle, "nvmlDeviceGetCurrentClocksThrottleReasons", (void *, unsigned long long *))       \
    X(temperature, "nvmlDeviceGetTemperature", (void *, int, unsigned *))                          \
    X(power, "nvmlDeviceGetPowerUsage", (void *, unsigned *))                                      \
    X(energy, "nvmlDeviceGetTotalEnergyConsumption", (void *, unsigned long long *))               \
    X(ecc_errors, "nvmlDeviceGetTotalEccErrors", (void *, int, int, unsigned long long *))         \
    X(processes, "nvmlDeviceGetComputeRunningProcesses_v3",                                        \
      (void *, unsigned *, struct nvml_process *))

struct nvml {
    void *library;
    const char *(*error_string)(int code);
#define NVML_FIELD(field, symbol, parameters) int(*field) parameters;
    NVML_CALLS(NVML_FIELD)
#undef NVML_FIELD
};

/* A driver that lacks the function answers like one that doesn't support it. */
#define NVML_CALL(n, field, ...) ((n)->field ? (n)->field(__VA_ARGS__) : NVML_FUNCTION_NOT_FOUND)

/* Loads @path and initialises it. -ENOENT: no such library, -EIO: it does not work; the reason is
 * in @err. */
NODISCARD int nvml_load(struct nvml *ret, const char *path, struct err *err);
void nvml_unload(struct nvml *n);
/* The library's words for a return code; never NULL. */
const char *nvml_words(const struct nvml *n, int code);
