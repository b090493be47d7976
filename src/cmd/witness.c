/* SPDX-License-Identifier: Apache-2.0 */
/* asrun witness: true times of a run that another tool makes. */
#include "run/witness.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct run_control control; /* a signal handler has no other way to it */

static void on_interrupt(int signal)
{
    (void)signal;
    run_interrupt(&control);
}

static void on_ready(void *ctx)
{
    const struct witness_options *o = ctx;

    fprintf(stderr, "asrun witness: watching port %u%s\n", o->port,
            o->duration_ns ? "" : "; Ctrl-C ends it");
}

static void print_summary(const struct witness_summary *s)
{
    const struct witness_counts *c = &s->counts;

    printf("requests    %" PRIu64 " seen, %" PRIu64 " ended well; %" PRIu64
           " that are no POST, not recorded\n",
           c->requests, s->ok, c->other_requests);
    printf("events      %" PRIu64 "\n", c->events);
    printf("connections %" PRIu64 " watched, %" PRIu64 " not: of other users or hosts\n",
           c->connections, c->not_watched);
    printf("packets     %" PRIu64 " seen, %" PRIu64 " dropped by the capture; %" PRIu64
           " segments repeated, %" PRIu64 " early\n",
           s->packets, s->dropped, c->repeated, c->early);
}

/* What the figures above would hide. */
static void warn(const struct witness_summary *s)
{
    const struct witness_counts *c = &s->counts;

    if (c->lost > 0)
        fprintf(stderr,
                "asrun witness: %" PRIu64 " exchanges could not be followed to their end (%" PRIu64
                " bytes missed); their samples are 'interrupted'\n",
                c->lost, c->missed_bytes);
    if (c->tls > 0)
        fprintf(stderr,
                "asrun witness: %" PRIu64
                " connections use TLS: records are told, not requests and events\n",
                c->tls);
    if (c->not_http1 > 0)
        fprintf(stderr, "asrun witness: %" PRIu64 " connections speak no HTTP/1.1\n", c->not_http1);
    if (c->too_many > 0)
        fprintf(stderr,
                "asrun witness: more than %d connections at a time; packets of others: "
                "%" PRIu64 "\n",
                WITNESS_FLOWS_MAX, c->too_many);
    if (c->connections == 0 && c->not_watched > 0)
        fprintf(stderr, "asrun witness: no connection was of this user's processes; root may "
                        "watch others' with --any-user\n");
}

static int witness(struct witness_options *o)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    struct witness_summary summary;
    struct err err = {0};

    o->ready = on_ready;
    o->ctx = o;
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &interrupt, NULL);
    if (witness_run(&summary, o, &control, &err) < 0)
        return cmd_failed(&cmd_witness, &err);
    print_summary(&summary);
    warn(&summary);
    return fflush(stdout) == 0 ? EXIT_HOLDS : EXIT_TARGET;
}

/* 0, or the exit code. */
static int take_option(struct witness_options *o, int c)
{
    int64_t v;

    switch (c) {
    case 'p':
        if (units_i64(&v, optarg) < 0 || v < 1 || v > UINT16_MAX)
            return cmd_usage(&cmd_witness, "--port takes a port number, not '%s'", optarg);
        o->port = (uint16_t)v;
        return 0;
    case 'd':
        if (units_duration(&o->duration_ns, optarg) < 0 || o->duration_ns <= 0)
            return cmd_usage(&cmd_witness, "--duration takes a time such as 30s, not '%s'", optarg);
        return 0;
    case 'a':
        if (geteuid() != 0)
            return cmd_usage(&cmd_witness, "only root may say --any-user");
        o->any_user = true;
        return 0;
    default:
        o->out_path = optarg;
        return 0;
    }
}

static int run_witness(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"duration", required_argument, NULL, 'd'},
        {"any-user", no_argument, NULL, 'a'},   {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},       {0}};
    struct witness_options o = {0};

    for (int c; (c = getopt_long(argc, argv, "o:h", options, NULL)) != -1;) {
        int bad;

        if (c == 'h')
            return cmd_help(&cmd_witness);
        if (c == '?')
            return cmd_usage(&cmd_witness, "no option %s, or its value is missing",
                             argv[optind - 1]);
        bad = take_option(&o, c);
        if (bad)
            return bad;
    }
    if (optind != argc)
        return cmd_usage(&cmd_witness, "'%s' is no option", argv[optind]);
    if (o.port == 0)
        return cmd_usage(&cmd_witness, "say which server to watch: --port N");
    if (!o.out_path)
        return cmd_usage(&cmd_witness, "say where the evidence goes: -o FILE.asrun");
    return witness(&o);
}

const struct command cmd_witness = {
    "witness", "watch another tool's run from the packets",
    "asrun witness --port N -o FILE.asrun [--duration D] [--any-user]\n\n"
    "  --port N      the server's port; nothing else is looked at\n"
    "  -o FILE       the evidence file to write; it must not exist\n"
    "  --duration D  end after D (30s, 5m); without it at Ctrl-C\n"
    "  --any-user    also connections of other users' processes and other hosts (root only)\n\n"
    "Records when each request went out and when each event of its answer arrived, by the "
    "kernel's\n"
    "stamps of the packets, without touching the client: plain HTTP/1.1; of TLS its records. No\n"
    "header and no text "
    "is kept. Needs CAP_NET_RAW (exit 5 without). asrun show FILE samples, asrun show FILE events.",
    run_witness};
