/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show: what an evidence file holds. Opening recovers what a killed run left. */
#include "cmd/show.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*print)(const struct show *s, struct err *err);
    bool csv;
} views[] = {
    {"summary", show_summary, false},
    {"plan", show_plan, false},
    {"samples", show_samples, true},
    {"events", show_events, true},
    {"facts", show_facts, true},
    {"ledger", show_ledger, false},
    {"notes", show_notes, true},
    {"seconds", show_seconds, true},
    {"connections", show_connections, true},
    {"self_test", show_self_test, true},
    {"telemetry", show_telemetry, true},
    {"dispatch", show_dispatch, true},
    {"steps", show_steps, true},
};

/* Recovers where the file may be written; elsewhere the summary says how much awaits recovery. */
static int open_evidence(struct evidence **ret, const char *path, bool read_only, struct err *err)
{
    int r = evidence_open(ret, path, read_only ? EVIDENCE_READ_ONLY : EVIDENCE_RECOVER, err);

    if (!read_only && (r == -EACCES || r == -EROFS))
        r = evidence_open(ret, path, EVIDENCE_READ_ONLY, err);
    if (r == 0 && evidence_info(*ret)->recovered_records > 0)
        fprintf(stderr,
                "asrun show: %s: the run was killed; %" PRId64
                " records recovered from its spool\n",
                path, evidence_info(*ret)->recovered_records);
    return r;
}

static int show(const char *path, size_t view, bool read_only, struct show *s)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct err err = {0};
    size_t steps;

    if (open_evidence(&e, path, read_only, &err) < 0)
        return cmd_failed(&cmd_show, &err);
    s->evidence = e;
    if (s->wire && evidence_use_wire(e, &err) < 0)
        return cmd_failed(&cmd_show, &err);
    (void)evidence_steps(e, &steps);
    if (s->step >= (int64_t)steps)
        return cmd_usage(&cmd_show, "there is no step %" PRId64 "; the file has %zu", s->step,
                         steps);
    if (s->step >= 0)
        evidence_select(e, (uint32_t)s->step);
    if (views[view].print(s, &err) < 0)
        return ferror(stdout) ? EXIT_TARGET : cmd_failed(&cmd_show, &err);
    return fflush(stdout) == 0 ? EXIT_HOLDS : EXIT_TARGET;
}

static size_t find_view(const char *name)
{
    size_t i = 0;

    while (i < COUNT_OF(views) && strcmp(views[i].name, name) != 0)
        i++;
    return i;
}

static int parse_sample(uint32_t *ret, const char *text)
{
    int64_t v;

    if (units_i64(&v, text) < 0 || v < 0 || v >= UINT32_MAX)
        return -EINVAL;
    *ret = (uint32_t)v;
    return 0;
}

static int show_positional(int argc, char **argv, bool read_only, struct show *s)
{
    size_t view = find_view(argc == 2 ? argv[1] : "summary");

    if (argc < 1 || argc > 2)
        return cmd_usage(&cmd_show, "name one evidence file and at most one view");
    if (view == COUNT_OF(views))
        return cmd_usage(&cmd_show, "there is no view '%s'", argv[1]);
    if (s->format == ROWS_CSV && !views[view].csv)
        return cmd_usage(&cmd_show, "%s has no CSV form", views[view].name);
    if ((s->sample != UINT32_MAX || s->wire) && views[view].print != show_samples &&
        views[view].print != show_events)
        return cmd_usage(&cmd_show, "--sample and --stamps go with samples or events");
    return show(argv[0], view, read_only, s);
}

static int run_show(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},         {"csv", no_argument, NULL, 'c'},
        {"sample", required_argument, NULL, 's'}, {"read-only", no_argument, NULL, 'r'},
        {"stamps", required_argument, NULL, 'w'}, {"step", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},         {0}};
    struct show s = {.format = ROWS_TEXT, .sample = UINT32_MAX, .step = -1};
    bool read_only = false;

    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_show);
        if (c == '?')
            return cmd_usage(&cmd_show, "unknown option or missing value: '%s'", argv[optind - 1]);
        if (c == 's' && parse_sample(&s.sample, optarg) < 0)
            return cmd_usage(&cmd_show, "--sample takes a sample's number, not '%s'", optarg);
        if (c == 'w' && strcmp(optarg, "wire") != 0 && strcmp(optarg, "own") != 0)
            return cmd_usage(&cmd_show, "--stamps takes own or wire");
        s.wire = c == 'w' ? strcmp(optarg, "wire") == 0 : s.wire;
        if (c == 'n' && (units_i64(&s.step, optarg) < 0 || s.step < 0))
            return cmd_usage(&cmd_show, "--step takes the number of a step, from 0");
        if ((c == 'j' || c == 'c') && s.format != ROWS_TEXT)
            return cmd_usage(&cmd_show, "--json or --csv, once");
        if (c == 'j' || c == 'c')
            s.format = c == 'j' ? ROWS_JSON : ROWS_CSV;
        read_only = read_only || c == 'r';
    }
    return show_positional(argc - optind, argv + optind, read_only, &s);
}

const struct command cmd_show = {
    "show", "show what an evidence file holds",
    "asrun show [--json|--csv] [--sample N] FILE [VIEW]\n\n"
    "  VIEW         summary (default), plan, samples, events, facts, ledger, notes,\n"
    "               seconds, connections, self_test, telemetry, dispatch, steps\n"
    "  --json       for machines\n"
    "  --csv        all but summary, plan and ledger as CSV; times in ns since the run's anchor;\n"
    "               facts and telemetry with all of their values, not only the latest or a "
    "summary\n"
    "  --step N     only this step of a sweep or a search, as a run of its own\n"
    "  --sample N   only this sample (samples, events)\n"
    "  --stamps=wire  times of the packets (load.witness) instead of the client's own\n"
    "  --read-only  do not recover what a killed run left; only say how much it is",
    run_show};
