/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine_cpus.c - the engine's share of the CPU is kept apart from asrun's own. */
#include "engine.h"
#include <stdio.h>
#include <string.h>

/* "0-2,5" */
static void list_text(char *buf, size_t size, const cpu_set_t *set)
{
    size_t n = 0;

    buf[0] = '\0';
    for (int from = 0; from < CPU_SETSIZE && n < size; from++) {
        int to = from;

        if (!CPU_ISSET(from, set))
            continue;
        while (to + 1 < CPU_SETSIZE && CPU_ISSET(to + 1, set))
            to++;
        n += (size_t)snprintf(buf + n, size - n, from == to ? "%s%d" : "%s%d-%d", n ? "," : "",
                              from, to);
        from = to;
    }
}

/* The engine computes on one thread; where there is room, its HTTP threads get a CPU beside it. */
void engine_cpus_of(struct engine_cpus *ret, const cpu_set_t *allowed)
{
    const int all = CPU_COUNT(allowed), share = all >= 4 ? 2 : 1;
    struct engine_cpus c = {.shared = all < 2};
    int given = 0;

    CPU_ZERO(&c.engine);
    CPU_ZERO(&c.own);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, allowed))
            continue;
        if (given < share)
            CPU_SET(i, &c.engine);
        if (given >= share || c.shared)
            CPU_SET(i, &c.own);
        given++;
    }
    list_text(c.engine_text, sizeof c.engine_text, &c.engine);
    list_text(c.own_text, sizeof c.own_text, &c.own);
    *ret = c;
}

int engine_cpus_split(struct engine_cpus *ret, struct err *err)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return err_set(err, -errno, "sched_getaffinity: %s", strerror(errno));
    engine_cpus_of(ret, &allowed);
    return 0;
}

int engine_cpus_keep(const struct engine_cpus *c, struct err *err)
{
    if (sched_setaffinity(0, sizeof c->own, &c->own) < 0)
        return err_set(err, -errno, "sched_setaffinity to %s: %s", c->own_text, strerror(errno));
    return 0;
}
