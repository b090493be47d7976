/* SPDX-License-Identifier: Apache-2.0 */
/* asrun diff A.asrun B.asrun: what differs between two runs, the most telling first. */
#include "analysis/diff.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exit_of(const json_t *diff)
{
    const char *result = json_string_value(json_object_get(diff, "result"));

    return strcmp(result, "same") == 0      ? EXIT_HOLDS
           : strcmp(result, "differs") == 0 ? EXIT_FALSE
                                            : EXIT_CANNOT_TELL;
}

static char *rendered(const json_t *diff, bool json)
{
    struct report_style style = {.color = isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR")};
    struct str text = {0};

    if (json)
        return json_pretty(diff);
    report_diff(&text, diff, &style);
    return str_take(&text);
}

static int diff(const char *path_a, const char *path_b, bool json)
{
    AUTO(evidence_close) struct evidence *a = NULL, *b = NULL;
    AUTO(json_unref) json_t *document = NULL;
    AUTO(free) char *text = NULL;
    struct err err = {0};

    if (evidence_open(&a, path_a, EVIDENCE_READ_ONLY, &err) < 0 ||
        evidence_open(&b, path_b, EVIDENCE_READ_ONLY, &err) < 0 ||
        diff_evidence(&document, a, b, &err) < 0)
        return cmd_failed(&cmd_diff, &err);
    text = rendered(document, json);
    if (!text || fputs(text, stdout) < 0 || (json && putchar('\n') < 0) || fflush(stdout) != 0) {
        (void)err_set(&err, -EIO, "can't write the comparison");
        return cmd_failed(&cmd_diff, &err);
    }
    return exit_of(document);
}

static int run_diff(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool json = false;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_diff);
        if (c != 'j')
            return cmd_usage(&cmd_diff, "no option %s", argv[optind - 1]);
        json = true;
    }
    if (argc - optind != 2)
        return cmd_usage(&cmd_diff, "name two evidence files");
    return diff(argv[optind], argv[optind + 1], json);
}

const struct command cmd_diff = {
    "diff", "say what differs between two runs, the most telling first",
    "asrun diff A.asrun B.asrun [--json]\n\n"
    "  --json   for machines: differs, unknown, same\n\n"
    "Compares what was dispatched, stack, plan, system and conditions. Exit codes: 0 the same, 1\n"
    "something differs, 3 nothing differs, but what would tell is unknown in one of them.",
    run_diff};
