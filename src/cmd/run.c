/* SPDX-License-Identifier: Apache-2.0 */
/* asrun run PLAN -o FILE: executes a plan and writes its evidence. */
#include "cmd/cmd.h"
#include "cmd/execute.h"
#include "cmd/overrides.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int run_run(int argc, char **argv)
{
    static const struct option options[] = {{"quiet", no_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"output", required_argument, NULL, 'o'},
                                            {0}};
    struct overrides over = {0};
    AUTO(plan_free) struct plan *plan = NULL;
    struct execute_options how = {.command = &cmd_run};
    struct err err = {0};

    if (overrides_take(&over, &argc, argv, options) < 0)
        return cmd_usage(&cmd_run, "more than %d --KEY=VALUE", OVERRIDES_MAX);
    for (int c; (c = getopt_long(argc, argv, "o:qh", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_run);
        if (c == 'q')
            how.quiet = true;
        else if (c == 'o')
            how.out_path = optarg;
        else
            return cmd_usage(&cmd_run, "no option %s, or its value is missing", argv[optind - 1]);
    }
    if (argc - optind != 1)
        return cmd_usage(&cmd_run, "name one plan");
    if (!how.out_path)
        return cmd_usage(&cmd_run, "say where the evidence goes: -o FILE.asrun");
    if (plan_load(&plan, argv[optind], over.items, over.count, &err) < 0)
        return cmd_failed(&cmd_run, &err);
    return execute_plan(plan, &how);
}

const struct command cmd_run = {
    "run", "run a plan and write its evidence",
    "asrun run PLAN -o FILE.asrun [--KEY=VALUE ...] [--quiet]\n\n"
    "  -o FILE        the evidence file to write; it must not exist\n"
    "  --KEY=VALUE    overrides a key of the plan, for instance --load.rate=4/s\n"
    "  --quiet        no progress on stderr\n\n"
    "Ctrl-C once lets requests in flight end and writes; twice stops now and still writes.",
    run_run};
