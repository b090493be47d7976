/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_check(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_check, "not built yet");
}

const struct command cmd_check = {"check", "check a plan and print it with every default",
                                  "asrun check", run_check};
