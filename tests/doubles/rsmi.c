/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A librocm_smi64.so with planted values, for tests on machines without a GPU. RSMI_DOUBLE in the
 * environment, read at rsmi_init: "none": no devices; "broken": rsmi_init fails; "old": the power
 * is known as an average only, and there is no energy counter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

enum { OK = 0, NOT_SUPPORTED = 2, INIT_ERROR = 8 };

static int old, none;
static uint64_t counts;

API int rsmi_init(uint64_t flags);
API int rsmi_init(uint64_t flags)
{
    const char *text = getenv("RSMI_DOUBLE");

    (void)flags;
    old = text && strstr(text, "old");
    none = text && strstr(text, "none");
    counts = 1000;
    return text && strstr(text, "broken") ? INIT_ERROR : OK;
}

API int rsmi_shut_down(void);
API int rsmi_shut_down(void)
{
    return OK;
}

API int rsmi_status_string(int code, const char **ret);
API int rsmi_status_string(int code, const char **ret)
{
    *ret = code == NOT_SUPPORTED ? "RSMI_STATUS_NOT_SUPPORTED" : "RSMI_STATUS_INIT_ERROR";
    return OK;
}

API int rsmi_version_str_get(int component, char *ret, uint32_t size);
API int rsmi_version_str_get(int component, char *ret, uint32_t size)
{
    (void)component;
    strncpy(ret, "6.8.5", size - 1);
    return OK;
}

API int rsmi_num_monitor_devices(uint32_t *ret);
API int rsmi_num_monitor_devices(uint32_t *ret)
{
    *ret = none ? 0 : 1;
    return OK;
}

API int rsmi_dev_name_get(uint32_t i, char *ret, size_t size);
API int rsmi_dev_name_get(uint32_t i, char *ret, size_t size)
{
    (void)i;
    strncpy(ret, "Planted MI300X", size - 1);
    return OK;
}

API int rsmi_dev_unique_id_get(uint32_t i, uint64_t *ret);
API int rsmi_dev_unique_id_get(uint32_t i, uint64_t *ret)
{
    *ret = 4711 + i;
    return OK;
}

API int rsmi_dev_pci_id_get(uint32_t i, uint64_t *ret);
API int rsmi_dev_pci_id_get(uint32_t i, uint64_t *ret)
{
    *ret = 0x0c << 8 | i << 3;
    return OK;
}

API int rsmi_dev_memory_total_get(uint32_t i, int type, uint64_t *ret);
API int rsmi_dev_memory_total_get(uint32_t i, int type, uint64_t *ret)
{
    (void)i;
    *ret = 206141652992;
    return type == 0 ? OK : NOT_SUPPORTED;
}

API int rsmi_dev_memory_usage_get(uint32_t i, int type, uint64_t *ret);
API int rsmi_dev_memory_usage_get(uint32_t i, int type, uint64_t *ret)
{
    (void)i;
    *ret = 1048576;
    return type == 0 ? OK : NOT_SUPPORTED;
}

API int rsmi_dev_busy_percent_get(uint32_t i, uint32_t *ret);
API int rsmi_dev_busy_percent_get(uint32_t i, uint32_t *ret)
{
    (void)i;
    *ret = 42;
    return OK;
}

API int rsmi_dev_power_ave_get(uint32_t i, uint32_t sensor, uint64_t *ret);
API int rsmi_dev_power_ave_get(uint32_t i, uint32_t sensor, uint64_t *ret)
{
    (void)i;
    *ret = 120000000;
    return old && sensor == 0 ? OK : NOT_SUPPORTED;
}

API int rsmi_dev_current_socket_power_get(uint32_t i, uint64_t *ret);
API int rsmi_dev_current_socket_power_get(uint32_t i, uint64_t *ret)
{
    (void)i;
    *ret = 310000000;
    return old ? NOT_SUPPORTED : OK;
}

API int rsmi_dev_power_cap_get(uint32_t i, uint32_t sensor, uint64_t *ret);
API int rsmi_dev_power_cap_get(uint32_t i, uint32_t sensor, uint64_t *ret)
{
    (void)i;
    *ret = 750000000;
    return sensor == 0 ? OK : NOT_SUPPORTED;
}

API int rsmi_dev_energy_count_get(uint32_t i, uint64_t *ret, float *uj, uint64_t *stamp);
API int rsmi_dev_energy_count_get(uint32_t i, uint64_t *ret, float *uj, uint64_t *stamp)
{
    (void)i;
    if (old)
        return NOT_SUPPORTED;
    counts += 2000000;
    *ret = counts;
    *uj = 15.25f;
    *stamp = 0;
    return OK;
}

API int rsmi_dev_temp_metric_get(uint32_t i, uint32_t sensor, int metric, int64_t *ret);
API int rsmi_dev_temp_metric_get(uint32_t i, uint32_t sensor, int metric, int64_t *ret)
{
    (void)i;
    *ret = 55000 + 1000 * (int64_t)sensor;
    return metric == 0 && sensor < 2 ? OK : NOT_SUPPORTED;
}
