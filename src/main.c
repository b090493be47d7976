/* SPDX-License-Identifier: Apache-2.0 */
/* The asrun program: a table of verbs. */
#include "cmd/cmd.h"
#include "load/tls.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &cmd_run,      &cmd_check, &cmd_demo,   &cmd_show,  &cmd_claim,  &cmd_profile, &cmd_witness,
    &cmd_envelope, &cmd_diff,  &cmd_export, &cmd_probe, &cmd_series, &cmd_version};

static int print_help(FILE *to)
{
    fputs("asrun - performance as run, not as specified\n\n", to);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nasrun VERB --help says more. Exit codes: asrun --help exit-codes\n", to);
    return to == stdout ? EXIT_HOLDS : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : NULL;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)tls_take_memory(); /* before anything asks OpenSSL for a digest */
    opterr = 0;              /* the verbs say what is wrong, in their own words */
    if (!verb)
        return print_help(stderr);
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0)
        return argc > 2 && strcmp(argv[2], "exit-codes") == 0 ? cmd_exit_codes()
                                                              : print_help(stdout);
    if (strcmp(verb, "--version") == 0)
        verb = "version";
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i]->name, verb) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    fprintf(stderr, "asrun: no verb '%s'; asrun --help lists them\n", verb);
    return EXIT_USAGE;
}
