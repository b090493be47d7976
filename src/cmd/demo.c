/* SPDX-License-Identifier: Apache-2.0 */
/* asrun demo: the main job on a fresh machine - a real engine, a production-like plan, a claim. */
#include "cmd/cmd.h"
#include "base/clock.h"
#include "base/units.h"
#include "cmd/execute.h"
#include "cmd/overrides.h"
#include "embedded_demo_plan.h"
#include "engine.h"
#include "record/fact_list.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_IO_CPUS = 64 };

struct demo {
    const char *shape, *named, *out_path, *plan_path;
    bool quiet;
    int64_t slots, context; /* of the engine; 0: its defaults */
    char default_out[64];
    struct overrides over;
};

static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                        {"model", required_argument, NULL, 'm'},
                                        {"engine", required_argument, NULL, 'e'},
                                        {"plan", required_argument, NULL, 'p'},
                                        {"slots", required_argument, NULL, 's'},
                                        {"context", required_argument, NULL, 'c'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

static int options_read(struct demo *d, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "o:qh", options, NULL)) != -1;)
        switch (c) {
        case 'o':
            d->out_path = optarg;
            break;
        case 'm':
            d->shape = optarg;
            break;
        case 'e':
            d->named = optarg;
            break;
        case 'p':
            d->plan_path = optarg;
            break;
        case 's':
        case 'c':
            if (units_size(c == 's' ? &d->slots : &d->context, optarg) < 0 || d->slots > 256 ||
                d->context > 1 << 20)
                return cmd_usage(&cmd_demo, "--slots and --context take numbers, as in 4 and 2Ki");
            break;
        case 'q':
            d->quiet = true;
            break;
        case 'h':
            return 1;
        default:
            return cmd_usage(&cmd_demo, "no option %s, or its value is missing", argv[optind - 1]);
        }
    return argc == optind ? 0 : cmd_usage(&cmd_demo, "takes no arguments");
}

static void name_output(struct demo *d)
{
    struct clock_text now = clock_rfc3339(clock_real_ns());

    for (char *p = now.text; *p; p++)
        if (*p == ':' || *p == '.')
            *p = '-';
    (void)snprintf(d->default_out, sizeof d->default_out, "asrun-demo-%.19s.asrun", now.text);
    if (!d->out_path)
        d->out_path = d->default_out;
}

/* The plan, pointed at the engine that was just started. */
static int plan_for_engine(struct plan **ret, struct demo *d, const struct engine_proc *e,
                           const struct engine_files *files, struct err *err)
{
    struct plan_override own[OVERRIDES_MAX + 2] = {{"target.url", engine_url(e)},
                                                   {"target.model", files->alias}};
    size_t n = 2;

    for (size_t i = 0; i < d->over.count; i++)
        own[n++] = d->over.items[i];
    if (d->plan_path)
        return plan_load(ret, d->plan_path, own, n, err);
    return plan_parse(ret, (const char *)embedded_demo_plan, "demo.yaml", own, n, err);
}

static int io_cpus_of(const struct engine_cpus *cpus, int *list)
{
    int n = 0;

    for (int i = 0; i < CPU_SETSIZE && n < MAX_IO_CPUS; i++)
        if (CPU_ISSET(i, &cpus->own))
            list[n++] = i;
    for (int i = n; n > 0 && i < MAX_IO_CPUS; i++)
        list[i] = list[i % n];
    return n;
}

static int execute_demo(struct demo *d, struct engine_proc *e, const struct engine_files *files,
                        const struct engine_cpus *cpus, struct err *err)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(fact_list_release) struct fact_list facts = {0};
    struct fact_sink sink = fact_list_sink(&facts);
    int io_cpus[MAX_IO_CPUS], known = io_cpus_of(cpus, io_cpus);
    struct execute_options how = {.command = &cmd_demo,
                                  .out_path = d->out_path,
                                  .quiet = d->quiet,
                                  .io_cpus = known ? io_cpus : NULL};
    int r = plan_for_engine(&plan, d, e, files, err);

    if (r == 0)
        r = engine_facts(e, &sink);
    if (r == 0)
        r = fact_list_put(&facts, "client", "cpus", "affinity set by asrun demo", KNOWN_MEASURED,
                          "%s%s", cpus->own_text, cpus->shared ? " (shared with the engine)" : "");
    if (r < 0)
        return err->code ? r : err_set(err, r, "out of memory for facts");
    how.facts = facts.items;
    how.fact_count = facts.count;
    how.engine_pid = engine_pid(e);
    return execute_plan(plan, &how);
}

static int with_engine(struct demo *d, struct err *err)
{
    AUTO(engine_stop) struct engine_proc *e = NULL;
    struct engine_files files;
    struct engine_cpus cpus;
    char log[256];
    int r = engine_find(&files, d->named, d->shape, err);

    if (r == 0)
        r = engine_ensure(&files, err);
    if (r == 0)
        r = engine_cpus_split(&cpus, err);
    if (r == 0)
        r = engine_cpus_keep(&cpus, err);
    if (r < 0)
        return r;
    (void)snprintf(log, sizeof log, "%s-engine.log", d->out_path);
    if (!d->quiet)
        fprintf(stderr, "starting %s with the %s model on CPU %s (asrun: CPU %s), log in %s\n",
                files.server, files.shape, cpus.engine_text, cpus.own_text, log);
    r = engine_start(
        &e,
        &(struct engine_options){.files = &files,
                                 .cpus = &cpus,
                                 .log = log,
                                 .slots = (int)d->slots,
                                 .context = (int)(d->context * (d->slots ? d->slots : 4))},
        err);
    if (r < 0)
        return r;
    r = execute_demo(d, e, &files, &cpus, err);
    if (r != EXIT_INTERRUPTED && engine_alive(e, err) == 0)
        return err->code;
    return r;
}

static int run_demo(int argc, char **argv)
{
    struct demo d = {.shape = "135m"};
    char verb[] = "claim", path[PATH_MAX];
    char *claim[] = {verb, path, NULL};
    struct err err = {0};
    int r;

    if (overrides_take(&d.over, &argc, argv, options) < 0)
        return cmd_usage(&cmd_demo, "more than %d --KEY=VALUE", OVERRIDES_MAX);
    r = options_read(&d, argc, argv);
    if (r != 0)
        return r == 1 ? cmd_help(&cmd_demo) : r;
    name_output(&d);
    r = with_engine(&d, &err);
    if (r < 0)
        return cmd_failed(&cmd_demo, &err);
    if (r != EXIT_HOLDS)
        return r;
    (void)snprintf(path, sizeof path, "%s", d.out_path);
    optind = 1;
    r = cmd_claim.run(2, claim);
    if (!d.quiet)
        fprintf(stderr, "\nevidence: %s (asrun show %s; asrun claim %s --percentile 99)\n",
                d.out_path, d.out_path, d.out_path);
    return r;
}

const struct command cmd_demo = {
    "demo", "run the demo plan against the embedded engine",
    "asrun demo [-o FILE.asrun] [--model 15m|135m|360m] [--engine PATH] [--KEY=VALUE ...]\n\n"
    "  -o FILE        the evidence file (default: asrun-demo-TIME.asrun here)\n"
    "  --model SHAPE  the dummy-weight model (default: 135m)\n"
    "  --slots N      parallel streams of the engine (default: 4)\n"
    "  --context N    tokens that a slot holds (default: 1024)\n"
    "  --engine PATH  a llama-server to use instead of the one built from pinned packages\n"
    "  --plan PLAN    another plan than the demo's own; its target is set to the engine\n"
    "  --KEY=VALUE    overrides a key of the plan, for instance --trials.count=5\n"
    "  --quiet        no progress on stderr\n\n"
    "Builds the engine first if need be (about two CPU-minutes, once). The exit code is the "
    "claim's.",
    run_demo};
