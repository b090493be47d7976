/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

static int run_profile(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_usage(&cmd_profile, "not built yet");
}

const struct command cmd_profile = {"profile", "import, show and learn production profiles",
                                    "asrun profile", run_profile};
