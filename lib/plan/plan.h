/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/plan.h - one experiment, declared before it runs. A table of keys (plan/keys.h) feeds
 * the parser, the dotted flags, docs/formats/plan.md and schema/plan.schema.json.
 *
 * Strings and arrays live in the plan's arena; "" means not stated, NULL never occurs.
 * What the user left unstated is no error: absent `good` or `regime` only limit the claim.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "plan/gates.h"
#include "workload/draw.h"

enum regime { REGIME_UNSTATED, REGIME_LATENCY, REGIME_THROUGHPUT, REGIME_COST };
enum api { API_CHAT, API_COMPLETIONS, API_RESPONSES, API_EMBEDDINGS, API_RERANK, API_JSON };
enum tristate { TRI_AUTO, TRI_YES, TRI_NO };
enum { PLAN_HTTP2_HEADERS = 100 };
enum plan_http { PLAN_HTTP_1, PLAN_HTTP_2, PLAN_HTTP_AUTO };
enum on_violation { ON_VIOLATION_STOP, ON_VIOLATION_GO };
enum resend { RESEND_STALE, RESEND_NONE };
enum witness_by { WITNESS_NONE, WITNESS_PACKETS };
enum stamped_by { STAMPED_BY_USER, STAMPED_BY_KERNEL };
enum warm_up { WARM_UP_NONE, WARM_UP_DURATION, WARM_UP_REQUESTS };

struct plan_slo { /* one limit on one request */
    const char *metric;
    int64_t at_most_ns;
};

struct plan_good {
    const char *metric; /* definition id, checked against the table in metric names */
    double percentile;  /* 99 for p99; NAN: the mean (or the metric's own single value) */
    bool has_at_most, has_at_least;
    double at_most, at_least; /* in the metric's base unit: seconds, ratio, per second, usd */
    struct plan_slo *slo;     /* for goodput@1, slo_attainment@1 */
    size_t slo_count;
};

struct plan_expect {
    const char *metric;
    double percentile; /* NAN: mean */
    double value;      /* base unit, as in plan_good */
    const char *source;
    bool published; /* known: published (else declared) */
};

struct plan_stage {               /* the rate of an open loop goes from one to the other */
    double from_per_s, to_per_s;  /* the same: no ramp; 0: nobody comes */
    int32_t from_slots, to_slots; /* of a closed loop, in place of the rates */
    bool closed;
    int64_t for_ns;
};

struct plan_turns {      /* of a session */
    int32_t least, most; /* each number between is as likely; most 0: there are no sessions */
    double mean;         /* over 0: geometric with this mean */
};

struct plan_patience { /* when a client hangs up: so long after its release, or after so many tokens
                        */
    int64_t from, to;  /* ns or tokens; the same: always; else uniform between; 0: not stated */
    bool tokens;
};

enum { PLAN_MAX_COMPONENTS = 32 };

struct plan_component { /* of a mix: one kind of requests */
    const char *name;
    double share;               /* of the arrivals; 0: a replay, whose rows say it */
    const char *profile;        /* or "", and fixed lengths */
    const char *profile_digest; /* as in the plan */
    int32_t fixed_input, fixed_output, shared_prefix;
    const char *model; /* in place of target.model (an adapter's name); "": the same */
};

struct plan_swept { /* a key and the values that it takes, as a user would write them */
    const char *key;
    const char *const *values;
    size_t count;
};

enum { SEARCH_NOTHING, SEARCH_RATE, SEARCH_CONCURRENCY }; /* plan->search.key */

struct plan_override { /* --load.rate=4/s */
    const char *key, *value;
};

struct plan_pair { /* declared facts, gate overrides, extra request headers (whose
                    * value may be env:NAME or file:PATH: see plan_secret()) */
    const char *key, *value;
};

struct plan_require { /* what must hold of a fact: any of @wanted (plan/require.h) */
    const char *key;
    const char *const *wanted;
    size_t count;
};

struct plan {
    struct arena arena;
    const char *path; /* "" if from memory */
    const char *question, *family;
    struct plan_good *good;
    size_t good_count;
    enum regime regime;

    /* workload: exactly one of profile, fixed and mix */
    struct plan_component *mix;
    size_t mix_count;
    const char *profile;        /* a shipped name or a file; plan_profile() finds it */
    const char *profile_digest; /* SHA-256 in hex: what the plan was checked against */
    int32_t fixed_input, fixed_output;
    int32_t shared_prefix; /* workload.fixed.shared_prefix_tokens: one block for all, 0 none */
    int64_t slice_from_ns, slice_for_ns; /* slice_for_ns 0: whole */
    double scale_lengths, scale_rate;    /* 1: not scaled */

    struct { /* workload.sessions */
        struct plan_turns turns;
        int64_t think_ns; /* between an answer's end and the next turn */
        bool think_exponential;
    } sessions;

    bool calibrate; /* ask the target how it counts words before the run */

    struct {
        const char *url, *model, *name;
        enum api api;
        const char *path;          /* below the URL; "": the one of @api */
        const char *body_template; /* API_JSON: the text, also where the plan names a file */
        struct {                   /* API_JSON: what makes an answer good */
            const char *pointer, *equals;
            int32_t status; /* 0: any of 200 to 299 */
        } success;
        int32_t documents;                      /* API_RERANK: of a request; else 0 */
        const char *api_key_env, *api_key_file; /* at most one; the key itself is never here */
        bool stream;
        enum tristate ignore_eos,
            include_usage;        /* auto: sent where the engine is known to take it */
        enum tristate keep_alive; /* auto: reuse where this server was seen to keep connections */
        const char *unix_socket;  /* plan_beside() finds it; "": TCP */
        const char **sources;     /* our own addresses to go out from, checked; none: any */
        size_t source_count;
        bool own_connections; /* closed loop: each slot keeps one of its own */
        bool proxy;           /* the environment's, if it names one */
        enum plan_http http;
        int32_t http2_connections;
        const char *body; /* extra fields of the request: a JSON object, "": none */
        struct plan_pair *headers;
        size_t header_count;
        struct {
            const char *ca, *cert, *key; /* PEM files: plan_beside() finds them */
            bool verify, resume;
        } tls;
    } target;

    struct {
        enum arrivals arrivals;
        double speedup, rate_per_s, burstiness;
        int32_t concurrency;       /* closed loop */
        int64_t think_ns;          /* closed loop: rest of a slot between two requests; 0: none */
        bool think_exponential;    /* @think_ns is the mean of an exponential distribution */
        struct plan_stage *stages; /* in place of the rate; the duration is theirs */
        size_t stage_count;
        int32_t repeat;          /* how many times the stages follow each other */
        struct plan_stage *laps; /* all of them; set by plan_check() */
        size_t lap_count;
        int64_t opening_ns;    /* closed loop: over which new slots open; 0: at once */
        int64_t duration_ns;   /* 0: ends by requests (or the profile's end) */
        int64_t requests;      /* 0: ends by duration */
        int32_t max_in_flight; /* cap of the open loop; reaching it is recorded */
        int64_t timeout_ns, connect_timeout_ns, stall_timeout_ns;
        enum resend resend;
        int32_t threads;             /* I/O threads */
        const char *cpus;            /* for cpus_parse(): one a thread; "": not pinned */
        enum witness_by witness;     /* who else writes down when things arrive */
        enum stamped_by send_stamps; /* KERNEL: sending has the kernel's stamps, too */
        int64_t drain_timeout_ns;    /* how long after the last arrival answers are waited for */
        double temperature;
        double hang_up_share; /* of requests whose client hangs up; 0: none */
        struct plan_patience hang_up_after;
        int32_t capacity_requests; /* closed-loop pilot after the trials; 0: none */
        int32_t capacity_concurrency;
        int64_t self_test_ns; /* 0: none */
        double self_test_pace_per_s;
    } load;

    struct {
        int64_t period_ns;      /* of conditions */
        const char *engine_pid; /* listen, none, or the number */
        const char *cupti;      /* a folder: plan_beside() finds it; "": none */
        int32_t dispatch_hz;    /* samples a second and thread; 0: none */
        const char *metrics_url, *dcgm_url, *node_url; /* "": none given */
        int64_t metrics_period_ns;
    } probe;

    struct {
        int32_t count;
        const char *reset; /* none */
        int64_t pause_ns;  /* between trials */
    } trials;

    struct {
        enum warm_up warm_up;
        int64_t warm_up_ns;
        int64_t warm_up_requests;
        bool drain; /* throughput is counted up to the last arrival, not over the drain */
    } exclude;

    struct plan_require *stack_require, *system_require;
    size_t stack_require_count, system_require_count;
    enum on_violation on_violation;
    struct plan_pair *declare, *gates;
    size_t declare_count, gate_count;
    struct gate_limit limits[GATE_COUNT_]; /* gates@1 with the changes of @gates */
    struct plan_expect *expect;
    size_t expect_count;
    struct {
        double usd_per_hour; /* 0: not stated */
        const char *source, *as_of;
    } cost;
    struct { /* declared; 0: not stated */
        double parameters, bytes_per_parameter, kv_bytes_per_token;
    } model;
    const char **assume;
    size_t assume_count;
    uint64_t seed;

    struct {
        struct plan_swept *over; /* count 0: no sweep */
        size_t count;
        unsigned combine; /* 0 product, 1 zip */
        unsigned order;   /* 0 declared, 1 shuffled */
    } sweep;
    struct {
        unsigned key; /* SEARCH_NOTHING: no search */
        const char *from, *to;
        double from_load, to_load; /* the same as numbers: per second, slots */
        double resolution;
        int32_t repeats, steps;
    } search;

    /* What it was read from, for its steps (plan/steps.h). */
    const char *source;
    const struct plan_override *overrides;
    size_t override_count;

    const char *effective; /* canonical JSON of the effective plan, every default written out */
    struct digest digest;  /* of @effective */
};

/* Reads @path, applies @overrides, checks everything that can be checked without the target
 * (missing files, unknown profile names and contradictions included). -EINVAL with
 * "FILE:LINE: KEY: what is wrong; what would be right". Out-param untouched on failure. */
NODISCARD int plan_load(struct plan **ret, const char *path, const struct plan_override *overrides,
                        size_t override_count, struct err *err);
/* The same from text (YAML or the effective JSON); @name stands for the file in messages. */
NODISCARD int plan_parse(struct plan **ret, const char *text, const char *name,
                         const struct plan_override *overrides, size_t override_count,
                         struct err *err);
/* The effective plan as YAML for people, every default written out. Caller frees; NULL: no memory.
 */
char *plan_show(const struct plan *p);
void plan_free(struct plan *p);
DEFINE_AUTO(struct plan *, plan_free)

/* The plan's profile: a shipped name, else a file relative to the plan file's folder. -EINVAL if it
 * is not the one whose digest the plan carries. Only where @p->profile is not "". */
NODISCARD int plan_profile(struct profile *ret, const struct plan *p, struct err *err);
/* The same of any profile that the plan names; @digest "": whatever it holds. */
NODISCARD int plan_profile_named(struct profile *ret, const struct plan *p, const char *name,
                                 const char *digest, struct err *err);
/* "2/s", "2/s..8/s". */
struct stage_text {
    char text[90];
} stage_text(const struct plan_stage *s);
/* @path as seen from where the plan is: relative to its file's folder unless absolute. */
const char *plan_beside(char *buf, size_t size, const struct plan *p, const char *path);
/* What "env:NAME" or "file:PATH" (white space at its end cut) stands for: the API key, a header's
 * value. Never part of a message. Caller frees. */
NODISCARD int plan_secret(char **ret, const char *reference, struct err *err);
/* Splits the flag "--KEY=VALUE" in place: 1, and *@ret points into @arg; 0: no such flag. Whether
 * KEY is one is for plan_load() to say. */
int plan_flag(struct plan_override *ret, char *arg);

/* ",NAME:VALUE..." of target.body, for the end of a JSON object; nothing where there is none. */
struct str;
void plan_add_body(struct str *out, const struct plan *p);

/* The plan's JSON Schema, generated from the key table. Caller frees. */
char *plan_schema(void);
/* The key table as Markdown rows, for docs/formats/plan.md. Caller frees. */
char *plan_key_docs(void);
