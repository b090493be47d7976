/* SPDX-License-Identifier: Apache-2.0 */
/* asrun claim: what may be claimed from an evidence file. */
#include "cmd/cmd.h"
#include "base/units.h"
#include "claim/map.h"
#include "claim/utilisation.h"
#include "envelope/envelope.h"
#include "report/report.h"
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *path;
    const char *envelope; /* NULL: none */
    int64_t step;         /* -1: all of the file */
    double percentile;    /* NAN: none */
    bool json, characterization, wire;
};

/* The instrument first: an answer that it may have made is none. */
static int exit_of(const struct analysis *a, const struct options *o)
{
    for (size_t i = 0; i < a->reason_count; i++)
        if (a->reasons[i].instrument)
            return EXIT_INSTRUMENT;
    if (a->answer == ANSWER_NOT_ASKED || a->verdict == VERDICT_REFUSED)
        return EXIT_CANNOT_TELL;
    if (a->answer == ANSWER_NOT_MET)
        return EXIT_FALSE;
    if (a->answer == ANSWER_CANNOT_TELL)
        return EXIT_CANNOT_TELL;
    return o->characterization && a->verdict != VERDICT_CHARACTERIZATION ? EXIT_CANNOT_TELL
                                                                         : EXIT_HOLDS;
}

static char *rendered(const json_t *claim, const struct options *o)
{
    struct report_style style = {.color = isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR"),
                                 .path = o->path};
    struct str text = {0};

    if (o->json)
        return json_pretty(claim);
    report_claim(&text, claim, &style);
    return str_take(&text);
}

static void say_recovered(const struct evidence_info *info)
{
    if (info->recovered_records > 0)
        fprintf(stderr, "asrun claim: recovered %" PRId64 " records of a run that was killed\n",
                info->recovered_records);
    if (info->awaiting_records > 0)
        fprintf(stderr, "asrun claim: %" PRId64 " records are not in the file yet\n",
                info->awaiting_records);
}

static int print(const char *text, bool json, struct err *err)
{
    if (!text || fputs(text, stdout) < 0 || (json && putchar('\n') < 0) || fflush(stdout) != 0)
        return err_set(err, -EIO, "can't write the claim");
    return 0;
}

/* Steps that can't be told leave a map with holes; of a search it counts where it ended. */
static int exit_of_map(const json_t *map)
{
    const char *ended = json_string_value(json_object_get(json_object_get(map, "search"), "ended"));
    const json_t *step;
    int code = EXIT_HOLDS;
    size_t i;

    if (ended && strcmp(ended, "found") != 0)
        return EXIT_CANNOT_TELL;
    if (ended)
        return json_is_number(json_object_get(json_object_get(map, "search"), "met")) ? EXIT_HOLDS
                                                                                      : EXIT_FALSE;
    json_array_foreach(json_object_get(map, "steps"), i, step)
    {
        const char *answer = json_string_value(json_object_get(step, "answer"));
        const json_t *verdict = json_object_get(json_object_get(step, "claim"), "verdict");

        if (json_is_true(json_object_get(verdict, "instrument")))
            return EXIT_INSTRUMENT;
        if (!answer || (strcmp(answer, "met") != 0 && strcmp(answer, "not met") != 0))
            code = EXIT_CANNOT_TELL;
    }
    return code;
}

static int claim_steps(struct evidence *e, const struct options *o)
{
    AUTO(json_unref) json_t *map = NULL;
    AUTO(free) char *shown = NULL;
    AUTO(str_release) struct str text = {0};
    struct report_style style = {.color = isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR"),
                                 .path = o->path};
    struct err err = {0};

    if (claim_map(&map, e, o->percentile, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    if (!o->json)
        report_map(&text, map, &style);
    shown = o->json ? json_pretty(map) : str_take(&text);
    if (print(shown, o->json, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    return exit_of_map(map);
}

/* The ceilings of the host beside what the run came to. */
static int add_envelope(json_t *claim, const struct analysis *a, const char *path, struct err *err)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    AUTO(json_unref) json_t *envelope = NULL;
    int r = evidence_open(&e, path, EVIDENCE_RECOVER, err);

    if (r == 0)
        r = envelope_read(&envelope, e, err);
    return r == 0 ? claim_add_envelope(claim, a, envelope, err) : r;
}

static int claim_one(struct evidence *e, const struct options *o)
{
    AUTO(plan_free) struct plan *plan = NULL;
    AUTO(analysis_free) struct analysis *a = NULL;
    AUTO(json_unref) json_t *document = NULL;
    AUTO(free) char *text = NULL;
    struct err err = {0};

    if (claim_read(&document, &a, &plan, e, o->percentile, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    if (o->envelope && add_envelope(document, a, o->envelope, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    text = rendered(document, o);
    if (print(text, o->json, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    return exit_of(a, o);
}

static int claim(const struct options *o)
{
    AUTO(evidence_close) struct evidence *e = NULL;
    struct err err = {0};
    size_t steps;

    if (evidence_open(&e, o->path, EVIDENCE_RECOVER, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    say_recovered(evidence_info(e));
    if (o->wire && evidence_use_wire(e, &err) < 0)
        return cmd_failed(&cmd_claim, &err);
    (void)evidence_steps(e, &steps);
    if (o->step >= (int64_t)steps)
        return cmd_usage(&cmd_claim, "there is no step %" PRId64 "; the file has %zu", o->step,
                         steps);
    if (o->step < 0 && steps > 0 && o->envelope)
        return cmd_usage(&cmd_claim, "--envelope goes with one claim: add --step N");
    if (o->step < 0 && steps > 0)
        return claim_steps(e, o);
    if (o->step >= 0)
        evidence_select(e, (uint32_t)o->step);
    return claim_one(e, o);
}

static int take_option(struct options *o, int c)
{
    switch (c) {
    case 'j':
        o->json = true;
        return 0;
    case 'e':
        o->envelope = optarg;
        return 0;
    case 'n':
        return units_i64(&o->step, optarg) == 0 && o->step >= 0
                   ? 0
                   : cmd_usage(&cmd_claim, "--step takes the number of a step, from 0");
    case 'p':
        return units_double(&o->percentile, optarg) == 0 && o->percentile > 0 && o->percentile < 100
                   ? 0
                   : cmd_usage(&cmd_claim, "--percentile takes a number between 0 and 100");
    case 'r':
        o->characterization = strcmp(optarg, "characterization") == 0;
        return o->characterization || strcmp(optarg, "snapshot") == 0
                   ? 0
                   : cmd_usage(&cmd_claim, "--require takes characterization or snapshot");
    case 's':
        o->wire = strcmp(optarg, "wire") == 0;
        return o->wire || strcmp(optarg, "own") == 0
                   ? 0
                   : cmd_usage(&cmd_claim, "--stamps takes own or wire");
    default:
        return cmd_usage(&cmd_claim, "no such option");
    }
}

static int run_claim(int argc, char **argv)
{
    static const struct option long_options[] = {{"envelope", required_argument, NULL, 'e'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"percentile", required_argument, NULL, 'p'},
                                                 {"require", required_argument, NULL, 'r'},
                                                 {"stamps", required_argument, NULL, 's'},
                                                 {"step", required_argument, NULL, 'n'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {0}};
    struct options o = {.percentile = NAN, .step = -1};

    optind = 0; /* glibc: start anew, also for a second verb in one process */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        int bad = c == 'h' ? 0 : take_option(&o, c);

        if (c == 'h')
            return cmd_help(&cmd_claim);
        if (bad)
            return bad;
    }
    if (argc - optind != 1)
        return cmd_usage(&cmd_claim, "name one evidence file");
    o.path = argv[optind];
    return claim(&o);
}

const struct command cmd_claim = {
    "claim", "state what may be claimed from an evidence file",
    "asrun claim FILE [--step N] [--json] [--percentile P] [--require characterization]\n"
    "            [--stamps=wire] [--envelope E.asrun]\n\n"
    "Of a sweep or a search: the map of its steps.\n\n"
    "  --step N         the claim of one step, from 0\n"
    "  --json           the whole document (schema/claim.schema.json)\n"
    "  --percentile P   one more percentile, where the sample carries it\n"
    "  --require WHAT   characterization: a snapshot is not enough (exit 3)\n"
    "  --envelope FILE  what the run came to beside what asrun envelope found its host can do\n"
    "                   at most; where the model is known\n"
    "  --stamps=wire    every metric by the stamps of the packets (load.witness), none by the\n"
    "                   client's own\n\n"
    "Exit: 0 met, 1 not met, 3 cannot tell or not asked, 4 the evidence is broken,\n"
    "6 refused because the instrument may have made the number",
    run_claim};
