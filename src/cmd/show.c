/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_show(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_show, "not built yet");
}

const struct command cmd_show = {"show", "show what an evidence file holds", "asrun show",
                                 run_show};
