/* SPDX-License-Identifier: Apache-2.0 */
/* The library counts in percent, uW, uJ and thousandths of a degree. */
#include "base/fs.h"
#include "probe/rsmi.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t index_of(const void *device)
{
    return ((const struct rsmi_device *)device)->index;
}

static int use_gpu(const void *n, void *d, double *ret)
{
    uint32_t v = 0;
    const int code = RSMI_CALL((const struct rsmi *)n, busy, index_of(d), &v);

    *ret = v / 100.0;
    return code;
}

static int use_memory(const void *n, void *d, double *ret)
{
    uint32_t v = 0;
    const int code = RSMI_CALL((const struct rsmi *)n, memory_busy, index_of(d), &v);

    *ret = v / 100.0;
    return code;
}

static int memory_used(const void *n, void *d, double *ret)
{
    uint64_t v = 0;
    const int code = RSMI_CALL((const struct rsmi *)n, memory_used, index_of(d), RSMI_VRAM, &v);

    *ret = (double)v;
    return code;
}

/* Newer cards tell the socket's power, older ones the average of the board's. */
static int power(const void *library, void *d, double *ret)
{
    const struct rsmi *n = library;
    uint64_t v = 0;
    int code = RSMI_CALL(n, power_socket, index_of(d), &v);

    if (code != 0)
        code = RSMI_CALL(n, power_average, index_of(d), 0, &v);
    *ret = (double)v / 1e6;
    return code;
}

static int energy(const void *n, void *d, double *ret)
{
    uint64_t v = 0, stamp = 0;
    float resolution = 0; /* uJ of one count */
    const int code =
        RSMI_CALL((const struct rsmi *)n, energy, index_of(d), &v, &resolution, &stamp);

    *ret = (double)v * (double)resolution / 1e6;
    return code;
}

static int degrees(const struct rsmi *n, const void *d, uint32_t sensor, double *ret)
{
    int64_t v = 0;
    const int code = RSMI_CALL(n, temperature, index_of(d), sensor, RSMI_TEMPERATURE_NOW, &v);

    *ret = (double)v / 1e3;
    return code;
}

static int edge(const void *n, void *d, double *ret)
{
    return degrees(n, d, RSMI_EDGE, ret);
}

static int junction(const void *n, void *d, double *ret)
{
    return degrees(n, d, RSMI_JUNCTION, ret);
}

static int memory_temperature(const void *n, void *d, double *ret)
{
    return degrees(n, d, RSMI_MEMORY, ret);
}

static int read_number(const char *path, double *ret)
{
    char text[64], *end;

    if (fs_read_line(text, sizeof text, path) < 0)
        return RSMI_NO_FILE;
    *ret = strtod(text, &end);
    return end != text && *end == '\0' ? 0 : RSMI_NO_FILE;
}

/* @file of the card's only hwmon folder, whose number is anybody's guess. */
static int hwmon(const struct rsmi *n, const struct rsmi_device *d, const char *file, double *ret)
{
    char path[640], folder[512];
    int code = RSMI_NO_FILE;
    struct dirent *e;
    DIR *dir;

    (void)snprintf(folder, sizeof folder, "%s/sys/bus/pci/devices/%04x:%02x:%02x.%x/hwmon", n->root,
                   (unsigned)(d->pci >> 32), (unsigned)(d->pci >> 8 & 0xff),
                   (unsigned)(d->pci >> 3 & 0x1f), (unsigned)(d->pci & 7));
    dir = opendir(folder);
    if (!dir)
        return code;
    while (code != 0 && (e = readdir(dir)) != NULL) {
        if (strncmp(e->d_name, "hwmon", 5) != 0 || strlen(e->d_name) > 16)
            continue;
        (void)snprintf(path, sizeof path, "%s/%.16s/%s", folder, e->d_name, file);
        code = read_number(path, ret);
    }
    (void)closedir(dir);
    return code;
}

static int clock_graphics(const void *n, void *d, double *ret)
{
    return hwmon(n, d, "freq1_input", ret);
}

static int clock_memory(const void *n, void *d, double *ret)
{
    return hwmon(n, d, "freq2_input", ret);
}

const struct gpu_meter rsmi_meters[] = {
    {"use.compute", "1", "rsmi_dev_busy_percent_get", use_gpu, false, false},
    {"use.memory", "1", "rsmi_dev_memory_busy_percent_get", use_memory, false, false},
    {"memory.used_bytes", "bytes", "rsmi_dev_memory_usage_get VRAM", memory_used, false, false},
    {"clock.sm", "Hz", "amdgpu hwmon freq1_input", clock_graphics, false, false},
    {"clock.memory", "Hz", "amdgpu hwmon freq2_input", clock_memory, false, false},
    {"temperature", "celsius", "rsmi_dev_temp_metric_get edge", edge, false, false},
    {"temperature.junction", "celsius", "rsmi_dev_temp_metric_get junction", junction, false,
     false},
    {"temperature.memory", "celsius", "rsmi_dev_temp_metric_get memory", memory_temperature, false,
     false},
    {"power", "W", "rsmi_dev_current_socket_power_get, rsmi_dev_power_ave_get", power, false,
     false},
    {"energy", "J", "rsmi_dev_energy_count_get", energy, true, false},
};
const size_t rsmi_meter_count = COUNT_OF(rsmi_meters);
