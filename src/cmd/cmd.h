/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/cmd.h - what every verb shares: its table entry, the exit codes, the ways to fail. */
#pragma once
#include "base/base.h"

enum exit_code {
    EXIT_HOLDS = 0,       /* met, better or equivalent as asked, valid */
    EXIT_FALSE = 1,       /* checked and false: not met, worse */
    EXIT_USAGE = 2,       /* usage or plan error */
    EXIT_CANNOT_TELL = 3, /* cannot tell, not comparable, or not asked */
    EXIT_INTEGRITY = 4,   /* ledger, chain, digest, signature */
    EXIT_TARGET = 5,      /* target or environment failure */
    EXIT_INSTRUMENT = 6,  /* refused: the instrument may have made the number */
    EXIT_INTERRUPTED = 130,
};

struct command {
    const char *name;
    const char *summary; /* one line of asrun --help */
    const char *usage;   /* "asrun VERB [--flag] ARG" and, after a newline, what the flags mean */
    int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

/* "asrun VERB: WHY" and the usage line on stderr; EXIT_USAGE. */
int cmd_usage(const struct command *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The usage text on stdout; EXIT_HOLDS. For --help. */
int cmd_help(const struct command *c);
/* "asrun VERB: WHY" on stderr; EXIT_USAGE for -EINVAL and -ENOENT, EXIT_INTEGRITY for -EBADMSG,
 * EXIT_CANNOT_TELL for -ENODATA, else EXIT_TARGET. */
int cmd_failed(const struct command *c, const struct err *err);
int cmd_exit_codes(void);

extern const struct command cmd_run, cmd_check, cmd_demo, cmd_show, cmd_claim, cmd_profile,
    cmd_witness, cmd_envelope, cmd_diff, cmd_probe, cmd_export, cmd_series, cmd_version;
