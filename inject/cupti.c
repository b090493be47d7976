/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libasrun-cupti.so: the driver loads it into a CUDA process that has CUDA_INJECTION64_PATH in its
 * environment, and calls InitializeInjection(). It counts kernels by CUPTI's Activity API and
 * leaves the counts in the folder that ASRUN_KERNELS names (collect.h). Whatever fails, the process
 * goes on.
 *
 * CUPTI is opened at run time: the one that the process has already (PyTorch brings its own), else
 * one that the loader finds, else what ASRUN_CUPTI names. A record of CUDA 12 begins as one of
 * CUDA 13 does, so that the fields read here are at the same place in both.
 */
#include "collect.h"
#include <cupti.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFERS = 16, BUFFER_BYTES = 1 << 20, BUFFER_ALIGN = 64 };

#define CALLS(X)                                                                                   \
    X(cuptiActivityRegisterCallbacks)                                                              \
    X(cuptiActivityEnable)                                                                         \
    X(cuptiActivityFlushAll)                                                                       \
    X(cuptiActivityGetNextRecord)                                                                  \
    X(cuptiActivityGetNumDroppedRecords)                                                           \
    X(cuptiGetResultString)

static struct {
    void *library;
    __typeof__(&cuptiActivityEnableDriverApi)
        enable_driver_api; /* newer than the others: may be NULL */
#define FIELD(f) __typeof__(&f) f;
    CALLS(FIELD)
#undef FIELD
} cupti;

static struct { /* a fixed pool: what finds no buffer is dropped by CUPTI, and counted */
    pthread_mutex_t lock;
    uint8_t *memory;
    bool taken[BUFFERS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void CUPTIAPI requested(uint8_t **buffer, size_t *size, size_t *max_records)
{
    *buffer = NULL;
    *size = 0;
    *max_records = 0;
    (void)pthread_mutex_lock(&pool.lock);
    for (int i = 0; i < BUFFERS && !*buffer; i++)
        if (!pool.taken[i]) {
            pool.taken[i] = true;
            *buffer = pool.memory + (size_t)i * BUFFER_BYTES;
            *size = BUFFER_BYTES;
        }
    (void)pthread_mutex_unlock(&pool.lock);
}

static void give_back(const uint8_t *buffer)
{
    (void)pthread_mutex_lock(&pool.lock);
    pool.taken[(size_t)(buffer - pool.memory) / BUFFER_BYTES] = false;
    (void)pthread_mutex_unlock(&pool.lock);
}

static void count_kernel(const CUpti_ActivityKernel9 *k)
{
    collect_kernel(k->name, (uint64_t)k->gridX * (uint64_t)k->gridY * (uint64_t)k->gridZ,
                   (int64_t)(k->end - k->start), k->graphId != 0);
}

static void count_call(const CUpti_ActivityAPI *call)
{
    if (call->cbid == CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch ||
        call->cbid == CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch_ptsz)
        collect_graph_launch();
}

static void count_record(const CUpti_Activity *record)
{
    if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL)
        count_kernel((const void *)record);
    else if (record->kind == CUPTI_ACTIVITY_KIND_DRIVER)
        count_call((const void *)record);
}

static void CUPTIAPI completed(CUcontext context, uint32_t stream, uint8_t *buffer, size_t size,
                               size_t valid)
{
    CUpti_Activity *record = NULL;
    size_t dropped = 0;

    (void)size;
    if (!buffer)
        return;
    while (valid > 0 && cupti.cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS)
        count_record(record);
    if (cupti.cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS)
        collect_dropped(dropped);
    give_back(buffer);
}

static void flush(bool last)
{
    if (cupti.cuptiActivityFlushAll)
        (void)cupti.cuptiActivityFlushAll(last ? CUPTI_ACTIVITY_FLAG_FLUSH_FORCED : 0);
}

static void *open_any(int flags)
{
    static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so"};
    void *library = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && !library; i++)
        library = dlopen(names[i], RTLD_NOW | flags);
    return library;
}

static const char *load(void)
{
    const char *named = getenv("ASRUN_CUPTI");
    void *library = named ? dlopen(named, RTLD_NOW) : open_any(RTLD_NOLOAD);
    void *p;

    if (!library && !named)
        library = open_any(0);
    if (!library)
        return "no CUPTI: neither this process nor the loader has a libcupti.so";
#define FIND(f)                                                                                    \
    p = dlsym(library, #f);                                                                        \
    memcpy(&cupti.f, &p, sizeof p);                                                                \
    if (!p)                                                                                        \
        return "this CUPTI has no " #f;
    CALLS(FIND)
#undef FIND
    p = dlsym(library, "cuptiActivityEnableDriverApi");
    memcpy(&cupti.enable_driver_api, &p, sizeof p);
    return NULL;
}

static const char *words(CUptiResult r)
{
    const char *text = NULL;

    (void)cupti.cuptiGetResultString(r, &text);
    return text ? text : "an error without words";
}

/* NULL, or what failed; *@r then says why. */
static const char *enable(CUptiResult *r)
{
    *r = cupti.cuptiActivityRegisterCallbacks(requested, completed);
    if (*r != CUPTI_SUCCESS)
        return "cuptiActivityRegisterCallbacks";
    *r = cupti.cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    if (*r != CUPTI_SUCCESS)
        return "cuptiActivityEnable";
    if (cupti.enable_driver_api &&
        cupti.enable_driver_api(CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch, 1) == CUPTI_SUCCESS &&
        cupti.enable_driver_api(CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch_ptsz, 1) == CUPTI_SUCCESS)
        collect_graphs_counted();
    return NULL;
}

static void begin(void)
{
    const char *failed = load();
    CUptiResult r = CUPTI_SUCCESS;
    char text[160];

    if (failed) {
        collect_error(failed);
        return;
    }
    failed = enable(&r);
    if (failed) {
        (void)snprintf(text, sizeof text, "%s: %s", failed, words(r));
        collect_error(text);
    }
}

__attribute__((visibility("default"))) int InitializeInjection(void);
__attribute__((visibility("default"))) int InitializeInjection(void)
{
    const char *folder = getenv("ASRUN_KERNELS");

    if (!folder || folder[0] == '\0')
        return 1;
    pool.memory = aligned_alloc(BUFFER_ALIGN, (size_t)BUFFERS * BUFFER_BYTES);
    if (pool.memory && collect_open(folder)) {
        begin();
        (void)collect_start(flush);
    }
    return 1;
}
