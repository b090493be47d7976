/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "refserver.h"
#include "base/units.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "refserver [OPTIONS]: an OpenAI-style server whose send times are exactly known\n"
    "  --port N              0: any free one (default); printed as 'port N'\n"
    "  --listen ADDRESS      127.0.0.1; ::1, or the path of a Unix socket\n"
    "  --ttft D              receipt of the request to the first token (50ms; uniform:A-B)\n"
    "  --gap D               between tokens (20ms; uniform:A-B)\n"
    "  --gap-dist D          fixed, or uniform:A-B in place of --gap\n"
    "  --role-at D           receipt to the role event of a chat (0)\n"
    "  --per-input-token D   added to the first token for each token not in the prefix cache\n"
    "  --seed N              of the gaps (1)\n"
    "  --template-tokens N   added to each prompt's words (4)\n"
    "  --prefix-cache        report the words shared with earlier prompts as cached\n"
    "  --slots N             streams at a time, the rest wait in order (0: no limit)\n"
    "  --keep-alive MODE     honest, lying, stale, close\n"
    "  --misbehave NAME[:K]  every request (after K content events; 2)\n"
    "  --misbehave-every N   only every Nth request (1)\n"
    "  --api-key KEY         answer 401 without it\n"
    "  --metrics FILE        what /metrics answers: FILE.N to the Nth time, else FILE, else 404\n"
    "  --log FILE            what was sent when\n"
    "  --log-peers           and who connected: 'peer ADDRESS NS'\n"
    "  --threads N           (1)\n"
    "  --spin D              poll for the last D before a deadline (100us)\n"
    "  --fifo                ask for SCHED_FIFO; then polls a quarter of the time at most\n"
    "  --stdin               stop at the end of standard input\n";

const char *options_help(void)
{
    return help;
}

enum key {
    KEY_PORT,
    KEY_LISTEN,
    KEY_LOG_PEERS,
    KEY_TTFT,
    KEY_GAP,
    KEY_GAP_DIST,
    KEY_ROLE_AT,
    KEY_PER_INPUT,
    KEY_SEED,
    KEY_TEMPLATE,
    KEY_PREFIX,
    KEY_SLOTS,
    KEY_KEEP,
    KEY_MIS,
    KEY_EVERY,
    KEY_API_KEY,
    KEY_METRICS,
    KEY_LOG,
    KEY_THREADS,
    KEY_SPIN,
    KEY_FIFO,
    KEY_STDIN,
    KEY_HELP,
};

static const struct option keys[] = {
    {"port", required_argument, NULL, KEY_PORT},
    {"listen", required_argument, NULL, KEY_LISTEN},
    {"log-peers", no_argument, NULL, KEY_LOG_PEERS},
    {"ttft", required_argument, NULL, KEY_TTFT},
    {"gap", required_argument, NULL, KEY_GAP},
    {"gap-dist", required_argument, NULL, KEY_GAP_DIST},
    {"role-at", required_argument, NULL, KEY_ROLE_AT},
    {"per-input-token", required_argument, NULL, KEY_PER_INPUT},
    {"seed", required_argument, NULL, KEY_SEED},
    {"template-tokens", required_argument, NULL, KEY_TEMPLATE},
    {"prefix-cache", no_argument, NULL, KEY_PREFIX},
    {"slots", required_argument, NULL, KEY_SLOTS},
    {"keep-alive", required_argument, NULL, KEY_KEEP},
    {"misbehave", required_argument, NULL, KEY_MIS},
    {"misbehave-every", required_argument, NULL, KEY_EVERY},
    {"api-key", required_argument, NULL, KEY_API_KEY},
    {"metrics", required_argument, NULL, KEY_METRICS},
    {"log", required_argument, NULL, KEY_LOG},
    {"threads", required_argument, NULL, KEY_THREADS},
    {"spin", required_argument, NULL, KEY_SPIN},
    {"fifo", no_argument, NULL, KEY_FIFO},
    {"stdin", no_argument, NULL, KEY_STDIN},
    {"help", no_argument, NULL, KEY_HELP},
    {0},
};

static int parse_uniform(struct dist *ret, const char *text)
{
    struct dist d;
    char low[32];
    size_t n = strcspn(text, "-");

    if (n >= sizeof low || text[n] != '-')
        return -EINVAL;
    memcpy(low, text, n);
    low[n] = '\0';
    if (units_duration(&d.low_ns, low) < 0 || units_duration(&d.high_ns, text + n + 1) < 0 ||
        d.high_ns < d.low_ns)
        return -EINVAL;
    *ret = d;
    return 0;
}

static int parse_dist(struct dist *ret, const char *text)
{
    int64_t ns;

    if (strncmp(text, "uniform:", 8) == 0)
        return parse_uniform(ret, text + 8);
    if (units_duration(&ns, text) < 0)
        return -EINVAL;
    *ret = (struct dist){ns, ns};
    return 0;
}

static int parse_keep(enum keep_mode *ret, const char *text)
{
    static const char *const names[] = {"honest", "lying", "stale", "close"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], text) == 0) {
            *ret = (enum keep_mode)i;
            return 0;
        }
    return -EINVAL;
}

static int parse_count(int64_t *ret, const char *text, int64_t least)
{
    int64_t v;

    if (units_i64(&v, text) < 0 || v < least)
        return -EINVAL;
    *ret = v;
    return 0;
}

static int set_time(struct options *o, enum key key, const char *v)
{
    switch (key) {
    case KEY_TTFT:
        return parse_dist(&o->ttft, v);
    case KEY_GAP:
        return parse_dist(&o->gap, v);
    case KEY_GAP_DIST:
        return strcmp(v, "fixed") == 0 ? 0 : parse_dist(&o->gap, v);
    case KEY_ROLE_AT:
        return units_duration(&o->role_ns, v);
    case KEY_PER_INPUT:
        return units_duration(&o->input_ns, v);
    default:
        return units_duration(&o->spin_ns, v);
    }
}

static int set_count(struct options *o, enum key key, const char *v)
{
    switch (key) {
    case KEY_PORT:
        return parse_count(&o->port, v, 0);
    case KEY_SEED:
        return parse_count(&o->seed, v, 0);
    case KEY_TEMPLATE:
        return parse_count(&o->template_tokens, v, 0);
    case KEY_SLOTS:
        return parse_count(&o->slots, v, 0);
    case KEY_EVERY:
        return parse_count(&o->every, v, 1);
    default:
        return parse_count(&o->threads, v, 1);
    }
}

static int set_text(struct options *o, enum key key, const char *v)
{
    switch (key) {
    case KEY_KEEP:
        return parse_keep(&o->keep, v);
    case KEY_MIS:
        return mis_parse(&o->mis, &o->after, v, strlen(v));
    case KEY_API_KEY:
        o->api_key = v;
        return 0;
    case KEY_METRICS:
        o->metrics_path = v;
        return 0;
    case KEY_LISTEN:
        o->listen = v;
        return 0;
    default:
        o->log_path = v;
        return 0;
    }
}

static int set_switch(struct options *o, enum key key)
{
    o->prefix_cache = o->prefix_cache || key == KEY_PREFIX;
    o->log_peers = o->log_peers || key == KEY_LOG_PEERS;
    o->fifo = o->fifo || key == KEY_FIFO;
    o->watch_stdin = o->watch_stdin || key == KEY_STDIN;
    o->help = o->help || key == KEY_HELP;
    return 0;
}

static int set(struct options *o, enum key key, const char *v)
{
    switch (key) {
    case KEY_TTFT:
    case KEY_GAP:
    case KEY_GAP_DIST:
    case KEY_ROLE_AT:
    case KEY_PER_INPUT:
    case KEY_SPIN:
        return set_time(o, key, v);
    case KEY_PORT:
    case KEY_SEED:
    case KEY_TEMPLATE:
    case KEY_SLOTS:
    case KEY_EVERY:
    case KEY_THREADS:
        return set_count(o, key, v);
    case KEY_KEEP:
    case KEY_MIS:
    case KEY_API_KEY:
    case KEY_METRICS:
    case KEY_LISTEN:
    case KEY_LOG:
        return set_text(o, key, v);
    default:
        return set_switch(o, key);
    }
}

int options_parse(struct options *ret, int argc, char **argv, struct err *err)
{
    struct options o = {.threads = 1,
                        .seed = 1,
                        .template_tokens = 4,
                        .after = 2,
                        .every = 1,
                        .ttft = {50 * NS_PER_MS, 50 * NS_PER_MS},
                        .gap = {20 * NS_PER_MS, 20 * NS_PER_MS},
                        .spin_ns = 100 * NS_PER_US};
    int index = 0;

    opterr = 0;
    for (int k; (k = getopt_long(argc, argv, "", keys, &index)) != -1;) {
        if (k == '?')
            return err_set(err, -EINVAL, "no such option, or no value: %s", argv[optind - 1]);
        if (set(&o, (enum key)k, optarg) < 0)
            return err_set(err, -EINVAL, "--%s can't be '%s'", keys[index].name, optarg);
    }
    if (optind < argc)
        return err_set(err, -EINVAL, "what is '%s'?", argv[optind]);
    if (o.threads > 1 && (o.slots > 0 || o.prefix_cache))
        return err_set(err, -EINVAL, "--slots and --prefix-cache need one thread");
    if (o.port > UINT16_MAX || o.threads > 64)
        return err_set(err, -EINVAL, "--port or --threads is too large");
    *ret = o;
    return 0;
}
