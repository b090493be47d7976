/* SPDX-License-Identifier: Apache-2.0 */
/* NVML names processes as the host does: inside a container with a pid namespace of its own they
 * may be other numbers, or none. */
#include "base/clock.h"
#include "probe/address.h"
#include "probe/nvml.h"
#include "probe/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENANTS_MAX = 256, DEPTH_MAX = 64 };
#define SEEK_NS NS_PER_S /* to seek who listens costs much */

bool nvml_below(const char *root, int64_t pid, int64_t ancestor)
{
    struct probe_process p = {.parent = (pid_t)pid};

    for (int depth = 0; p.parent > 0 && depth < DEPTH_MAX; depth++) {
        if (p.parent == ancestor)
            return true;
        if (probe_process_read(&p, root, p.parent) < 0)
            return false;
    }
    return false;
}

void nvml_engine_init(struct nvml_engine *e, const struct probe_setup *s)
{
    struct probe_process p = {0};

    *e = (struct nvml_engine){.pid = s->engine_pid};
    if (s->engine_pid > 0 && probe_process_read(&p, s->root, s->engine_pid) == 0)
        e->start_ticks = p.start_ticks;
}

void nvml_engine_refresh(struct nvml_engine *e, const struct probe_setup *s, int64_t now_ns)
{
    struct probe_process p;
    pid_t pid;

    if (s->engine_pid <= 0)
        return;
    if (e->pid > 0 && probe_process_read(&p, s->root, e->pid) == 0 &&
        (e->start_ticks == 0 || p.start_ticks == e->start_ticks))
        return;
    e->pid = 0;
    if (now_ns < e->seek_ns)
        return;
    e->seek_ns = now_ns + SEEK_NS;
    if (probe_engine_pid(&pid, s) == 0 && probe_process_read(&p, s->root, pid) == 0)
        *e = (struct nvml_engine){.pid = pid, .start_ticks = p.start_ticks};
}

static int ask(const struct nvml *n, void *d, unsigned *count, struct nvml_process *p)
{
    int code;

    *count = TENANTS_MAX;
    code = NVML_CALL(n, processes, d, count, p);
    if (code == 0 && *count > TENANTS_MAX)
        *count = TENANTS_MAX;
    return code;
}

int nvml_tenants_declare(struct nvml_tenants *t, const struct gpu_device *d,
                         const struct gpu_vendor *v, const struct probe_setup *s,
                         const struct probe_out *out)
{
    static const char source[] = "nvmlDeviceGetComputeRunningProcesses_v3";
    const struct facts f = {&out->facts, d->scope};
    const struct series all = {d->scope, "processes", "1", source, KNOWN_MEASURED};
    const struct series engine = {d->scope, "processes.engine", "1", source, KNOWN_MEASURED};
    struct nvml_process p[TENANTS_MAX];
    unsigned n;
    const int code = ask(v->library, d->handle, &n, p);
    int r;

    if (code != 0)
        return facts_absent(&f, "processes", "%s: %s", source, v->words(v->library, code));
    t->there = true;
    r = out->series.declare(out->series.ctx, &t->count_id, &all);
    if (r < 0)
        return r;
    if (s->engine_pid == 0)
        return facts_absent(&f, "processes.engine", "%s",
                            s->engine_why ? s->engine_why : "the engine's process is not known");
    t->with_engine = true;
    return out->series.declare(out->series.ctx, &t->engine_id, &engine);
}

void nvml_tenants_sample(const struct nvml_tenants *t, const struct gpu_device *d,
                         const struct gpu_vendor *v, const char *root, const struct nvml_engine *e,
                         const struct probe_out *out, int64_t now_ns)
{
    struct nvml_process p[TENANTS_MAX];
    unsigned n, ours = 0;

    if (!t->there || d->lost || ask(v->library, d->handle, &n, p) != 0)
        return;
    out->series.put(out->series.ctx, t->count_id, now_ns, n);
    if (!t->with_engine || e->pid <= 0)
        return;
    for (unsigned i = 0; i < n; i++)
        ours += nvml_below(root, p[i].pid, e->pid);
    out->series.put(out->series.ctx, t->engine_id, now_ns, ours);
}
