/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"
#include "build_info.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cmd_usage(const struct command *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "asrun %s: ", c->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: %.*s\n", (int)strcspn(c->usage, "\n"), c->usage);
    return EXIT_USAGE;
}

int cmd_help(const struct command *c)
{
    printf("%s\n\nusage: %s\n", c->summary, c->usage);
    return EXIT_HOLDS;
}

int cmd_failed(const struct command *c, const struct err *err)
{
    fprintf(stderr, "asrun %s: %s\n", c->name, err->text);
    return err->code == -EINVAL || err->code == -ENOENT ? EXIT_USAGE
           : err->code == -ENODATA                      ? EXIT_CANNOT_TELL
           : err->code == -EBADMSG                      ? EXIT_INTEGRITY
                                                        : EXIT_TARGET;
}

int cmd_exit_codes(void)
{
    puts("0    holds: met, better or equivalent as asked, valid\n"
         "1    checked and false: not met, worse\n"
         "2    usage or plan error\n"
         "3    cannot tell, not comparable, or not asked (the missing keys are named)\n"
         "4    integrity failure: ledger, chain, digest, signature\n"
         "5    target or environment failure\n"
         "6    refused because the instrument may have made the number\n"
         "130  interrupted, evidence kept");
    return EXIT_HOLDS;
}

static int run_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("asrun " BUILD_VERSION " (" BUILD_COMMIT ", " BUILD_COMPILER ")");
    return EXIT_HOLDS;
}

const struct command cmd_version = {"version", "version, commit and build", "asrun version",
                                    run_version};
