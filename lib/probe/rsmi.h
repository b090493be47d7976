/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/rsmi.h - AMD GPUs by the ROCm System Management Interface; private to probe. What we
 * call of it is declared by us from its documented interface (rocm_smi.h of ROCm 5.2 to 6.4), and
 * is only what takes integers and texts: structs, rsmi_frequencies_t among them, changed their
 * layout between its releases. So clocks come from the driver's own files (amdgpu's hwmon, "freq1"
 * the graphics and "freq2" the memory clock, in Hz).
 */
#pragma once
#include "probe/gpu.h"

/* X(field, symbol, parameters): int field(parameters), an rsmi_status_t. */
#define RSMI_CALLS(X)                                                                              \
    X(init, "rsmi_init", (uint64_t))                                                               \
    X(shut_down, "rsmi_shut_down", (void))                                                         \
    X(status_string, "rsmi_status_string", (int, const char **))                                   \
    X(version, "rsmi_version_str_get", (int, char *, uint32_t))                                    \
    X(count, "rsmi_num_monitor_devices", (uint32_t *))                                             \
    X(name, "rsmi_dev_name_get", (uint32_t, char *, size_t))                                       \
    X(unique_id, "rsmi_dev_unique_id_get", (uint32_t, uint64_t *))                                 \
    X(pci, "rsmi_dev_pci_id_get", (uint32_t, uint64_t *))                                          \
    X(vbios, "rsmi_dev_vbios_version_get", (uint32_t, char *, uint32_t))                           \
    X(memory_total, "rsmi_dev_memory_total_get", (uint32_t, int, uint64_t *))                      \
    X(memory_used, "rsmi_dev_memory_usage_get", (uint32_t, int, uint64_t *))                       \
    X(busy, "rsmi_dev_busy_percent_get", (uint32_t, uint32_t *))                                   \
    X(memory_busy, "rsmi_dev_memory_busy_percent_get", (uint32_t, uint32_t *))                     \
    X(power_average, "rsmi_dev_power_ave_get", (uint32_t, uint32_t, uint64_t *))                   \
    X(power_socket, "rsmi_dev_current_socket_power_get", (uint32_t, uint64_t *))                   \
    X(power_cap, "rsmi_dev_power_cap_get", (uint32_t, uint32_t, uint64_t *))                       \
    X(energy, "rsmi_dev_energy_count_get", (uint32_t, uint64_t *, float *, uint64_t *))            \
    X(temperature, "rsmi_dev_temp_metric_get", (uint32_t, uint32_t, int, int64_t *))

struct rsmi {
    void *library;
    const char *root;
#define RSMI_FIELD(field, symbol, parameters) int(*field) parameters;
    RSMI_CALLS(RSMI_FIELD)
#undef RSMI_FIELD
};

enum { RSMI_NOT_SUPPORTED = 2, RSMI_NO_FILE = 3 };
enum { RSMI_VRAM = 0, RSMI_DRIVER = 0, RSMI_TEMPERATURE_NOW = 0 };
enum { RSMI_EDGE, RSMI_JUNCTION, RSMI_MEMORY };
#define RSMI_CALL(n, field, ...) ((n)->field ? (n)->field(__VA_ARGS__) : RSMI_NOT_SUPPORTED)

/* As nvml_load(); tries the names that ROCm's releases gave it. */
NODISCARD int rsmi_load(struct rsmi *ret, const char *root, struct err *err);
void rsmi_unload(struct rsmi *n);
const char *rsmi_words(const void *library, int code);

/* A device of this library is a number; a handle of ours points to one of these. */
struct rsmi_device {
    uint32_t index;
    uint64_t pci; /* domain << 32 | bus << 8 | device << 3 | function */
};

extern const struct gpu_meter rsmi_meters[];
extern const size_t rsmi_meter_count;
int rsmi_facts(const struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out);

extern const struct probe_ops probe_rsmi;
