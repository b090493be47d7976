/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/host_memory.c - how much memory there is, in pages of which size. */
#include "probe/host.h"
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

static const char pages[] = "/sys/kernel/mm/hugepages";

/* memory.hugepages.2048kB = pages set aside */
static int put_hugepages(const struct facts *f, const char *root, const char *folder)
{
    const char *size = strchr(folder, '-');
    char path[HOST_TEXT], name[128];

    (void)snprintf(name, sizeof name, "memory.hugepages.%.64s", size ? size + 1 : folder);
    (void)snprintf(path, sizeof path, "%s/%.64s/nr_hugepages", pages, folder);
    return host_put_line(f, root, name, path);
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
    if (r == 0)
        r = host_each(f, root, pages, put_hugepages);
    return r == -ENOENT ? facts_absent(f, "memory.hugepages", "%s: not there", pages) : r;
}
