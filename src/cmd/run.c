/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_run, "not built yet");
}

const struct command cmd_run = {"run", "run a plan and write its evidence", "asrun run", run_run};
