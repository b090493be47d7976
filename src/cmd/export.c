/* SPDX-License-Identifier: Apache-2.0 */
/* asrun export FILE --format F: the facts of a run under the names of others. */
#include "analysis/export.h"
#include "cmd/cmd.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct format {
    const char *name;
    int (*make)(json_t **ret, struct evidence *e, struct err *err);
} formats[] = {{"system-desc", export_system_desc}, {"otel-resource", export_otel_resource}};

static const struct format *format_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

static int export_file(const char *path, const struct format *format)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(json_unref) json_t *document = NULL;
    AUTO(free) char *text = NULL;
    struct err err = {0};

    if (evidence_open(&e, path, EVIDENCE_READ_ONLY, &err) < 0 ||
        format->make(&document, e, &err) < 0)
        return cmd_failed(&cmd_export, &err);
    text = json_pretty(document);
    if (!text || puts(text) < 0 || fflush(stdout) != 0) {
        (void)err_set(&err, -EIO, "can't write the export");
        return cmd_failed(&cmd_export, &err);
    }
    return EXIT_HOLDS;
}

static int run_export(int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
    const struct format *format = NULL;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h')
            return cmd_help(&cmd_export);
        if (c != 'f')
            return cmd_usage(&cmd_export, "no option %s, or its value is missing",
                             argv[optind - 1]);
        format = format_of(optarg);
        if (!format)
            return cmd_usage(&cmd_export, "--format takes system-desc or otel-resource");
    }
    if (!format || argc - optind != 1)
        return cmd_usage(&cmd_export, "name one evidence file and a --format");
    return export_file(argv[optind], format);
}

const struct command cmd_export = {
    "export", "the facts of a run under the names of others",
    "asrun export FILE --format system-desc|otel-resource\n\n"
    "  system-desc     the keys of MLPerf Inference's system description (no MLPerf result)\n"
    "  otel-resource   an OpenTelemetry Resource, OTLP/JSON\n\n"
    "What is not known is listed as absent, with the reason; what is only declared is marked.",
    run_export};
