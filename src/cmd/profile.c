/* SPDX-License-Identifier: Apache-2.0 */
/* asrun profile import|show|learn|list. */
#include "cmd/cmd.h"
#include "cmd/profile_show.h"
#include "workload/profile.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct command cmd_import, cmd_profile_show, cmd_learn, cmd_list;

struct flags {
    const char *out;
    bool json, help;
};

/* The flags that the four share; 0, or EXIT_USAGE after a message. */
static int read_flags(struct flags *f, const struct command *c, int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    optind = 0; /* getopt starts afresh */
    opterr = 0;
    for (int o; (o = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;) {
        if (o == 'o')
            f->out = optarg;
        else if (o == 'j')
            f->json = true;
        else if (o == 'h')
            f->help = true;
        else
            return cmd_usage(c, o == ':' ? "%s takes a value" : "no flag %s", argv[optind - 1]);
    }
    return 0;
}

static int run_import(int argc, char **argv)
{
    struct flags f = {0};
    struct profile_header h;
    struct err err = {0};
    int r = read_flags(&f, &cmd_import, argc, argv);

    if (r || f.help)
        return r ? r : cmd_help(&cmd_import);
    if (argc - optind != 2)
        return cmd_usage(&cmd_import, "name a format and one trace");
    if (!f.out)
        return cmd_usage(&cmd_import, "name the profile to write: -o P.jsonl");
    if (profile_import(&h, argv[optind], argv[optind + 1], f.out, &err) < 0)
        return cmd_failed(&cmd_import, &err);
    printf("%s: %s requests, from %s rows of %s%s\n", f.out, show_count(h.rows_used).text,
           show_count(h.rows_read).text, h.source, h.drop_count ? "" : ", none dropped");
    show_drops(&h, 2);
    return EXIT_HOLDS;
}

static int print_document(const struct profile *p, const struct profile_stats *s)
{
    AUTO(free) char *text = profile_document(p, s);
    struct err err = {0};

    if (!text) {
        (void)err_set(&err, -ENOMEM, "out of memory");
        return cmd_failed(&cmd_profile_show, &err);
    }
    puts(text);
    return EXIT_HOLDS;
}

static int run_profile_show(int argc, char **argv)
{
    AUTO(profile_release) struct profile p = {0};
    struct profile_stats s;
    struct flags f = {0};
    struct err err = {0};
    int r = read_flags(&f, &cmd_profile_show, argc, argv);

    if (r || f.help)
        return r ? r : cmd_help(&cmd_profile_show);
    if (argc - optind != 1 || f.out)
        return cmd_usage(&cmd_profile_show, "name one profile, nothing else");
    if (profile_find(&p, argv[optind], &err) < 0 || profile_describe(&s, &p, &err) < 0)
        return cmd_failed(&cmd_profile_show, &err);
    if (f.json)
        return print_document(&p, &s);
    show_profile(&p, &s);
    return EXIT_HOLDS;
}

static int run_learn(int argc, char **argv)
{
    AUTO(profile_release) struct profile p = {0};
    struct flags f = {0};
    struct err err = {0};
    int r = read_flags(&f, &cmd_learn, argc, argv);

    if (r || f.help)
        return r ? r : cmd_help(&cmd_learn);
    if (argc - optind != 1 || !f.out)
        return cmd_usage(&cmd_learn, "name one profile and what to write: P.jsonl -o L.json");
    if (profile_load(&p, argv[optind], &err) < 0 || profile_learn(&p, f.out, &err) < 0)
        return cmd_failed(&cmd_learn, &err);
    printf("%s: learned from %s requests\n", f.out, show_count((int64_t)p.row_count).text);
    return EXIT_HOLDS;
}

static int print_shipped(const char *name)
{
    AUTO(profile_release) struct profile p = {0};
    struct profile_stats s;
    struct err err = {0};

    if (profile_load_shipped(&p, name, &err) < 0 || profile_describe(&s, &p, &err) < 0)
        return cmd_failed(&cmd_list, &err);
    printf("%-26s%8s%8.3g%9.0f%9.0f  %s\n", name, show_count(s.requests).text, s.rate_per_s,
           s.input_q[4], s.output_q[4], p.header.license);
    return EXIT_HOLDS;
}

static int run_list(int argc, char **argv)
{
    struct flags f = {0};
    int r = read_flags(&f, &cmd_list, argc, argv);

    if (r || f.help)
        return r ? r : cmd_help(&cmd_list);
    if (argc != optind || f.out || f.json)
        return cmd_usage(&cmd_list, "takes no arguments");
    printf("%-26s%8s%8s%9s%9s  %s\n", "name", "requests", "per s", "in p50", "out p50", "licence");
    for (size_t i = 0; profile_shipped_name(i) && r == EXIT_HOLDS; i++)
        r = print_shipped(profile_shipped_name(i));
    return r;
}

static const struct command cmd_import = {
    "profile import", "turn a trace into a profile: every row is used, or counted under a reason",
    "asrun profile import FORMAT TRACE -o P.jsonl\n\n"
    "  FORMAT          azure: CSV with TIMESTAMP, ContextTokens, GeneratedTokens\n"
    "                  mooncake: JSON lines with timestamp (ms), input_length,\n"
    "                  output_length, hash_ids (blocks of 512 tokens)\n"
    "  -o, --output F  the profile to write, whole or not at all",
    run_import};

static const struct command cmd_profile_show = {
    "profile show", "what a profile holds: source, arrivals, lengths, prefix reuse",
    "asrun profile show P.jsonl|NAME [--json]\n\n"
    "  NAME    a shipped profile; asrun profile list has the names\n"
    "  --json  the same for machines",
    run_profile_show};

static const struct command cmd_learn = {
    "profile learn", "reduce a profile to quantile tables that can be published and drawn from",
    "asrun profile learn P.jsonl -o L.json\n\n"
    "  -o, --output F  the learned profile to write, whole or not at all",
    run_learn};

static const struct command cmd_list = {"profile list", "the profiles that asrun ships",
                                        "asrun profile list", run_list};

static const struct command *const verbs[] = {&cmd_import, &cmd_profile_show, &cmd_learn,
                                              &cmd_list};

static int run_profile(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return cmd_help(&cmd_profile);
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i]->name + strlen("profile "), verb) == 0)
            return verbs[i]->run(argc - 1, argv + 1);
    return *verb ? cmd_usage(&cmd_profile, "no '%s' here", verb)
                 : cmd_usage(&cmd_profile, "say what to do with a profile");
}

const struct command cmd_profile = {
    "profile", "import, show and learn production profiles",
    "asrun profile import|show|learn|list ... [--help]\n\n"
    "  import azure|mooncake TRACE -o P.jsonl   a trace becomes a profile\n"
    "  show P.jsonl|NAME [--json]               what a profile holds\n"
    "  learn P.jsonl -o L.json                  reduce it to quantile tables\n"
    "  list                                     the profiles that asrun ships",
    run_profile};
