/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host.c - what a reader of /proc and /sys can know of this host. */
#include "probe/host.h"
#include "base/fs.h"
#include "base/str.h"
#include "probe/probe.h"
#include "probe/redact.h"
#include <ctype.h>
#include <dirent.h>
#if defined __x86_64__
#include <cpuid.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { FILE_MAX = 4 << 20 };

static void path_of(char *buf, const char *root, const char *path)
{
    (void)snprintf(buf, HOST_TEXT, "%s%s", root, path);
}

int host_line(char *buf, const char *root, const char *path)
{
    char full[HOST_TEXT];
    int r;

    path_of(full, root, path);
    r = fs_read_line(buf, HOST_TEXT, full);
    if (r == 0)
        buf[strcspn(buf, "\n")] = '\0';
    return r;
}

static bool line_has(const char *line, const char *key, char separator)
{
    size_t n = strlen(key);

    if (strncmp(line, key, n) != 0)
        return false;
    for (line += n; *line == ' ' || *line == '\t'; line++)
        ;
    return *line == separator;
}

static void copy_trimmed(char *buf, const char *from)
{
    size_t n;

    while (*from == ' ' || *from == '\t' || *from == '"')
        from++;
    n = strcspn(from, "\n");
    while (n > 0 && (isspace((unsigned char)from[n - 1]) || from[n - 1] == '"'))
        n--;
    (void)snprintf(buf, HOST_TEXT, "%.*s", (int)n, from);
}

static int value_in(char *buf, const char *root, const char *path, const char *key, char separator)
{
    AUTO(free) char *text = NULL;
    char full[HOST_TEXT];
    size_t len;
    int r;

    path_of(full, root, path);
    r = fs_read(&text, &len, full, FILE_MAX, NULL);
    if (r < 0)
        return r;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n' && *++line == '\0')
            break;
        if (line_has(line, key, separator)) {
            copy_trimmed(buf, strchr(line, separator) + 1);
            return 0;
        }
    }
    return -ENODATA;
}

int host_value(char *buf, const char *root, const char *path, const char *key)
{
    return value_in(buf, root, path, key, ':');
}

int host_number(int64_t *ret, const char *root, const char *path, int64_t scale)
{
    char text[HOST_TEXT], *end;
    int r = host_line(text, root, path);
    long long v;

    if (r < 0)
        return r;
    v = strtoll(text, &end, 10);
    if (end == text || v > INT64_MAX / scale || v < INT64_MIN / scale)
        return -ENODATA;
    *ret = v * scale;
    return 0;
}

int host_put_chosen(const struct facts *f, const char *root, const char *name, const char *path)
{
    char text[HOST_TEXT], *from;
    int r = host_line(text, root, path);

    if (r < 0)
        return facts_absent(f, name, "%s: %s", path, strerror(-r));
    from = strchr(text, '[');
    if (!from)
        return facts_put(f, KNOWN_MEASURED, name, text, "", *text ? path : "an empty file");
    from[strcspn(from, "]")] = '\0';
    return facts_put(f, KNOWN_MEASURED, name, from + 1, "", path);
}

static int is_shown(const struct dirent *e)
{
    return e->d_name[0] != '.' && strlen(e->d_name) < HOST_NAME;
}

int host_each(const struct facts *f, const char *root, const char *folder,
              int (*fn)(const struct facts *f, const char *root, const char *name))
{
    struct dirent **list = NULL;
    char full[HOST_TEXT];
    int n, r = 0;

    path_of(full, root, folder);
    n = scandir(full, &list, is_shown, alphasort);
    if (n <= 0) {
        free(list);
        return n < 0 && errno == ENOMEM ? -ENOMEM : -ENOENT;
    }
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = fn(f, root, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return r;
}

int host_put_line(const struct facts *f, const char *root, const char *name, const char *path)
{
    char text[HOST_TEXT];
    int r = host_line(text, root, path);

    if (r < 0)
        return facts_absent(f, name, "%s: %s", path, strerror(-r));
    return text[0] ? facts_put(f, KNOWN_MEASURED, name, text, "", path)
                   : facts_absent(f, name, "%s is empty", path);
}

static int put_os(const struct facts *f, const char *root)
{
    char text[HOST_TEXT];

    if (value_in(text, root, "/etc/os-release", "PRETTY_NAME", '=') < 0)
        return facts_absent(f, "os.name", "/etc/os-release: no PRETTY_NAME");
    return facts_put(f, KNOWN_MEASURED, "os.name", text, "", "/etc/os-release");
}

static int put_uname(const struct facts *f)
{
    struct utsname u;
    int r;

    if (uname(&u) < 0)
        return facts_absent(f, "kernel.release", "uname: %s", strerror(errno));
    r = facts_put(f, KNOWN_MEASURED, "kernel.release", u.release, "", "uname");
    if (r == 0)
        r = facts_put(f, KNOWN_MEASURED, "kernel.version", u.version, "", "uname");
    return r < 0 ? r : facts_put(f, KNOWN_MEASURED, "arch", u.machine, "", "uname");
}

static int put_command(const struct facts *f, const char *root)
{
    AUTO(str_release) struct str shown = {0};
    AUTO(free) char *text = NULL;
    char path[HOST_TEXT];
    size_t len;
    int r;

    path_of(path, root, "/proc/cmdline");
    r = fs_read(&text, &len, path, FILE_MAX, NULL);
    if (r < 0)
        return facts_absent(f, "kernel.command", "/proc/cmdline: %s", strerror(-r));
    redact_kernel(&shown, text);
    if (!str_ok(&shown))
        return -ENOMEM;
    return facts_put(f, KNOWN_MEASURED, "kernel.command", shown.data, "",
                     "/proc/cmdline, redacted by allow-list");
}

int host_kernel(const struct facts *f, const char *root)
{
    int r = put_uname(f);

    if (r == 0)
        r = put_command(f, root);
    if (r == 0)
        r = put_os(f, root);
    return r < 0 ? r : host_put_line(f, root, "load.average", "/proc/loadavg");
}

/* The CPU itself says whether a hypervisor runs below (x86); arm64 has no such flag. */
static int put_hypervisor(const struct facts *f, const char *root)
{
    AUTO(free) char *text = NULL;
    char full[HOST_TEXT];
    size_t len;

    path_of(full, root, "/proc/cpuinfo");
    if (fs_read(&text, &len, full, FILE_MAX, NULL) < 0 || !strstr(text, "\nflags"))
        return facts_absent(f, "virtual.hypervisor", "/proc/cpuinfo: no flags");
    return facts_put(f, KNOWN_MEASURED, "virtual.hypervisor",
                     strstr(text, " hypervisor") ? "yes" : "no", "", "/proc/cpuinfo flags");
}

static int put_container(const struct facts *f, const char *root)
{
    static const char *const marks[][2] = {{"/.dockerenv", "docker"},
                                           {"/run/.containerenv", "podman"}};
    char full[HOST_TEXT];

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        path_of(full, root, marks[i][0]);
        if (fs_exists(full))
            return facts_put(f, KNOWN_MEASURED, "virtual.container", marks[i][1], "", marks[i][0]);
    }
    return facts_absent(f, "virtual.container",
                        "neither /.dockerenv nor /run/.containerenv: none of these two");
}

#if defined __x86_64__
/* Leaf 0x40000000: the name that the hypervisor below us gives itself. Not /proc's to tell. */
static int put_signature(const struct facts *f)
{
    unsigned a, name[4] = {0}, c;

    if (!__get_cpuid(1, &a, &name[0], &c, &name[1]) || !(c & 1u << 31))
        return facts_absent(f, "virtual.signature", "cpuid: no hypervisor");
    __cpuid(0x40000000, a, name[0], name[1], name[2]);
    name[3] = 0;
    for (char *t = (char *)name; *t; t++)
        *t = (char)(isgraph((unsigned char)*t) ? *t : ' ');
    return facts_put(f, KNOWN_MEASURED, "virtual.signature", (const char *)name, "", "cpuid");
}
#else
static int put_signature(const struct facts *f)
{
    return facts_absent(f, "virtual.signature", "only x86 tells");
}
#endif

int host_virtual(const struct facts *f, const char *root)
{
    int r = put_hypervisor(f, root);

    if (r == 0 && !*root)
        r = put_signature(f);
    if (r == 0)
        r = host_put_line(f, root, "virtual.vendor", "/sys/class/dmi/id/sys_vendor");
    if (r == 0)
        r = host_put_line(f, root, "virtual.product", "/sys/class/dmi/id/product_name");
    return r < 0 ? r : put_container(f, root);
}

int probe_host(const struct fact_sink *sink, struct err *err)
{
    static int (*const parts[])(const struct facts *, const char *) = {
        host_cpu,   host_topology, host_memory, host_dmi,  host_kernel,
        host_clock, host_virtual,  host_cgroup, host_disks};
    const struct facts host = {sink, "host"}, self = {sink, "asrun"};
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(parts) && r == 0; i++)
        r = parts[i](&host, "");
    if (r == 0)
        r = host_self(&self);
    return r < 0 ? err_set(err, r, "recording host facts: %s", strerror(-r)) : 0;
}
