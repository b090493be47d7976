/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/process.c - the probe "process": what the engine's processes on this host are made of.
 *
 * Before the first request everything is read and put once. Then, every second, the first process
 * is looked at: gone, or another one under its number? Every fifth time the tree and the mapped
 * code are compared with what they were. What changed is a dated remark, and its facts are put
 * again. A restarted engine is looked for at the target's address.
 */
#include "base/clock.h"
#include "probe/address.h"
#include "probe/model.h"
#include "probe/process.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_TO_COMPARE = 5 };

struct probe {
    struct process_source source;
    const struct probe_setup *setup;
    struct map_files files;
    uint32_t looks;
    uint32_t changes; /* of the tree, as remarked */
    bool gone;
};

static int remark(struct probe *p, int64_t now_ns, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int remark(struct probe *p, int64_t now_ns, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return p->source.out->changed(p->source.out->ctx, now_ns, text);
}

static void process_close(struct probe *p)
{
    if (!p)
        return;
    probe_tree_release(&p->source.tree);
    map_files_release(&p->files);
    digests_close(p->source.digests);
    free(p);
}
DEFINE_AUTO(struct probe *, process_close)

/* The mapped files of the whole tree; the first refusal goes to *@refused. */
static int read_files(const struct probe *p, struct map_files *files, int *refused)
{
    int r = 0;

    *refused = 0;
    for (size_t i = 0; i < p->source.tree.count && r == 0; i++) {
        r = map_files_add(files, p->source.root, p->source.tree.items[i].pid);
        if (r < 0 && r != -ENOMEM) {
            *refused = *refused || r == -ESRCH ? *refused : r;
            r = 0;
        }
    }
    map_files_sort(files);
    return r;
}

static int put_parts(struct probe *p, int refused)
{
    const struct facts libraries = {&p->source.out->facts, "engine.library"};
    int r = process_put(&p->source);

    if (r == 0 && refused < 0 && p->files.count == 0)
        r = facts_absent(&libraries, "libraries", "/proc/PID/maps: %s", strerror(-refused));
    if (r == 0)
        r = process_put_libraries(&p->source, &p->files);
    if (r == 0)
        r = process_put_packages(&p->source, &p->files);
    return r < 0 ? r : model_put(&p->source, &p->files);
}

/* All there is to know of the tree under its root. */
static int describe(struct probe *p, struct err *err)
{
    const struct facts f = {&p->source.out->facts, "engine.process"};
    int refused, r = probe_tree_refresh(&p->source.tree, p->source.root, err);

    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        p->gone = true;
        return facts_absent(&f, "pid", "process %d: %s", (int)p->source.tree.root, strerror(-r));
    }
    p->gone = false;
    p->changes = p->source.tree.changes;
    map_files_release(&p->files);
    r = read_files(p, &p->files, &refused);
    if (r == 0)
        r = put_parts(p, refused);
    (void)!digests_save(p->source.digests, NULL); /* the next run reads more, that is all */
    return r;
}

static int process_open(struct probe **ret, const struct probe_setup *s,
                        const struct probe_out *out, struct err *err)
{
    const struct facts f = {&out->facts, "engine.process"};
    AUTO(process_close) struct probe *p = NULL;
    char memory[PATH_MAX];
    int r;

    if (s->engine_pid <= 0) {
        *ret = NULL;
        return facts_absent(&f, "pid", "%s",
                            s->engine_why && *s->engine_why ? s->engine_why : "not looked for");
    }
    p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, -ENOMEM, "out of memory for the probe of processes");
    p->setup = s;
    p->source = (struct process_source){
        .root = s->root ? s->root : "", .out = out, .tree = {.root = s->engine_pid}};
    digests_usual_path(memory, sizeof memory);
    r = digests_open(&p->source.digests, memory, err);
    if (r == 0)
        r = describe(p, err);
    if (r < 0)
        return err_set(err, r, "recording facts of the engine's processes: %s", strerror(-r));
    *ret = TAKE(p);
    return 0;
}

static int64_t process_period(const struct probe_setup *s)
{
    (void)s;
    return NS_PER_S;
}

/* Who listens now, if it isn't the one that did. */
static int seek(struct probe *p, int64_t now_ns)
{
    struct probe_tree *tree = &p->source.tree;
    const struct probe_process old = {.pid = tree->root, .start_ticks = tree->root_start};
    struct err err = {0};
    pid_t pid;
    int r;

    if (probe_engine_pid(&pid, p->setup) < 0)
        return 0;
    probe_tree_release(tree);
    tree->root = pid;
    r = describe(p, &err);
    if (r < 0 || p->gone)
        return r;
    return remark(p, now_ns,
                  "engine restarted: pid %d, started_ticks %" PRIu64 " -> pid %d, "
                  "started_ticks %" PRIu64,
                  (int)old.pid, old.start_ticks, (int)pid, tree->root_start);
}

/* Has the first process ended? Not where it merely can't be read now. */
static int look(struct probe *p, int64_t now_ns)
{
    const struct facts f = {&p->source.out->facts, "engine.process"};
    struct probe_process now;
    int r = probe_process_read(&now, p->source.root, p->source.tree.root);

    if (r == 0 ? now.start_ticks == p->source.tree.root_start : r != -ESRCH)
        return 0;
    p->gone = true;
    r = facts_absent(&f, "pid", "process %d ended during the run", (int)p->source.tree.root);
    return r < 0 ? r : remark(p, now_ns, "engine process %d is gone", (int)p->source.tree.root);
}

enum { EITHER = -1 };

/* Is code of @path mapped, from a file that is @gone: 0, 1 or EITHER? One may be mapped twice. */
static bool has_code(const struct map_files *files, const char *path, int gone)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct map_file *f = &files->items[i];

        if (f->code && (gone == EITHER || f->gone == (gone != 0)) && strcmp(f->path, path) == 0)
            return true;
    }
    return false;
}

/* Code that was not there before, and code that is no longer. */
static int compare(struct probe *p, const struct map_files *now, int64_t now_ns)
{
    char name[256];
    int r = 0;

    for (size_t i = 0; i < now->count && r == 0; i++) {
        const struct map_file *f = &now->items[i];

        if (has_code(&p->files, f->path, f->gone) || !process_is_library(&p->source, f))
            continue;
        process_library_name(name, sizeof name, now, i);
        r = process_put_library(&p->source, now, i);
        if (r == 0)
            r = remark(p, now_ns, "library %s: %s", name,
                       has_code(&p->files, f->path, EITHER) ? "its file was deleted or replaced"
                                                            : "now mapped");
    }
    for (size_t i = 0; i < p->files.count && r == 0; i++) {
        if (!p->files.items[i].code || has_code(now, p->files.items[i].path, EITHER))
            continue;
        process_library_name(name, sizeof name, &p->files, i);
        r = remark(p, now_ns, "code of %s: no longer mapped", name);
    }
    return r;
}

static int compare_tree(struct probe *p, int64_t now_ns)
{
    const size_t before = p->source.tree.count;
    const struct facts f = {&p->source.out->facts, "engine.process"};
    struct err err = {0};
    int r = probe_tree_refresh(&p->source.tree, p->source.root, &err);

    if (r == -ENOMEM)
        return r;
    if (r < 0 || p->source.tree.changes == p->changes)
        return 0;
    p->changes = p->source.tree.changes;
    r = facts_i64(&f, KNOWN_MEASURED, "processes", (int64_t)p->source.tree.count, "",
                  "/proc/PID/stat of each and its descendants");
    return r < 0 ? r
                 : remark(p, now_ns, "the engine's processes: %zu -> %zu, not the same ones",
                          before, p->source.tree.count);
}

static int compare_code(struct probe *p, int64_t now_ns)
{
    AUTO(map_files_release) struct map_files now = {0};
    int refused, r = read_files(p, &now, &refused);

    if (r == 0 && now.count > 0) {
        r = compare(p, &now, now_ns);
        map_files_release(&p->files);
        p->files = now;
        now = (struct map_files){0};
    }
    return r;
}

static int process_sample(struct probe *p, int64_t now_ns)
{
    int r;

    if (p->gone)
        return seek(p, now_ns);
    r = look(p, now_ns);
    if (r < 0 || p->gone || ++p->looks % LOOKS_TO_COMPARE != 0)
        return r;
    r = compare_tree(p, now_ns);
    return r < 0 ? r : compare_code(p, now_ns);
}

/* A short run, too, is looked at once more. */
static int process_finish(struct probe *p)
{
    p->looks = LOOKS_TO_COMPARE - 1;
    return p->gone ? 0 : process_sample(p, clock_mono_ns());
}

const struct probe_ops probe_process = {
    .name = "process",
    .open = process_open,
    .period_ns = process_period,
    .sample = process_sample,
    .finish = process_finish,
    .close = process_close,
};
