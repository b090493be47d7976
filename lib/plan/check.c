/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check.c - what only shows between keys: required ones, contradictions, the profile. */
#include "plan/api.h"
#include "plan/reading.h"
#include "base/cpus.h"
#include "base/fs.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct node *check_given(const struct reading *r, const char *key)
{
    const struct key *k = key_find(key);
    const struct node *n;

    assert(k);
    n = r->seen[key_index(k)];
    return n && !node_is_null(n) ? n : NULL;
}

/* Where to look for @key: where it was given, else where its group was. */
static const struct node *place(const struct reading *r, const char *key)
{
    const struct node *n = key_find(key) ? check_given(r, key) : NULL;
    const char *dot = strrchr(key, '.');
    size_t group = dot ? (size_t)(dot - key) : strlen(key);
    const struct key *k;

    for (size_t i = 0; !n && (k = key_at(i)); i++)
        if (strncmp(k->name, key, group) == 0 && k->name[group] == '.')
            n = r->seen[i];
    return n;
}

int check_fail(struct reading *r, const char *key, const char *words)
{
    return reading_fail(r, place(r, key), key, "%s", words);
}

static int check_required(struct reading *r)
{
    if (!check_given(r, "asrun"))
        return check_fail(r, "asrun", "is missing; begin the plan with asrun: 1");
    if (!*r->plan->target.url)
        return check_fail(r, "target.url",
                          "is missing; add target: {url: \"http://HOST:PORT/v1\", ...}");
    if (!*r->plan->target.model)
        return check_fail(r, "target.model", "is missing; name the model as the target knows it");
    return 0;
}

static int check_fixed(struct reading *r)
{
    const struct plan *p = r->plan;

    if (!p->fixed_output && plan_asks_output(p))
        return check_fail(r, "workload.fixed.output_tokens",
                          "is missing; say how long answers are");
    if (!p->fixed_input)
        return check_fail(r, "workload.fixed.input_tokens", "is missing; say how long prompts are");
    if (p->shared_prefix > p->fixed_input)
        return check_fail(r, "workload.fixed.shared_prefix_tokens",
                          "is longer than the prompt; at most input_tokens");
    if (p->slice_for_ns)
        return check_fail(r, "workload.slice.for",
                          "cuts a profile, but fixed has none; leave it out");
    if (p->slice_from_ns)
        return check_fail(r, "workload.slice.from",
                          "cuts a profile, but fixed has none; leave it out");
    if (p->scale_lengths != 1)
        return check_fail(r, "workload.scale.lengths",
                          "scales a profile, but fixed has none; write the lengths themselves");
    if (p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate",
                          "scales a profile, but fixed has none; write load.rate itself");
    return 0;
}

static int check_workload(struct reading *r)
{
    const struct plan *p = r->plan;
    bool fixed = p->fixed_input || p->fixed_output || p->shared_prefix;

    if (p->mix_count > 0 && (*p->profile || fixed))
        return check_fail(r, "workload.mix",
                          "and workload.profile or fixed exclude each other; keep one");
    if (!*p->profile && !fixed && p->mix_count == 0)
        return check_fail(
            r, "workload",
            "is missing; add profile: NAME, fixed: {input_tokens: 32, ...}, or mix: [...]");
    if (*p->profile && fixed)
        return check_fail(r, "workload.profile", "and workload.fixed exclude each other; keep one");
    if (!*p->profile && *p->profile_digest)
        return check_fail(r, "workload.profile_digest", "is of no profile; leave it out");
    return fixed ? check_fixed(r) : 0;
}

const char *plan_beside(char *buf, size_t size, const struct plan *p, const char *path)
{
    const char *slash = strrchr(p->path, '/');

    if (!slash || *path == '/')
        return path;
    return snprintf(buf, size, "%.*s/%s", (int)(slash - p->path), p->path, path) < (int)size ? buf
                                                                                             : path;
}

/* The profile's path, relative to the plan's folder unless it is absolute or a shipped name. */
static const char *beside_plan(char *buf, size_t size, const struct plan *p, const char *profile)
{
    const char *name;

    for (size_t i = 0; (name = profile_shipped_name(i)); i++)
        if (strcmp(name, profile) == 0)
            return profile;
    return plan_beside(buf, size, p, profile);
}

static void list_shipped(char *buf, size_t size)
{
    const char *name;
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; used < size && (name = profile_shipped_name(i)); i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", name);
}

static int find_profile(struct profile *ret, const struct plan *p, const char *profile,
                        struct err *err)
{
    char path[PATH_MAX], shipped[160];
    const char *where = beside_plan(path, sizeof path, p, profile);

    if (!strchr(profile, '/') && !strchr(profile, '.') && !fs_exists(where)) {
        const char *name;

        for (size_t i = 0; (name = profile_shipped_name(i)); i++)
            if (strcmp(name, profile) == 0)
                return profile_find(ret, name, err);
        list_shipped(shipped, sizeof shipped);
        return err_set(err, -ENOENT, "'%.60s' is no shipped profile and no file; shipped: %s",
                       profile, shipped);
    }
    return profile_find(ret, where, err);
}

int plan_profile_named(struct profile *ret, const struct plan *p, const char *name,
                       const char *digest, struct err *err)
{
    AUTO(profile_release) struct profile found = {0};
    int r = find_profile(&found, p, name, err);

    if (r < 0)
        return r;
    if (*digest && strcmp(digest_hex(&found.digest).text, digest) != 0)
        return err_set(err, -EINVAL,
                       "%s has changed since the plan was fixed; its digest is %.16s..., the "
                       "plan's %.16s...",
                       name, digest_hex(&found.digest).text, digest);
    *ret = found;
    found = (struct profile){0};
    return 0;
}

int plan_profile(struct profile *ret, const struct plan *p, struct err *err)
{
    return plan_profile_named(ret, p, p->profile, p->profile_digest, err);
}

static bool drawn(enum arrivals a)
{
    return a == ARRIVALS_POISSON || a == ARRIVALS_GAMMA || a == ARRIVALS_CONSTANT;
}

/* What was not said about arrivals, from what the profile is. */
static void resolve_arrivals(struct reading *r, const struct profile *profile)
{
    struct plan *p = r->plan;

    if (!profile->learned)
        return;
    p->load.arrivals = ARRIVALS_GAMMA;
    if (!check_given(r, "load.burstiness") && profile->model.arrival_gamma_shape > 0)
        p->load.burstiness = fmin(fmax(profile->model.arrival_gamma_shape, 0.01), 1000);
    if (!p->load.duration_ns && !p->load.requests && !p->load.stage_count)
        p->load.duration_ns = 300 * NS_PER_S;
}

static int check_slice(struct reading *r, const struct profile *profile)
{
    const struct plan *p = r->plan;
    const char *key = p->slice_from_ns ? "workload.slice.from" : "workload.slice.for";

    if (!p->slice_from_ns && !p->slice_for_ns)
        return 0;
    if (profile->learned)
        return check_fail(r, key,
                          "cuts rows, but this profile is learned and has none; leave it out");
    if (profile->row_count == 0 || profile->rows[profile->row_count - 1].at_ns < p->slice_from_ns)
        return check_fail(r, key, "begins after the profile's last row; begin earlier");
    return 0;
}

static int check_profile(struct reading *r)
{
    AUTO(profile_release) struct profile profile = {0};
    struct plan *p = r->plan;
    bool asked = check_given(r, "load.arrivals");
    struct err why = {0};
    int rc;

    if (!*p->profile || (*p->profile_digest && asked)) /* fixed, or checked before */
        return 0;
    rc = plan_profile(&profile, p, &why);
    if (rc == -ENOMEM)
        return reading_no_memory(r);
    if (rc < 0)
        return check_fail(r, "workload.profile", why.text);
    if (!asked)
        resolve_arrivals(r, &profile);
    p->profile_digest = arena_strdup(&p->arena, digest_hex(&profile.digest).text);
    if (!p->profile_digest)
        return reading_no_memory(r);
    if (profile.learned && p->load.arrivals == ARRIVALS_REPLAY)
        return check_fail(
            r, "load.arrivals",
            "replay needs a profile with rows, this one is learned; write poisson, gamma "
            "or constant");
    return check_slice(r, &profile);
}

static int check_ends(struct reading *r)
{
    const struct plan *p = r->plan;
    bool replay = p->load.arrivals == ARRIVALS_REPLAY;

    if (p->load.duration_ns && p->load.requests)
        return check_fail(r, "load.requests", "and load.duration both end a trial; keep one");
    if (!replay && !p->load.duration_ns && !p->load.requests)
        return check_fail(r, "load.duration",
                          "is missing, and load.requests too; say how a trial ends");
    if (replay && p->load.duration_ns && p->slice_for_ns)
        return check_fail(r, "load.duration", "and workload.slice.for both end a replay; keep one");
    return 0;
}

static int check_rate(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->load.arrivals == ARRIVALS_REPLAY && p->load.rate_per_s > 0)
        return check_fail(r, "load.rate",
                          "is not for replay, whose rate is the profile's; use load.speedup or "
                          "workload.scale.rate");
    if (p->load.arrivals == ARRIVALS_CLOSED && p->load.rate_per_s > 0)
        return check_fail(
            r, "load.rate",
            "is not for a closed loop, whose rate follows from load.concurrency; leave it "
            "out");
    if (drawn(p->load.arrivals) && p->load.rate_per_s <= 0 && !*p->profile &&
        p->load.stage_count == 0)
        return check_fail(r, "load.rate", "is missing; write load: {rate: 4/s}");
    if (p->load.rate_per_s > 0 && p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate",
                          "scales the profile's rate, but load.rate says another; keep one");
    return 0;
}

static int check_arrivals(struct reading *r)
{
    const struct plan *p = r->plan;
    bool closed = p->load.arrivals == ARRIVALS_CLOSED;

    if (p->load.arrivals == ARRIVALS_REPLAY && !*p->profile && p->mix_count == 0)
        return check_fail(r, "load.arrivals",
                          "replay needs a profile; write poisson, gamma, constant or closed");
    if (closed && !p->load.concurrency && p->load.stage_count == 0)
        return check_fail(r, "load.concurrency",
                          "is missing; say how many requests are out at a time");
    if (!closed && p->load.concurrency)
        return check_fail(r, "load.concurrency", "is for arrivals: closed only; use max_in_flight");
    if (!closed && p->load.think_ns)
        return check_fail(r, "load.think_time",
                          "is for arrivals: closed only; an open loop does not wait for answers");
    if (p->load.arrivals != ARRIVALS_REPLAY && p->load.speedup != 1)
        return check_fail(r, "load.speedup", "is for arrivals: replay only; leave it out");
    if (p->load.arrivals != ARRIVALS_GAMMA && p->load.burstiness != 1)
        return check_fail(r, "load.burstiness", "is for arrivals: gamma only; leave it out");
    if (closed && p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate",
                          "has no meaning in a closed loop; leave it out");
    return check_mix(r);
}

static int check_warm_up(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->exclude.warm_up == WARM_UP_DURATION && p->load.duration_ns &&
        p->exclude.warm_up_ns >= p->load.duration_ns)
        return check_fail(
            r, "exclude.warm_up",
            "leaves nothing of a trial as long as load.duration; make it shorter, or none");
    if (p->exclude.warm_up == WARM_UP_REQUESTS && p->load.requests &&
        p->exclude.warm_up_requests >= p->load.requests)
        return check_fail(r, "exclude.warm_up",
                          "leaves none of load.requests; make it smaller, or none");
    return 0;
}

/* A figure of the stream can't be asked for where no stream is. */
static int check_stream(struct reading *r)
{
    static const char *const streamed[] = {"ttft.", "itl.", "tpot."};
    const struct plan *p = r->plan;

    for (size_t i = 0; i < p->good_count; i++)
        for (size_t s = 0; s < COUNT_OF(streamed); s++)
            if (!p->target.stream &&
                strncmp(p->good[i].metric, streamed[s], strlen(streamed[s])) == 0)
                return check_fail(
                    r, "target.stream",
                    "is off, but good asks for token times; turn it on or ask for latency");
    return 0;
}

static int check_tls(struct reading *r)
{
    const struct plan *p = r->plan;
    bool https = strncasecmp(p->target.url, "https:", 6) == 0;
    const struct {
        const char *key;
        bool used;
    } only_https[] = {{"target.tls.ca", *p->target.tls.ca},
                      {"target.tls.cert", *p->target.tls.cert},
                      {"target.tls.key", *p->target.tls.key},
                      {"target.tls.verify", !p->target.tls.verify},
                      {"target.tls.session_resumption", p->target.tls.resume}};

    for (size_t i = 0; i < COUNT_OF(only_https); i++)
        if (!https && only_https[i].used)
            return check_fail(r, only_https[i].key,
                              "is for an https:// target.url only; leave it out");
    if (*p->target.tls.key && !*p->target.tls.cert)
        return check_fail(r, "target.tls.key", "is of no certificate; add target.tls.cert");
    if (*p->target.tls.ca && !p->target.tls.verify)
        return check_fail(r, "target.tls.ca", "is not used with verify: false; keep one");
    return 0;
}

static int check_cpus(struct reading *r)
{
    const struct plan *p = r->plan;
    int cpus[CPUS_MAX], n;

    if (!*p->load.cpus)
        return 0;
    n = cpus_parse(cpus, CPUS_MAX, p->load.cpus);
    if (n < 0)
        return check_fail(r, "load.cpus", "is no list of CPUs; write 1, or 2-5,8");
    if (n != p->load.threads)
        return check_fail(r, "load.cpus",
                          "names more or fewer CPUs than load.threads; name one a thread");
    return 0;
}

static int check_http(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->target.http == PLAN_HTTP_1 && p->target.http2_connections > 1)
        return check_fail(r, "target.http2.connections",
                          "is of HTTP/2; add target.http: 2, or auto");
    if (p->target.http == PLAN_HTTP_1)
        return 0;
    if (p->target.http2_connections < p->load.threads)
        return check_fail(r, "target.http2.connections",
                          "is less than load.threads; at least one each");
    if (p->target.keep_alive == TRI_NO)
        return check_fail(r, "target.keep_alive", "is of HTTP/1.1; leave it out, or target.http");
    if (p->target.proxy)
        return check_fail(r, "target.proxy", "is for HTTP/1.1; leave it out, or target.http");
    if (p->target.header_count > PLAN_HTTP2_HEADERS)
        return check_fail(r, "target.headers",
                          "has more than the 100 that HTTP/2 requests may have here");
    return 0;
}

int plan_check(struct reading *r)
{
    int (*const checks[])(struct reading *) = {
        check_required, check_api,     check_workload, check_profile,     check_arrivals,
        check_rate,     check_stages,  check_ends,     check_hang_up,     check_warm_up,
        check_stream,   check_tls,     gates_read,     check_cpus,        route_check,
        check_http,     witness_check, check_sessions, check_send_stamps, probe_check,
    };

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        int rc = checks[i](r);

        if (rc < 0)
            return rc;
    }
    return 0;
}
