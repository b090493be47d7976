/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/cupti.h - what the engine's processes launched on their GPUs, from the texts that
 * libasrun-cupti.so leaves in a folder (record/kernels.h); private to probe.
 */
#pragma once
#include "probe/ops.h"
#include "record/kernels.h"

enum { CUPTI_PROCESSES_MAX = 32 };

struct cupti_process { /* one text */
    char file[64];
    bool read_before;
    struct kernels *now, *before;                 /* of the last reading; when the phase began */
    uint64_t launches, of_graphs, graph_launches; /* of the last reading */
    double rate, graph_rate, graph_share;         /* between the last two */
    bool rated;
    int64_t changed_ns;
};

/* Adds what grew in @p since its @before to @sum. */
void cupti_grown(struct kernels *sum, const struct cupti_process *p);
/* What the kernels of a run tell: whether torch.compile, CUDA graphs, TensorRT were seen, which
 * kernels took the time. */
int cupti_facts(const struct kernels *run, const struct probe_out *out);

extern const struct probe_ops probe_cupti;
