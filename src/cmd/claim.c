/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_claim(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_claim, "not built yet");
}

const struct command cmd_claim = {"claim", "state what may be claimed from an evidence file",
                                  "asrun claim", run_claim};
