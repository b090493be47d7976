/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine_facts.c - what we know of an engine because we started it ourselves. */
#include "base/digest.h"
#include "base/fs.h"
#include "base/str.h"
#include "engine.h"
#include "engine_child.h"
#include "engine_proc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct putting {
    const struct fact_sink *sink;
    const char *scope;
    int r;
};

/* The first failure stays; later facts are not put. */
static void put(struct putting *p, enum known known, const char *name, const char *value,
                const char *unit, const char *source)
{
    const struct fact f = {p->scope, name, value, unit, source, known, TIME_NONE};

    if (p->r == 0)
        p->r = p->sink->put(p->sink->ctx, &f);
}

static void put_digest(struct putting *p, const char *name, const char *path)
{
    struct err err = {0};
    struct digest d;

    if (digest_file(&d, path, &err) < 0)
        put(p, KNOWN_UNKNOWN, name, NULL, "", err.text);
    else
        put(p, KNOWN_MEASURED, name, digest_hex(&d).text, "", "the file");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Folders of the user's home stay out of the evidence. */
static void put_arguments(struct putting *p, const struct engine_proc *e)
{
    AUTO(str_release) struct str line = {0};

    for (size_t i = 0; e->args[i]; i++)
        str_addf(&line, "%s%s", i ? " " : "", base_name(e->args[i]));
    if (str_ok(&line))
        put(p, KNOWN_MEASURED, "arguments", line.data, "", "as started");
    else
        p->r = -ENOMEM;
}

/* ggml picks a library for the CPU it finds; figures of another one do not compare. */
static void put_variant(struct putting *p, const struct engine_proc *e)
{
    AUTO(free) char *maps = NULL;
    char path[64], *from;
    size_t n;

    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)e->pid);
    if (e->pid == 0 || fs_read(&maps, &n, path, 4 << 20, NULL) < 0)
        put(p, KNOWN_UNKNOWN, "cpu_variant", NULL, "", "its memory map cannot be read");
    else if (!(from = strstr(maps, "/libggml-cpu")))
        put(p, KNOWN_UNKNOWN, "cpu_variant", NULL, "", "no libggml-cpu in its memory map");
    else {
        from[strcspn(from, "\n")] = '\0';
        put(p, KNOWN_MEASURED, "cpu_variant", from + 1, "", "/proc/PID/maps");
    }
}

static void put_cpus(struct putting *p, const struct engine_proc *e)
{
    if (!e->pinned) {
        put(p, KNOWN_MEASURED, "cpus", "any", "", "as started");
        return;
    }
    put(p, KNOWN_MEASURED, "cpus", e->cpus.engine_text, "", "sched_setaffinity");
    put(p, KNOWN_MEASURED, "cpus.asrun", e->cpus.own_text, "", "sched_setaffinity");
    put(p, KNOWN_MEASURED, "cpus.shared", e->cpus.shared ? "yes" : "no", "",
        e->cpus.shared ? "there is only one CPU" : "sched_setaffinity");
}

static void put_process(struct putting *p, const struct engine_proc *e)
{
    static const char *const origins[] = {[ENGINE_NAMED] = "named by the user",
                                          [ENGINE_ON_PATH] = "found on the PATH",
                                          [ENGINE_BUILT] = "built by targets/llm"};

    put(p, KNOWN_MEASURED, "program", base_name(e->files.server), "", origins[e->files.origin]);
    put_digest(p, "program.sha256", e->files.server);
    put_arguments(p, e);
    put(p, KNOWN_MEASURED, "slots", e->slots, "", "as started");
    put(p, KNOWN_MEASURED, "context.total", e->context, "tokens", "as started");
    put(p, KNOWN_MEASURED, "threads", "1", "", "as started");
    put_variant(p, e);
    put_cpus(p, e);
}

static void put_model(struct putting *p, const struct engine_proc *e)
{
    static const char source[] = "targets/llm/mkmodel.c";

    put(p, KNOWN_DECLARED, "name", e->files.alias, "", source);
    put(p, KNOWN_DECLARED, "weights",
        "dummy: seeded noise; costs the compute of trained weights, answers nonsense", "", source);
    put(p, KNOWN_DECLARED, "shape", e->files.shape, "", source);
    put(p, KNOWN_DECLARED, "precision", "Q4_0", "", source);
    put_digest(p, "file.sha256", e->files.model);
}

int engine_facts(struct engine_proc *e, const struct fact_sink *sink)
{
    struct putting engine = {sink, "engine", 0}, model = {sink, "model", 0};

    put_process(&engine, e);
    if (engine.r == 0)
        put_model(&model, e);
    return engine.r < 0 ? engine.r : model.r;
}
