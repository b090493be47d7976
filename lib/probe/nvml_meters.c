/* SPDX-License-Identifier: Apache-2.0 */
/* NVML counts in MHz, mW, mJ and kB/s; what is put is in units without a prefix. */
#include "probe/nvml.h"

static int use_gpu(const void *n, void *d, double *ret)
{
    struct nvml_rates u = {0};
    const int code = NVML_CALL((const struct nvml *)n, rates, d, &u);

    *ret = u.gpu / 100.0;
    return code;
}

static int use_memory(const void *n, void *d, double *ret)
{
    struct nvml_rates u = {0};
    const int code = NVML_CALL((const struct nvml *)n, rates, d, &u);

    *ret = u.memory / 100.0;
    return code;
}

static int memory_used(const void *n, void *d, double *ret)
{
    struct nvml_memory m = {0};
    const int code = NVML_CALL((const struct nvml *)n, memory, d, &m);

    *ret = (double)m.used;
    return code;
}

static int mhz(const struct nvml *n, void *d, int clock, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL(n, clock, d, clock, &v);

    *ret = v * 1e6;
    return code;
}

static int clock_sm(const void *n, void *d, double *ret)
{
    return mhz(n, d, NVML_CLOCK_SM, ret);
}

static int clock_memory(const void *n, void *d, double *ret)
{
    return mhz(n, d, NVML_CLOCK_MEM, ret);
}

static int temperature(const void *n, void *d, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL((const struct nvml *)n, temperature, d, NVML_TEMPERATURE_GPU, &v);

    *ret = v;
    return code;
}

static int power(const void *n, void *d, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL((const struct nvml *)n, power, d, &v);

    *ret = v / 1e3;
    return code;
}

static int energy(const void *n, void *d, double *ret)
{
    unsigned long long v = 0;
    const int code = NVML_CALL((const struct nvml *)n, energy, d, &v);

    *ret = (double)v / 1e3;
    return code;
}

static int ecc(const struct nvml *n, void *d, int type, double *ret)
{
    unsigned long long v = 0;
    const int code = NVML_CALL(n, ecc_errors, d, type, NVML_ECC_VOLATILE, &v);

    *ret = (double)v;
    return code;
}

static int ecc_corrected(const void *n, void *d, double *ret)
{
    return ecc(n, d, NVML_ECC_CORRECTED, ret);
}

static int ecc_uncorrected(const void *n, void *d, double *ret)
{
    return ecc(n, d, NVML_ECC_UNCORRECTED, ret);
}

static int throughput(const struct nvml *n, void *d, int counter, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL(n, pcie_throughput, d, counter, &v);

    *ret = v * 1e3;
    return code;
}

static int pcie_sent(const void *n, void *d, double *ret)
{
    return throughput(n, d, NVML_PCIE_TX, ret);
}

static int pcie_received(const void *n, void *d, double *ret)
{
    return throughput(n, d, NVML_PCIE_RX, ret);
}

static int pcie_generation(const void *n, void *d, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL((const struct nvml *)n, pcie_gen, d, &v);

    *ret = v;
    return code;
}

static int pcie_width(const void *n, void *d, double *ret)
{
    unsigned v = 0;
    const int code = NVML_CALL((const struct nvml *)n, pcie_width, d, &v);

    *ret = v;
    return code;
}

/* The two throughputs take 20 ms a call: the driver counts for that long. */
const struct gpu_meter nvml_meters[] = {
    {"use.compute", "1", "nvmlDeviceGetUtilizationRates gpu", use_gpu, false, false},
    {"use.memory", "1", "nvmlDeviceGetUtilizationRates memory", use_memory, false, false},
    {"memory.used_bytes", "bytes", "nvmlDeviceGetMemoryInfo", memory_used, false, false},
    {"clock.sm", "Hz", "nvmlDeviceGetClockInfo SM", clock_sm, false, false},
    {"clock.memory", "Hz", "nvmlDeviceGetClockInfo MEM", clock_memory, false, false},
    {"temperature", "celsius", "nvmlDeviceGetTemperature", temperature, false, false},
    {"power", "W", "nvmlDeviceGetPowerUsage", power, false, false},
    {"energy", "J", "nvmlDeviceGetTotalEnergyConsumption", energy, true, false},
    {"ecc.corrected", "1", "nvmlDeviceGetTotalEccErrors corrected, volatile", ecc_corrected, true,
     false},
    {"ecc.uncorrected", "1", "nvmlDeviceGetTotalEccErrors uncorrected, volatile", ecc_uncorrected,
     true, false},
    {"pcie.generation", "1", "nvmlDeviceGetCurrPcieLinkGeneration", pcie_generation, false, false},
    {"pcie.width", "1", "nvmlDeviceGetCurrPcieLinkWidth", pcie_width, false, false},
    {"pcie.sent", "bytes/s", "nvmlDeviceGetPcieThroughput TX", pcie_sent, false, true},
    {"pcie.received", "bytes/s", "nvmlDeviceGetPcieThroughput RX", pcie_received, false, true},
};
const size_t nvml_meter_count = COUNT_OF(nvml_meters);
