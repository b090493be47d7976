/* SPDX-License-Identifier: Apache-2.0 */
/* asrun probe: all that can be told of host, target and engine now, without a run. */
#include "cmd/cmd.h"
#include "cmd/overrides.h"
#include "cmd/show.h"
#include "base/units.h"
#include "run/probe_now.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct run_control control; /* a signal handler has no other way to it */

struct options {
    const char *url;
    int64_t pid, for_ns;
    bool json;
    struct overrides over;
};

static void on_interrupt(int signal)
{
    (void)signal;
    run_interrupt(&control);
}

/* A target needs a plan around it; nothing of it is ever sent. */
static const char plan_text[] = "asrun: 1\n"
                                "workload: {fixed: {input_tokens: 1, output_tokens: 1}}\n"
                                "target: {url: \"http://127.0.0.1/v1\", model: none}\n"
                                "load: {arrivals: constant, rate: 1/s, requests: 1}\n"
                                "exclude: {warm_up: none}\n"
                                "probe: {period: 200ms}\n";

static int make_plan(struct plan **ret, const struct options *o, struct err *err)
{
    struct plan_override items[OVERRIDES_MAX + 2];
    char pid[24];
    size_t n = 0;

    for (size_t i = 0; i < o->over.count; i++)
        items[n++] = o->over.items[i];
    if (o->url)
        items[n++] = (struct plan_override){"target.url", o->url};
    (void)snprintf(pid, sizeof pid, "%" PRId64, o->pid);
    if (o->pid > 0)
        items[n++] = (struct plan_override){"probe.engine_pid", pid};
    return plan_parse(ret, plan_text, "probe", items, n, err);
}

static int show_view(const struct show *s, const char *name,
                     int (*view)(const struct show *s, struct err *err), struct err *err)
{
    bool json = s->format == ROWS_JSON;
    int r;

    printf(json ? "%s\"%s\": " : "%s%s\n",
           strcmp(name, "facts") == 0 ? ""
           : json                     ? ", "
                                      : "\n",
           name);
    r = view(s, err);
    return r;
}

static int show_all(const char *path, const struct options *o, struct err *err)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct show s = {.format = o->json ? ROWS_JSON : ROWS_TEXT, .sample = UINT32_MAX, .step = -1};
    int r = evidence_open(&e, path, EVIDENCE_READ_ONLY, err);

    if (r < 0)
        return r;
    s.evidence = e;
    if (o->json)
        printf("{\"asrunProbe\": 1, ");
    r = show_view(&s, "facts", show_facts, err);
    if (r == 0 && o->for_ns > 0)
        r = show_view(&s, "telemetry", show_telemetry, err);
    if (r == 0 && o->for_ns > 0)
        r = show_view(&s, "dispatch", show_dispatch, err);
    if (o->json)
        puts("}");
    return r < 0 ? r : fflush(stdout) ? err_set(err, -EIO, "can't write what was probed") : 0;
}

/* Into a file of its own, gone before anybody sees it. */
static int probe_into(const char *folder, const struct options *o, const struct plan *plan,
                      struct err *err)
{
    char path[PATH_MAX + 16], spool[PATH_MAX + 32];
    const struct probe_now now = {
        .out_path = path, .plan = plan, .target = o->url != NULL, .for_ns = o->for_ns};
    int r;

    (void)snprintf(path, sizeof path, "%s/probe.asrun", folder);
    (void)snprintf(spool, sizeof spool, "%s-spool", path);
    r = probe_now(&now, &control, err);
    if (r == 0)
        r = show_all(path, o, err);
    (void)unlink(path);
    (void)unlink(spool);
    return r;
}

static int probe(const struct options *o)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    AUTO(plan_free) struct plan *plan = NULL;
    const char *tmp = getenv("TMPDIR");
    char folder[PATH_MAX];
    struct err err = {0};
    int r;

    if (make_plan(&plan, o, &err) < 0)
        return cmd_failed(&cmd_probe, &err);
    if (o->pid > 0 && kill((pid_t)o->pid, 0) < 0 && errno == ESRCH) {
        (void)err_set(&err, -ESRCH, "--pid %" PRId64 ": there is no such process", o->pid);
        return cmd_failed(&cmd_probe, &err);
    }
    (void)snprintf(folder, sizeof folder, "%s/asrun-probe-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
        (void)err_set(&err, -errno, "%s: %s", folder, strerror(errno));
        return cmd_failed(&cmd_probe, &err);
    }
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &interrupt, NULL);
    r = probe_into(folder, o, plan, &err);
    (void)rmdir(folder);
    if (r < 0)
        return cmd_failed(&cmd_probe, &err);
    return run_interrupted(&control) ? EXIT_INTERRUPTED : EXIT_HOLDS;
}

static int take_option(struct options *o, int c, const char *value)
{
    if (c == 't')
        o->url = value;
    if (c == 'j')
        o->json = true;
    if (c == 'p' && (units_i64(&o->pid, value) < 0 || o->pid < 1 || o->pid > INT32_MAX))
        return cmd_usage(&cmd_probe, "--pid takes the number of a process");
    if (c == 'f' && (units_duration(&o->for_ns, value) < 0 || o->for_ns < NS_PER_S / 10))
        return cmd_usage(&cmd_probe, "--for takes a duration of at least 100ms: 2s");
    return 0;
}

static int run_probe(int argc, char **argv)
{
    static const struct option options[] = {
        {"target", required_argument, NULL, 't'}, {"pid", required_argument, NULL, 'p'},
        {"for", required_argument, NULL, 'f'},    {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    struct options o = {0};

    if (overrides_take(&o.over, &argc, argv, options) < 0)
        return cmd_usage(&cmd_probe, "more than %d --KEY=VALUE", OVERRIDES_MAX);
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        int r;

        if (c == 'h')
            return cmd_help(&cmd_probe);
        if (c == '?')
            return cmd_usage(&cmd_probe, "no option %s, or its value is missing", argv[optind - 1]);
        r = take_option(&o, c, optarg);
        if (r != 0)
            return r;
    }
    if (argc != optind)
        return cmd_usage(&cmd_probe, "'%s' is no option; --target URL names a target",
                         argv[optind]);
    return probe(&o);
}

const struct command cmd_probe = {
    "probe", "all that can be told of host, target and engine now",
    "asrun probe [--target URL] [--pid N] [--for D] [--json] [--KEY=VALUE ...]\n\n"
    "  --target URL   base of the API, as in a plan: http://127.0.0.1:8000/v1\n"
    "  --pid N        the engine's process; else whoever listens on the target's address\n"
    "  --for D        sample for so long: series, and which functions the engine spends its\n"
    "                 time in; without it, facts only\n"
    "  --json         for machines: {facts, telemetry, dispatch}\n"
    "  --KEY=VALUE    keys of a plan's target and probe: --target.api_key=env:KEY,\n"
    "                 --probe.dispatch=0",
    run_probe};
