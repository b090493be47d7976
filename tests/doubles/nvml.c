/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libnvidia-ml.so.1 with planted values, for tests on machines without a GPU. NVML_DOUBLE in the
 * environment says what it plays, read at nvmlInit_v2: words of
 *   gpus=N            how many (2)
 *   broken            nvmlInit_v2 fails: no driver
 *   denied            per-process information needs permission
 *   bare              GPU 1 supports nothing but its name and its memory
 *   lost=N            GPU 0 is lost from its N-th power reading on
 *   hot=N             GPU 0 slows down for heat from its N-th power reading on
 *   driver=N          the driver answers with another version from GPU 0's N-th power reading on
 *   pid=N             a process that computes on GPU 0
 * GPU 0's total energy grows by 25 J with each power reading of 250 W.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

enum { OK = 0, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6, TOO_SMALL = 7, LOST = 15 };

struct fake {
    int index;
};
static struct fake devices[8];
static long gpus, lost, hot, driver, pid, readings;
static int broken, denied, bare;

static long number(const char *text, const char *name, long otherwise)
{
    const char *at = text ? strstr(text, name) : NULL;

    return at ? strtol(at + strlen(name), NULL, 10) : otherwise;
}

static int word(const char *text, const char *name)
{
    return text && strstr(text, name);
}

/* 0, or why this device answers no such question. */
static int state(const struct fake *d)
{
    if (d->index == 0 && lost && readings >= lost)
        return LOST;
    return d->index == 1 && bare ? NOT_SUPPORTED : OK;
}

static int give(const struct fake *d, unsigned *ret, unsigned value)
{
    const int code = state(d);

    if (code == OK)
        *ret = value;
    return code;
}

static int give_long(const struct fake *d, unsigned long long *ret, unsigned long long value)
{
    const int code = state(d);

    if (code == OK)
        *ret = value;
    return code;
}

static int give_text(char *ret, unsigned size, const char *text)
{
    if (strlen(text) >= size)
        return TOO_SMALL;
    memcpy(ret, text, strlen(text) + 1);
    return OK;
}

API int nvmlInit_v2(void);
API int nvmlInit_v2(void)
{
    const char *text = getenv("NVML_DOUBLE");

    gpus = number(text, "gpus=", 2);
    lost = number(text, "lost=", 0);
    hot = number(text, "hot=", 0);
    driver = number(text, "driver=", 0);
    pid = number(text, "pid=", 0);
    broken = word(text, "broken");
    denied = word(text, "denied");
    bare = word(text, "bare");
    readings = 0;
    return broken ? 9 : OK;
}

API int nvmlShutdown(void);
API int nvmlShutdown(void)
{
    return OK;
}

API const char *nvmlErrorString(int code);
API const char *nvmlErrorString(int code)
{
    return code == NOT_SUPPORTED   ? "Not Supported"
           : code == NO_PERMISSION ? "Insufficient Permissions"
           : code == 9             ? "Driver Not Loaded"
           : code == LOST          ? "GPU is lost"
                                   : "Unknown Error";
}

API int nvmlSystemGetDriverVersion(char *ret, unsigned size);
API int nvmlSystemGetDriverVersion(char *ret, unsigned size)
{
    return give_text(ret, size, driver && readings >= driver ? "551.00.01" : "550.54.15");
}

API int nvmlSystemGetCudaDriverVersion_v2(int *ret);
API int nvmlSystemGetCudaDriverVersion_v2(int *ret)
{
    *ret = 12040;
    return OK;
}

API int nvmlDeviceGetCount_v2(unsigned *ret);
API int nvmlDeviceGetCount_v2(unsigned *ret)
{
    *ret = (unsigned)gpus;
    return OK;
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **ret);
API int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **ret)
{
    if (i >= 8)
        return NOT_FOUND;
    devices[i].index = (int)i;
    *ret = &devices[i];
    return OK;
}

API int nvmlDeviceGetName(void *d, char *ret, unsigned size);
API int nvmlDeviceGetName(void *d, char *ret, unsigned size)
{
    (void)d;
    return give_text(ret, size, "Planted H100 80GB HBM3");
}

API int nvmlDeviceGetUUID(void *d, char *ret, unsigned size);
API int nvmlDeviceGetUUID(void *d, char *ret, unsigned size)
{
    const int code = state(d);

    return code ? code : give_text(ret, size, "GPU-00000000-aaaa-bbbb-cccc-000000000001");
}

API int nvmlDeviceGetVbiosVersion(void *d, char *ret, unsigned size);
API int nvmlDeviceGetVbiosVersion(void *d, char *ret, unsigned size)
{
    const int code = state(d);

    return code ? code : give_text(ret, size, "96.00.74.00.01");
}

struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char text[32];
};
API int nvmlDeviceGetPciInfo_v3(void *d, struct pci *ret);
API int nvmlDeviceGetPciInfo_v3(void *d, struct pci *ret)
{
    if (state(d))
        return state(d);
    (void)snprintf(ret->text, sizeof ret->text, "00000000:0F:00.0");
    return OK;
}

struct memory {
    unsigned long long total, free, used;
};
API int nvmlDeviceGetMemoryInfo(void *d, struct memory *ret);
API int nvmlDeviceGetMemoryInfo(void *d, struct memory *ret)
{
    if (state(d) == LOST)
        return LOST;
    *ret = (struct memory){85899345920, 80530636800, 5368709120};
    return OK;
}

struct rates {
    unsigned gpu, memory;
};
API int nvmlDeviceGetUtilizationRates(void *d, struct rates *ret);
API int nvmlDeviceGetUtilizationRates(void *d, struct rates *ret)
{
    if (state(d))
        return state(d);
    *ret = (struct rates){97, 61};
    return OK;
}

API int nvmlDeviceGetEccMode(void *d, unsigned *now, unsigned *pending);
API int nvmlDeviceGetEccMode(void *d, unsigned *now, unsigned *pending)
{
    *pending = 1;
    return give(d, now, 1);
}

API int nvmlDeviceGetMigMode(void *d, unsigned *now, unsigned *pending);
API int nvmlDeviceGetMigMode(void *d, unsigned *now, unsigned *pending)
{
    *pending = 0;
    return give(d, now, 0);
}

API int nvmlDeviceGetClockInfo(void *d, int type, unsigned *ret);
API int nvmlDeviceGetClockInfo(void *d, int type, unsigned *ret)
{
    return give(d, ret, type == 1 ? 1755 : 2619);
}

API int nvmlDeviceGetMaxClockInfo(void *d, int type, unsigned *ret);
API int nvmlDeviceGetMaxClockInfo(void *d, int type, unsigned *ret)
{
    return give(d, ret, type == 1 ? 1980 : 2619);
}

API int nvmlDeviceGetTemperature(void *d, int sensor, unsigned *ret);
API int nvmlDeviceGetTemperature(void *d, int sensor, unsigned *ret)
{
    return sensor == 0 ? give(d, ret, 64) : NOT_SUPPORTED;
}

API int nvmlDeviceGetPowerUsage(void *d, unsigned *ret);
API int nvmlDeviceGetPowerUsage(void *d, unsigned *ret)
{
    readings += ((struct fake *)d)->index == 0;
    return give(d, ret, 250000);
}

API int nvmlDeviceGetTotalEnergyConsumption(void *d, unsigned long long *ret);
API int nvmlDeviceGetTotalEnergyConsumption(void *d, unsigned long long *ret)
{
    return give_long(d, ret, 1000000 + 25000 * (unsigned long long)readings);
}

/* The name that drivers before R535 have; there is no nvmlDeviceGetCurrentClocksEventReasons. */
API int nvmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *ret);
API int nvmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *ret)
{
    const int slow = ((struct fake *)d)->index == 0 && hot && readings >= hot;

    return give_long(d, ret, slow ? 0x48 : 0x1);
}

API int nvmlDeviceGetTotalEccErrors(void *d, int type, int counter, unsigned long long *ret);
API int nvmlDeviceGetTotalEccErrors(void *d, int type, int counter, unsigned long long *ret)
{
    return counter == 0 ? give_long(d, ret, type == 0 ? 7 : 0) : NOT_SUPPORTED;
}

API int nvmlDeviceGetPcieThroughput(void *d, int counter, unsigned *ret);
API int nvmlDeviceGetPcieThroughput(void *d, int counter, unsigned *ret)
{
    return give(d, ret, counter == 0 ? 1200 : 3400);
}

struct process {
    unsigned pid;
    unsigned long long used;
    unsigned gpu_instance, compute_instance;
};
API int nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned *n, struct process *ret);
API int nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned *n, struct process *ret)
{
    if (denied)
        return NO_PERMISSION;
    if (state(d))
        return state(d);
    *n = 0;
    if (((struct fake *)d)->index == 0 && pid)
        ret[(*n)++] = (struct process){(unsigned)pid, 1 << 30, 0, 0};
    if (((struct fake *)d)->index == 0)
        ret[(*n)++] = (struct process){1, 1 << 30, 0, 0};
    return OK;
}

#define ONE(name, value)                                                                           \
    API int name(void *d, unsigned *ret);                                                          \
    API int name(void *d, unsigned *ret)                                                           \
    {                                                                                              \
        return give(d, ret, value);                                                                \
    }
ONE(nvmlDeviceGetEnforcedPowerLimit, 700000)
ONE(nvmlDeviceGetComputeMode, 0)
ONE(nvmlDeviceGetPersistenceMode, 1)
ONE(nvmlDeviceGetMaxPcieLinkGeneration, 5)
ONE(nvmlDeviceGetMaxPcieLinkWidth, 16)
ONE(nvmlDeviceGetCurrPcieLinkGeneration, 5)
ONE(nvmlDeviceGetCurrPcieLinkWidth, 8)
