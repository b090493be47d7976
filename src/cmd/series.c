/* SPDX-License-Identifier: Apache-2.0 */
/* asrun series: what may be said of any series that somebody already has. */
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/series_show.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct series_rules rules;
    const char *column, *unit, *against;
    bool json, paired, require;
};

/* A rate is better the higher; a time is better the lower, also by iteration or token. */
static int better_of(const char *unit)
{
    static const char *const times[] = {"s", "sec", "second", "min", "minute", "h", "hour"};
    const char *per = strrchr(unit, '/');

    for (size_t i = 0; per && i < COUNT_OF(times); i++)
        if (strcmp(per + 1, times[i]) == 0)
            return 1;
    return -1;
}

static int print(const struct series_shown *s, bool json)
{
    AUTO(json_unref) json_t *root = NULL;
    AUTO(free) char *text = NULL;
    struct err err = {0};

    if (!json) {
        series_text(s);
        return 0;
    }
    root = series_json(s);
    text = root ? json_pretty(root) : NULL;
    if (!text) {
        (void)err_set(&err, -ENOMEM, "out of memory");
        return cmd_failed(&cmd_series, &err);
    }
    puts(text);
    return 0;
}

static int code_of(const struct series_shown *s, bool require)
{
    if (s->j->verdict == SERIES_REFUSED)
        return EXIT_INSTRUMENT;
    if (s->c && s->c->answer == SERIES_WORSE)
        return EXIT_FALSE;
    if (s->c && s->c->answer == SERIES_CANT_TELL)
        return EXIT_CANNOT_TELL;
    return require && s->j->verdict != SERIES_CHARACTERIZATION ? EXIT_CANNOT_TELL : EXIT_HOLDS;
}

static int load(struct series_set *set, char *const *paths, int n, const char *column,
                struct err *err)
{
    int r = 0;

    for (int i = 0; i < n && r == 0; i++)
        r = series_load(set, paths[i], column, err);
    return r;
}

static int series(char *const *paths, int n, const struct options *o)
{
    AUTO(series_set_release) struct series_set own = {0}, other = {0};
    AUTO(series_judgement_release) struct series_judgement j = {0}, against = {0};
    struct series_comparison c;
    struct series_shown shown = {.j = &j, .rules = &o->rules, .unit = o->unit};
    struct err err = {0};
    int r;

    if (load(&own, paths, n, o->column, &err) < 0 || series_judge(&j, &own, &o->rules, &err) < 0)
        return cmd_failed(&cmd_series, &err);
    if (o->against) {
        char *const path = (char *)(uintptr_t)o->against;

        if (load(&other, &path, 1, o->column, &err) < 0 ||
            series_judge(&against, &other, &o->rules, &err) < 0 ||
            series_compare(&c, &j, &against, o->paired, &o->rules, &err) < 0)
            return cmd_failed(&cmd_series, &err);
        shown.c = &c;
        shown.against = &against;
    }
    r = print(&shown, o->json);
    if (r != 0)
        return r;
    return fflush(stdout) == 0 ? code_of(&shown, o->require) : EXIT_TARGET;
}

/* The share that --delta and --margin take: over 0, under 1. */
static int parse_share(double *ret, const char *text)
{
    double v;

    if (units_ratio(&v, text) < 0 || v >= 1)
        return -EINVAL;
    *ret = v;
    return 0;
}

static int parse_option(struct options *o, int c)
{
    if (c == 'c')
        o->column = optarg;
    else if (c == 'u')
        o->unit = optarg;
    else if (c == 'a')
        o->against = optarg;
    else if (c == 'j')
        o->json = true;
    else if (c == 'p')
        o->paired = true;
    else if (c == 'd' && parse_share(&o->rules.delta, optarg) < 0)
        return cmd_usage(&cmd_series, "--delta takes a share such as 5%%, not '%s'", optarg);
    else if (c == 'm' && parse_share(&o->rules.margin, optarg) < 0)
        return cmd_usage(&cmd_series, "--margin takes a share such as 2%%, not '%s'", optarg);
    else if (c == 'b' && strcmp(optarg, "lower") != 0 && strcmp(optarg, "higher") != 0)
        return cmd_usage(&cmd_series, "--better takes lower or higher, not '%s'", optarg);
    else if (c == 'b')
        o->rules.better = strcmp(optarg, "higher") == 0 ? 1 : -1;
    else if (c == 'r' && strcmp(optarg, "characterization") != 0)
        return cmd_usage(&cmd_series, "--require takes characterization, not '%s'", optarg);
    else if (c == 'r')
        o->require = true;
    return 0;
}

static int run_series(int argc, char **argv)
{
    static const struct option options[] = {{"column", required_argument, NULL, 'c'},
                                            {"unit", required_argument, NULL, 'u'},
                                            {"against", required_argument, NULL, 'a'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"paired", no_argument, NULL, 'p'},
                                            {"delta", required_argument, NULL, 'd'},
                                            {"margin", required_argument, NULL, 'm'},
                                            {"better", required_argument, NULL, 'b'},
                                            {"require", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct options o = {.rules = {.delta = 0.05, .margin = 0.02}, .unit = ""};

    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_series);
        if (c == '?')
            return cmd_usage(&cmd_series, "unknown option or missing value: '%s'",
                             argv[optind - 1]);
        if (parse_option(&o, c) != 0)
            return EXIT_USAGE;
    }
    if (optind == argc)
        return cmd_usage(&cmd_series, "name a CSV file, or - for standard input");
    if (o.paired && !o.against)
        return cmd_usage(&cmd_series, "--paired goes with --against");
    if (o.rules.better == 0)
        o.rules.better = better_of(o.unit);
    return series(argv + optind, argc - optind, &o);
}

const struct command cmd_series = {
    "series", "say what may be claimed of a series in a CSV file",
    "asrun series [--column C] [--unit U] [--json] [--against FILE] FILE...\n\n"
    "  FILE         CSV, a value a row in order; -: standard input. Several files, or a column\n"
    "               'run', are independent runs\n"
    "  --column C   name of the column (its number where there is no header)\n"
    "  --unit U     for the output; a unit per time (/s, /min, /h) is better the higher\n"
    "  --better W   lower or higher, whatever the unit\n"
    "  --delta 5%   what counts as the same level, and the limit of drift\n"
    "  --against F  compare: the ratio is FILE over F\n"
    "  --margin 2%  what counts as no difference\n"
    "  --paired     the runs of both sides were interleaved: compare them pair by pair\n"
    "  --require characterization   exit 3 for a snapshot\n"
    "  --json       for machines",
    run_series};
