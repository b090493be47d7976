/* SPDX-License-Identifier: Apache-2.0 */
/* asrun envelope: what this host can do at most. */
#include "envelope/envelope.h"
#include "base/cpus.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    struct envelope_options measure;
    const char *out_path; /* NULL: nothing is kept */
    bool json, quiet;
};

struct telling {
    struct envelope_document document;
    struct envelope_sink into;
    bool quiet;
};

static int on_ceiling(void *ctx, const struct ceiling *c)
{
    struct telling *t = ctx;

    return t->into.ceiling(t->into.ctx, c);
}

static int on_fact(void *ctx, const struct fact *f)
{
    struct telling *t = ctx;

    return t->into.fact(t->into.ctx, f);
}

static void on_next(void *ctx, const char *what)
{
    const struct telling *t = ctx;

    if (!t->quiet)
        fprintf(stderr, "asrun envelope: measuring %s\n", what);
}

static int print(const struct envelope_document *d, bool json, struct err *err)
{
    AUTO(json_unref) json_t *document = envelope_document_json(d);
    AUTO(free) char *text = NULL;
    struct str out = {0};

    if (json)
        text = json_pretty(document);
    else {
        report_envelope(&out, document);
        text = str_take(&out);
    }
    if (!text || fputs(text, stdout) < 0 || (json && putchar('\n') < 0) || fflush(stdout) != 0)
        return err_set(err, -EIO, "can't write the envelope");
    return 0;
}

static int envelope(const struct options *o)
{
    struct telling t = {.quiet = o->quiet};
    const struct envelope_sink sink = {on_ceiling, on_fact, on_next, &t};
    struct err err = {0};
    int r = envelope_document_init(&t.document);

    t.into = envelope_document_sink(&t.document);
    if (r < 0)
        (void)err_set(&err, r, "out of memory for the envelope");
    else if (o->out_path)
        r = envelope_write(o->out_path, &o->measure, &sink, &err);
    else
        r = envelope_measure(&o->measure, &sink, &err);
    if (r == 0)
        r = print(&t.document, o->json, &err);
    envelope_document_release(&t.document);
    return r < 0 ? cmd_failed(&cmd_envelope, &err) : EXIT_HOLDS;
}

/* 0, or the exit code. */
static int take_option(struct options *o, int c)
{
    struct envelope_options *m = &o->measure;

    switch (c) {
    case 'f':
        return units_duration(&m->for_ns, optarg) == 0 && m->for_ns > 0
                   ? 0
                   : cmd_usage(&cmd_envelope, "--for takes a time such as 1s, not '%s'", optarg);
    case 't':
        m->thread_counts = cpus_parse(m->threads, COUNT_OF(m->threads), optarg);
        return m->thread_counts > 0
                   ? 0
                   : cmd_usage(&cmd_envelope,
                               "--threads takes at most %zu numbers such as 1,4,16, "
                               "not '%s'",
                               COUNT_OF(m->threads), optarg);
    case 'b':
        m->blas = optarg;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    default:
        o->out_path = optarg;
        return 0;
    }
}

static int run_envelope(int argc, char **argv)
{
    static const struct option options[] = {
        {"for", required_argument, NULL, 'f'},    {"threads", required_argument, NULL, 't'},
        {"blas", required_argument, NULL, 'b'},   {"json", no_argument, NULL, 'j'},
        {"output", required_argument, NULL, 'o'}, {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {0}};
    struct options o = {.measure.for_ns = NS_PER_S};

    for (int c; (c = getopt_long(argc, argv, "o:h", options, NULL)) != -1;) {
        int bad;

        if (c == 'h')
            return cmd_help(&cmd_envelope);
        if (c == '?')
            return cmd_usage(&cmd_envelope, "no option %s, or its value is missing",
                             argv[optind - 1]);
        bad = take_option(&o, c);
        if (bad)
            return bad;
    }
    if (optind != argc)
        return cmd_usage(&cmd_envelope, "'%s' is no option", argv[optind]);
    return envelope(&o);
}

const struct command cmd_envelope = {
    "envelope", "measure what this host can do at most",
    "asrun envelope [-o FILE.asrun] [--for D] [--threads N,N] [--blas PATH] [--json] [--quiet]\n\n"
    "  -o FILE       the evidence file to write; it must not exist. Without it nothing is kept\n"
    "  --for D       least time for the repetitions of one ceiling (1s); 11 in any case\n"
    "  --threads L   thread counts for the bandwidth, each thread on a CPU of its own\n"
    "                (1,2,4 ... all CPUs); the largest is the BLAS's, beside 1\n"
    "  --blas PATH   this library instead of the first of OpenBLAS, MKL, BLIS and libblas\n"
    "  --json        the whole document (docs/formats/envelope.md)\n"
    "  --quiet       say nothing of what is being measured\n\n"
    "Memory bandwidth (STREAM's four kernels, and reading alone), latency, the rate of matrix\n"
    "products by data type, and of NVIDIA GPUs copies and products through cuBLAS. The envelope\n"
    "bounds what a workload can reach here; it does not predict what one will reach.",
    run_envelope};
