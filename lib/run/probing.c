/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes of a run are told of it. */
#include "run/inside.h"
#include "base/clock.h"
#include "probe/listener.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_engine(struct run *r, const char *why)
{
    (void)snprintf(r->engine_why, sizeof r->engine_why, "%s", why);
    return 0;
}

/* 0: not known, and r->engine_why says why not. */
static pid_t engine_of(struct run *r, const struct target *t)
{
    const char *planned = r->plan->probe.engine_pid;
    pid_t pid = 0;

    if (strcmp(planned, "none") == 0)
        return no_engine(r, "probe.engine_pid: none");
    if (strcmp(planned, "listen") != 0)
        return (pid_t)strtol(planned, NULL, 10);
    if (r->options->engine_pid > 0)
        return r->options->engine_pid;
    if (t->route.way.proxy)
        return no_engine(r, "the target is behind a proxy");
    if (probe_listener_pid(&pid, "", (const struct sockaddr *)&t->address.address, r->engine_why,
                           sizeof r->engine_why) < 0)
        return 0;
    return pid;
}

static void say(void *ctx, const char *text)
{
    run_say(ctx, "%s", text);
}

static const char *url_or_null(const char *url)
{
    return *url ? url : NULL;
}

struct probe_setup probe_setup_of(const struct plan *p, const struct target *t)
{
    return (struct probe_setup){.root = "",
                                .engine = t ? t->probe.engine : ENGINE_UNKNOWN,
                                .target = t ? &t->url : NULL,
                                .key = t ? t->key : NULL,
                                .way = t ? &t->route.way : NULL,
                                .metrics_url = url_or_null(p->probe.metrics_url),
                                .dcgm_url = url_or_null(p->probe.dcgm_url),
                                .node_url = url_or_null(p->probe.node_url),
                                .dispatch_hz = p->probe.dispatch_hz,
                                .period_ns = p->probe.period_ns,
                                .metrics_period_ns = p->probe.metrics_period_ns};
}

static const char *kernels_of(struct run *r)
{
    const char *folder = r->plan->probe.cupti;
    char beside[sizeof r->cupti];

    if (folder[0] != '\0')
        (void)snprintf(r->cupti, sizeof r->cupti, "%s",
                       plan_beside(beside, sizeof beside, r->plan, folder));
    return r->cupti;
}

int run_probes(struct run *r, struct err *err)
{
    const struct target *t = &r->endpoints[0]->target;
    struct probes_setup setup = {.sources = probe_sources,
                                 .facts = &r->facts,
                                 .say = say,
                                 .say_ctx = r,
                                 .probe = probe_setup_of(r->plan, t)};

    setup.probe.cupti = kernels_of(r);
    setup.probe.engine_pid = engine_of(r, t);
    setup.probe.engine_why = r->engine_why;
    return probes_open(&r->probes, &setup, err);
}

int run_pump(struct run *r, struct err *err)
{
    int failed = probes_drain(r->probes, r->store, err);

    return failed < 0 ? failed : store_pump(r->store, clock_mono_ns(), err);
}
