/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/room.c - how much memory may be used, and how large the last-level caches are. */
#include "base/fs.h"
#include "base/units.h"
#include "envelope/inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CACHES_MOST = 256 };
#define LLC_ASSUMED (INT64_C(32) << 20)
#define MEMORY_ASSUMED (INT64_C(1) << 30)

static int64_t fact_number(const struct fact_list *f, const char *name)
{
    int64_t v;

    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i].name, name) == 0 && f->items[i].value &&
            units_i64(&v, f->items[i].value) == 0)
            return v;
    return 0;
}

static int cache_file(char *buf, size_t size, int cpu, int index, const char *file)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/%s", cpu, index,
                   file);
    return fs_read_line(buf, size, path);
}

/* The last level that @cpu has: its size and which CPUs share it. */
static int64_t last_cache(char *shared, size_t size, int cpu)
{
    char text[256];
    int64_t bytes = 0;
    long last = 0;

    for (int i = 0; i < 8; i++) {
        long level = cache_file(text, sizeof text, cpu, i, "level") < 0 ? 0 : atol(text);

        if (level <= last || cache_file(text, sizeof text, cpu, i, "size") < 0)
            continue;
        bytes = atoll(text) * (strchr(text, 'M') ? 1 << 20 : 1 << 10); /* "32768K" */
        if (cache_file(shared, size, cpu, i, "shared_cpu_list") < 0)
            shared[0] = '\0';
        last = level;
    }
    return bytes;
}

static void look_at_caches(struct room *room)
{
    char seen[CACHES_MOST][64], shared[64];
    int caches = 0;

    for (int i = 0; i < room->cpu_count && caches < CACHES_MOST; i++) {
        int64_t bytes = last_cache(shared, sizeof shared, room->cpus[i]);
        bool known = bytes == 0;

        for (int k = 0; k < caches; k++)
            known = known || strcmp(seen[k], shared) == 0;
        if (known)
            continue;
        memcpy(seen[caches++], shared, sizeof shared);
        room->llcs_bytes += bytes;
        room->llc_bytes = i64_max(room->llc_bytes, bytes);
    }
    if (room->llc_bytes == 0)
        room->llc_bytes = room->llcs_bytes = LLC_ASSUMED;
}

void room_look(struct room *ret, const struct fact_list *host)
{
    int64_t available = fact_number(host, "memory.available_bytes");
    int64_t limit = fact_number(host, "cgroup.memory_max_bytes");

    memset(ret, 0, sizeof *ret);
    ret->cpu_count = team_cpus(ret->cpus, TEAM_MOST);
    if (available == 0)
        available = MEMORY_ASSUMED;
    ret->memory_bytes = (limit > 0 ? i64_min(limit, available) : available) / 2;
    look_at_caches(ret);
}
