/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_demo(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_demo, "not built yet");
}

const struct command cmd_demo = {"demo", "run the demo plan against the embedded engine",
                                 "asrun demo", run_demo};
