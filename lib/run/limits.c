/* SPDX-License-Identifier: Apache-2.0 */
/* What this host must allow is asked for before the first request, and becomes facts. */
#include "load/limits.h"
#include "run/inside.h"
#include <stdio.h>

static int put(struct run *r, const char *name, const char *unit, const char *source, size_t v)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%zu", v);
    return fact_list_add(&r->facts, &(struct fact){.scope = "load",
                                                   .name = name,
                                                   .value = text,
                                                   .unit = unit,
                                                   .source = source,
                                                   .known = KNOWN_DERIVED,
                                                   .time_ns = TIME_NONE});
}

static int put_all(struct run *r, const struct load_limits *l)
{
    static const char ports[] = "net.ipv4.ip_local_port_range, for one source address";
    int failed = put(r, "connections.most", "", "the plan: most requests out at once, and spares",
                     l->connections);

    if (failed == 0)
        failed =
            put(r, "descriptors.allowed", "", "RLIMIT_NOFILE, raised as far as needed", l->allowed);
    if (failed == 0 && l->ports)
        failed = put(r, "ports.local", "", ports, l->ports);
    if (failed == 0)
        failed = put(r, "memory.connection", "bytes",
                     "the load engine's own, allocated before the start; TLS and kernel beside it",
                     l->connection_bytes);
    if (failed == 0)
        failed = put(r, "memory.requests", "bytes",
                     "address space of the request buffers; used as far as requests are out",
                     l->buffer_bytes);
    return failed;
}

/* A search of slots may come to its highest load. */
static int of_step(struct load_limits *most, struct run *r, struct step *s, struct err *err)
{
    struct load_limits one;
    int failed = 0;

    for (uint32_t t = 0; t < s->schedule->trials && failed == 0; t++) {
        struct load_config c = run_load_config(r, s, t);

        if (r->plan->search.key == SEARCH_CONCURRENCY && c.concurrency > 0)
            c.concurrency = (int32_t)r->plan->search.to_load;
        failed = load_limits(&one, &c, err);
        if (failed == 0 && one.connections > most->connections)
            *most = one;
    }
    return failed;
}

int run_limits(struct run *r, struct err *err)
{
    struct load_limits most = {0};
    int failed = 0;

    for (size_t i = 0; i < r->step_count && failed == 0; i++)
        failed = of_step(&most, r, r->steps[i], err);
    if (failed == 0 && put_all(r, &most) < 0)
        failed = err_set(err, -ENOMEM, "out of memory for facts");
    return failed;
}
