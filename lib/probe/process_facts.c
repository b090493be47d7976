/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/process_facts.c - what /proc says of the engine's first process, and in short of those
 * that descend from it. */
#include "base/fs.h"
#include "base/str.h"
#include "probe/host.h"
#include "probe/process.h"
#include "probe/redact.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char scope[] = "engine.process";

/* "child.2." before the facts of the third process; "" for those of the first. */
struct member {
    const struct process_source *source;
    const struct facts *facts;
    pid_t pid;
    char prefix[24];
};

static int put_text(const struct member *m, const char *name, const struct str *text,
                    const char *source)
{
    char full[128];

    if (!str_ok(text))
        return -ENOMEM;
    (void)snprintf(full, sizeof full, "%s%s", m->prefix, name);
    return facts_put(m->facts, KNOWN_MEASURED, full, text->data, "",
                     text->data && *text->data ? source : "it is empty");
}

static int put_absent(const struct member *m, const char *name, const char *file, int code)
{
    char full[128];

    (void)snprintf(full, sizeof full, "%s%s", m->prefix, name);
    return facts_absent(m->facts, full, "/proc/PID/%s: %s", file, strerror(-code));
}

static int put_executable(const struct member *m)
{
    AUTO(str_release) struct str shown = {0};
    char path[PATH_MAX], link[PATH_MAX];
    struct map_file file = {.path = link, .pid = m->pid, .code = true};
    ssize_t n;
    int r;

    (void)snprintf(path, sizeof path, "%s/proc/%d/exe", m->source->root, (int)m->pid);
    n = readlink(path, link, sizeof link - 1);
    if (n < 0)
        return put_absent(m, "executable", "exe", -errno);
    link[n] = '\0';
    redact_path(&shown, link);
    r = put_text(m, "executable", &shown, "/proc/PID/exe");
    return r < 0 || m->prefix[0] ? r
                                 : process_put_identity(m->source, m->facts, &file, "executable");
}

static int put_command(const struct member *m)
{
    AUTO(process_args_release) struct process_args a = {0};
    AUTO(str_release) struct str line = {0};
    int r = process_args_read(&a, m->source->root, m->pid, "cmdline");

    if (r < 0)
        return r == -ENOMEM ? r : put_absent(m, "command", "cmdline", r);
    redact_command(&line, a.text, a.len);
    return put_text(m, "command", &line, "/proc/PID/cmdline, redacted by allow-list");
}

static int put_variable(const struct member *m, const char *text)
{
    AUTO(str_release) struct str shown = {0};
    const char *value = strchr(text, '=');
    char name[80], fact[96];

    if (!value || (size_t)(value - text) >= sizeof name)
        return 0;
    (void)snprintf(name, sizeof name, "%.*s", (int)(value - text), text);
    if (!redact_env_listed(name))
        return 0;
    redact_env(&shown, name, value + 1);
    (void)snprintf(fact, sizeof fact, "env.%s", name);
    return put_text(m, fact, &shown, "/proc/PID/environ, redacted by allow-list");
}

/* As it was when the program began: what it sets later doesn't show. */
static int put_environment(const struct member *m)
{
    AUTO(process_args_release) struct process_args a = {0};
    int r = process_args_read(&a, m->source->root, m->pid, "environ");

    if (r < 0)
        return r == -ENOMEM ? r : put_absent(m, "env", "environ", r);
    for (size_t at = 0; at < a.len && r == 0; at += strlen(a.text + at) + 1)
        r = put_variable(m, a.text + at);
    return r;
}

static int put_status(const struct member *m)
{
    static const char *const rows[][2] = {{"affinity.cpus", "Cpus_allowed_list"},
                                          {"affinity.memory_nodes", "Mems_allowed_list"},
                                          {"threads", "Threads"},
                                          {"user_id", "Uid"}};
    char path[64], text[HOST_TEXT];
    int r = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)m->pid);
    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++) {
        r = host_value(text, m->source->root, path, rows[i][1]);
        if (r < 0) {
            r = facts_absent(m->facts, rows[i][0], "/proc/PID/status: %s", strerror(-r));
            continue;
        }
        text[strcspn(text, "\t ")] = '\0';
        r = facts_put(m->facts, KNOWN_MEASURED, rows[i][0], text, "", "/proc/PID/status");
    }
    return r;
}

/* "Max open files            1024                 524288               files" */
static int put_limit(const struct member *m, const char *text, const char *name, const char *key,
                     const char *unit)
{
    const char *line = strstr(text, key);
    char soft[32], fact[64];

    (void)snprintf(fact, sizeof fact, "limits.%s", name);
    if (!line || sscanf(line + strlen(key), " %31s", soft) != 1)
        return facts_absent(m->facts, fact, "/proc/PID/limits: no %s", key);
    return facts_put(m->facts, KNOWN_MEASURED, fact, soft, unit, "/proc/PID/limits, soft");
}

static int put_limits(const struct member *m)
{
    static const char *const rows[][3] = {
        {"open_files", "Max open files", ""},
        {"processes", "Max processes", ""},
        {"stack_bytes", "Max stack size", "bytes"},
        {"locked_memory_bytes", "Max locked memory", "bytes"},
        {"address_space_bytes", "Max address space", "bytes"},
    };
    AUTO(process_args_release) struct process_args a = {0};
    int r = process_args_read(&a, m->source->root, m->pid, "limits");

    if (r < 0)
        return r == -ENOMEM ? r : put_absent(m, "limits", "limits", r);
    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++)
        r = put_limit(m, a.text, rows[i][0], rows[i][1], rows[i][2]);
    return r;
}

static int put_child(const struct process_source *s, const struct facts *f, size_t i)
{
    struct member m = {.source = s, .facts = f, .pid = s->tree.items[i].pid};
    char name[32];
    int r;

    (void)snprintf(m.prefix, sizeof m.prefix, "child.%zu.", i);
    (void)snprintf(name, sizeof name, "%sname", m.prefix);
    r = facts_put(f, KNOWN_MEASURED, name,
                  redact_looks_secret(s->tree.items[i].name) ? REDACTED : s->tree.items[i].name, "",
                  "/proc/PID/stat");
    if (r == 0)
        r = put_executable(&m);
    return r < 0 ? r : put_command(&m);
}

static int put_children(const struct process_source *s, const struct facts *f)
{
    int r = facts_i64(f, KNOWN_MEASURED, "processes", (int64_t)s->tree.count, "",
                      "/proc/PID/stat of each and its descendants");

    for (size_t i = 1; i < s->tree.count && i <= CHILDREN_SHOWN && r == 0; i++)
        r = put_child(s, f, i);
    return r;
}

int process_put(const struct process_source *s)
{
    const struct facts f = {&s->out->facts, scope};
    const struct member m = {.source = s, .facts = &f, .pid = s->tree.root};
    int (*const parts[])(const struct member *) = {put_executable, put_command, put_environment,
                                                   put_status, put_limits};
    int r = facts_i64(&f, KNOWN_MEASURED, "pid", s->tree.root, "", "who listens, or as told");

    if (r == 0)
        r = facts_i64(&f, KNOWN_MEASURED, "started_ticks", (int64_t)s->tree.root_start,
                      "clock ticks", "/proc/PID/stat, since boot");
    for (size_t i = 0; i < COUNT_OF(parts) && r == 0; i++)
        r = parts[i](&m);
    if (r == 0)
        r = process_put_container(&f, s->root, s->tree.root);
    return r < 0 ? r : put_children(s, &f);
}
