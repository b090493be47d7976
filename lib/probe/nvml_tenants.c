/* SPDX-License-Identifier: Apache-2.0 */
/* NVML names processes as the host does: inside a container with a pid namespace of its own they
 * may be other numbers, or none. */
#include "base/fs.h"
#include "probe/nvml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENANTS_MAX = 256, DEPTH_MAX = 64 };

static int64_t parent(const char *root, int64_t pid)
{
    char path[512], line[512];
    const char *end;

    (void)snprintf(path, sizeof path, "%s/proc/%" PRId64 "/stat", root, pid);
    if (fs_read_line(line, sizeof line, path) < 0)
        return 0;
    end = strrchr(line, ')'); /* the name before it may hold anything */
    if (!end || end[1] != ' ' || end[2] == '\0' || end[3] != ' ')
        return 0;
    return strtoll(end + 4, NULL, 10);
}

bool nvml_below(const char *root, int64_t pid, int64_t ancestor)
{
    for (int depth = 0; pid > 0 && depth < DEPTH_MAX; depth++) {
        if (pid == ancestor)
            return true;
        pid = parent(root, pid);
    }
    return false;
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
                         const struct gpu_vendor *v, const struct probe_setup *s,
                         const struct probe_out *out, int64_t now_ns)
{
    struct nvml_process p[TENANTS_MAX];
    unsigned n, ours = 0;

    if (!t->there || d->lost || ask(v->library, d->handle, &n, p) != 0)
        return;
    out->series.put(out->series.ctx, t->count_id, now_ns, n);
    if (!t->with_engine)
        return;
    for (unsigned i = 0; i < n; i++)
        ours += nvml_below(s->root, p[i].pid, s->engine_pid);
    out->series.put(out->series.ctx, t->engine_id, now_ns, ours);
}
