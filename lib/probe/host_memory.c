/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_memory.c - how much memory there is, in pages of which size. */
#include "probe/host.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put_meminfo(const struct facts *f, const char *root, const char *name, const char *key)
{
    char text[HOST_TEXT];

    if (host_value(text, root, "/proc/meminfo", key) < 0)
        return facts_absent(f, name, "/proc/meminfo: no %s", key);
    return facts_i64(f, KNOWN_MEASURED, name, (int64_t)strtoll(text, NULL, 10) * 1024, "bytes",
                     "/proc/meminfo");
}

/* memory.hugepages.2048kB = pages set aside */
static int put_hugepages(const struct facts *f, const char *root)
{
    static const char folder[] = "/sys/kernel/mm/hugepages";
    char path[HOST_TEXT], name[96];
    int r = 0, seen = 0;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s%s", root, folder);
    d = opendir(path);
    for (struct dirent *e; d && r == 0 && (e = readdir(d));) {
        if (strncmp(e->d_name, "hugepages-", 10) != 0 || strlen(e->d_name) > 40)
            continue;
        seen++;
        (void)snprintf(name, sizeof name, "memory.hugepages.%.40s", e->d_name + 10);
        (void)snprintf(path, sizeof path, "%s/%.40s/nr_hugepages", folder, e->d_name);
        r = host_put_line(f, root, name, path);
    }
    if (d)
        (void)closedir(d);
    return r < 0 || seen > 0 ? r : facts_absent(f, "memory.hugepages", "%s: not there", folder);
}

int host_memory(const struct facts *f, const char *root)
{
    static const char *const meminfo[][2] = {
        {"memory.total_bytes", "MemTotal"},
        {"memory.available_bytes", "MemAvailable"},
        {"memory.swap_bytes", "SwapTotal"},
    };
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(meminfo) && r == 0; i++)
        r = put_meminfo(f, root, meminfo[i][0], meminfo[i][1]);
    if (r == 0)
        r = host_put_chosen(f, root, "memory.thp", "/sys/kernel/mm/transparent_hugepage/enabled");
    if (r == 0)
        r = host_put_chosen(f, root, "memory.thp_defrag",
                            "/sys/kernel/mm/transparent_hugepage/defrag");
    if (r == 0)
        r = host_put_line(f, root, "memory.swappiness", "/proc/sys/vm/swappiness");
    return r < 0 ? r : put_hugepages(f, root);
}
