/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes of a run are told of it. */
#include "run/inside.h"
#include "base/clock.h"
#include "probe/listener.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0: not known, and @why says why not. */
static pid_t engine_of(const struct plan *p, const struct target *t, pid_t known, char why[200])
{
    const char *planned = p->probe.engine_pid, *no = NULL;
    pid_t pid = 0;

    if (strcmp(planned, "none") == 0)
        no = "probe.engine_pid: none";
    else if (strcmp(planned, "listen") != 0)
        return (pid_t)strtol(planned, NULL, 10);
    else if (known > 0)
        return known;
    else if (!t)
        no = "neither a target nor a pid was named";
    else if (t->route.way.proxy)
        no = "the target is behind a proxy";
    if (no)
        (void)snprintf(why, 200, "%s", no);
    else if (probe_listener_pid(&pid, "", (const struct sockaddr *)&t->address.address, why, 200) <
             0)
        return 0;
    return pid;
}

static const char *kernels_of(const struct plan *p, char folder[1024])
{
    char beside[1024];

    if (p->probe.cupti[0] != '\0')
        (void)snprintf(folder, 1024, "%s", plan_beside(beside, sizeof beside, p, p->probe.cupti));
    return folder;
}

static void say(void *ctx, const char *text)
{
    run_say(ctx, "%s", text);
}

static const char *url_or_null(const char *url)
{
    return *url ? url : NULL;
}

struct probe_setup probe_setup_of(const struct plan *p, const struct target *t, pid_t engine,
                                  struct probed *words)
{
    return (struct probe_setup){.root = "",
                                .engine_pid = engine_of(p, t, engine, words->engine_why),
                                .engine_why = words->engine_why,
                                .engine = t ? t->probe.engine : ENGINE_UNKNOWN,
                                .target = t ? &t->url : NULL,
                                .key = t ? t->key : NULL,
                                .way = t ? &t->route.way : NULL,
                                .metrics_url = url_or_null(p->probe.metrics_url),
                                .dcgm_url = url_or_null(p->probe.dcgm_url),
                                .node_url = url_or_null(p->probe.node_url),
                                .cupti = kernels_of(p, words->cupti),
                                .dispatch_hz = p->probe.dispatch_hz,
                                .period_ns = p->probe.period_ns,
                                .metrics_period_ns = p->probe.metrics_period_ns};
}

int run_probes(struct run *r, struct err *err)
{
    const struct target *t = &r->endpoints[0]->target;
    struct probes_setup setup = {
        .sources = probe_sources, .facts = &r->facts, .say = say, .say_ctx = r};

    setup.probe = probe_setup_of(r->plan, t, r->options->engine_pid, &r->probed);
    return probes_open(&r->probes, &setup, err);
}

int run_pump(struct run *r, struct err *err)
{
    int failed = probes_drain(r->probes, r->store, err);

    return failed < 0 ? failed : store_pump(r->store, clock_mono_ns(), err);
}
