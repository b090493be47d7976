/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libcupti.so with planted records: each flush hands over a buffer with 3 launches of gemm on 64
 * blocks, 2 of a kernel of Inductor's within a graph, and one launch of a graph. CUPTI_DOUBLE in
 * the environment: "broken": nothing can be enabled; "starved": the buffers are held back until
 * none is left, which the last flush's count of dropped records tells.
 */
#include <cupti.h>
#include <stdlib.h>
#include <string.h>

static CUpti_BuffersCallbackRequestFunc request;
static CUpti_BuffersCallbackCompleteFunc complete;
static const size_t sizes[] = {sizeof(CUpti_ActivityKernel9), sizeof(CUpti_ActivityAPI)};
static size_t dropped;
static int graphs;

static int plays(const char *word)
{
    const char *text = getenv("CUPTI_DOUBLE");

    return text && strstr(text, word);
}

CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc r,
                                           CUpti_BuffersCallbackCompleteFunc c)
{
    request = r;
    complete = c;
    return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind)
{
    return kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL && !plays("broken") ? CUPTI_SUCCESS
                                                                             : CUPTI_ERROR_UNKNOWN;
}

CUptiResult cuptiActivityEnableDriverApi(CUpti_CallbackId cbid, uint8_t on)
{
    graphs |= cbid == CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch && on;
    return CUPTI_SUCCESS;
}

CUptiResult cuptiGetResultString(CUptiResult r, const char **text)
{
    *text = r == CUPTI_ERROR_UNKNOWN ? "CUPTI_ERROR_UNKNOWN" : "CUPTI_SUCCESS";
    return CUPTI_SUCCESS;
}

static uint8_t *kernel(uint8_t *at, const char *name, uint32_t graph)
{
    const CUpti_ActivityKernel9 k = {.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                     .start = 1000,
                                     .end = 3000,
                                     .gridX = 8,
                                     .gridY = 4,
                                     .gridZ = 2,
                                     .name = name,
                                     .graphId = graph};

    memcpy(at, &k, sizeof k);
    return at + sizeof k;
}

static uint8_t *launch_of_graph(uint8_t *at)
{
    const CUpti_ActivityAPI call = {.kind = CUPTI_ACTIVITY_KIND_DRIVER,
                                    .cbid = CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch};

    memcpy(at, &call, sizeof call);
    return at + sizeof call;
}

CUptiResult cuptiActivityFlushAll(uint32_t flag)
{
    uint8_t *buffer = NULL, *at;
    size_t size = 0, most = 0;

    (void)flag;
    for (int i = 0; i < 64 && plays("starved"); i++) {
        request(&buffer, &size, &most);
        if (!buffer) {
            dropped += 6;
            return CUPTI_SUCCESS;
        }
    }
    request(&buffer, &size, &most);
    if (!buffer)
        return CUPTI_SUCCESS;
    at = buffer;
    for (int i = 0; i < 3; i++)
        at = kernel(at, "gemm", 0);
    for (int i = 0; i < 2; i++)
        at = kernel(at, "triton_poi_fused_add_0", 7);
    if (graphs)
        at = launch_of_graph(at);
    complete(NULL, 0, buffer, size, (size_t)(at - buffer));
    return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, CUpti_Activity **record)
{
    uint8_t *next = buffer;

    if (*record)
        next = (uint8_t *)*record + sizes[(*record)->kind == CUPTI_ACTIVITY_KIND_DRIVER];
    if (next >= buffer + valid)
        return CUPTI_ERROR_MAX_LIMIT_REACHED;
    *record = (CUpti_Activity *)(void *)next;
    return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext context, uint32_t stream, size_t *n)
{
    (void)context;
    (void)stream;
    *n = dropped;
    dropped = 0;
    return CUPTI_SUCCESS;
}
