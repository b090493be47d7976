/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/keys.h"
#include "plan/plan.h"
#include "plan/template.h"

#define HOUR_NS 3600e9
#define WEEK_NS (7 * 24 * HOUR_NS)
#define AT(f) (long)offsetof(struct plan, f)
#define GOOD(f) (long)offsetof(struct plan_good, f)
#define EXPECT(f) (long)offsetof(struct plan_expect, f)
#define MIX(f) (long)offsetof(struct plan_component, f)
#define STAGE(f) (long)offsetof(struct plan_stage, f)
#define NONE KEY_NO_FIELD

/* The order of an enum key's words is the order of the enum; "" stands for its unstated value. */
static const char *const regimes[] = {"", "latency", "throughput", "cost", NULL};
static const char *const apis[] = {"chat",   "completions", "responses", "embeddings",
                                   "rerank", "json",        NULL};
static const char *const arrivals[] = {"replay", "poisson", "gamma", "constant", "closed", NULL};
static const char *const https[] = {"1.1", "2", "auto", NULL};
static const char *const resends[] = {"stale", "none", NULL};
static const char *const witnesses[] = {"none", "packets", NULL};
static const char *const stamped_by[] = {"user", "kernel", NULL};
static const char *const combines[] = {"product", "zip", NULL};
static const char *const orders[] = {"declared", "shuffled", NULL};
static const char *const searched[] = {"", "load.rate", "load.concurrency", NULL};
static const char *const on_violations[] = {"stop", "go", NULL};
static const char *const only_none[] = {"none", NULL};

static const struct key keys[] = {
    {"asrun", KEY_VERSION, NULL, 1, 1, NULL, NONE, NONE,
     "version of this format; required, always 1"},
    {"question", KEY_TEXT, NULL, 0, 0, NULL, AT(question), NONE,
     "what is to be decided, in the words of the one who asks"},
    {"good", KEY_GOOD, NULL, 0, 0, NULL, AT(good), AT(good_count),
     "what a good answer is: limits on metrics; without any, nothing is claimed"},
    {"good[].metric", KEY_METRIC, NULL, 0, 0, NULL, GOOD(metric), NONE,
     "a metric definition id; required"},
    {"good[].percentile", KEY_PERCENTILE, NULL, 0, 100, NULL, GOOD(percentile), NONE,
     "99 for p99; not stated: the mean, or the metric's single value"},
    {"good[].at_most", KEY_LIMIT, NULL, 0, 0, NULL, GOOD(at_most), GOOD(has_at_most),
     "upper limit, in the metric's unit"},
    {"good[].at_least", KEY_LIMIT, NULL, 0, 0, NULL, GOOD(at_least), GOOD(has_at_least),
     "lower limit, in the metric's unit"},
    {"good[].slo", KEY_SLO, NULL, 0, 0, NULL, GOOD(slo), GOOD(slo_count),
     "for goodput@1 and slo_attainment@1: the limits that one request must meet, METRIC: DURATION"},
    {"regime", KEY_ENUM, NULL, 0, 0, regimes, AT(regime), NONE, "what the system is optimised for"},
    {"workload.family", KEY_TEXT, NULL, 0, 0, NULL, AT(family), NONE,
     "what kind of work this is, in words: chat, one turn"},
    {"workload.profile", KEY_TEXT, NULL, 0, 0, NULL, AT(profile), NONE,
     "a shipped profile's name, or a profile file (relative to the plan); exactly one of profile "
     "and fixed"},
    {"workload.profile_digest", KEY_DIGEST, NULL, 0, 0, NULL, AT(profile_digest), NONE,
     "SHA-256 of the profile; written into the effective plan, it pins the profile's content"},
    {"workload.fixed.input_tokens", KEY_COUNT, NULL, 1, 10e6, NULL, AT(fixed_input), NONE,
     "prompt length of every request"},
    {"workload.fixed.output_tokens", KEY_COUNT, NULL, 1, 10e6, NULL, AT(fixed_output), NONE,
     "answer length of every request"},
    {"workload.fixed.shared_prefix_tokens", KEY_COUNT, "0", 0, 10e6, NULL, AT(shared_prefix), NONE,
     "leading tokens that all prompts of a trial share"},
    {"workload.mix", KEY_MIX, NULL, 0, 0, NULL, AT(mix), AT(mix_count),
     "several kinds of requests in place of profile or fixed, each with its share"},
    {"workload.mix[].name", KEY_TEXT, NULL, 0, 0, NULL, MIX(name), NONE,
     "what this kind is called; required"},
    {"workload.mix[].share", KEY_RATIO, NULL, 1e-6, 1, NULL, MIX(share), NONE,
     "share of the requests that are of this kind, all together 100%; not of a replay, which takes "
     "every row of each profile at its time"},
    {"workload.mix[].profile", KEY_TEXT, NULL, 0, 0, NULL, MIX(profile), NONE,
     "as workload.profile; exactly one of profile and lengths"},
    {"workload.mix[].profile_digest", KEY_DIGEST, NULL, 0, 0, NULL, MIX(profile_digest), NONE,
     "as workload.profile_digest"},
    {"workload.mix[].input_tokens", KEY_COUNT, NULL, 1, 10e6, NULL, MIX(fixed_input), NONE,
     "prompt length of every request of this kind"},
    {"workload.mix[].output_tokens", KEY_COUNT, NULL, 1, 10e6, NULL, MIX(fixed_output), NONE,
     "answer length of every request of this kind"},
    {"workload.mix[].shared_prefix_tokens", KEY_COUNT, "0", 0, 10e6, NULL, MIX(shared_prefix), NONE,
     "leading tokens that all its prompts of a trial share"},
    {"workload.mix[].model", KEY_TEXT, NULL, 0, 0, NULL, MIX(model), NONE,
     "the model that these requests ask for, an adapter (LoRA) for example; default: target.model"},
    {"workload.slice.from", KEY_DURATION, "0", 0, 520 * WEEK_NS, NULL, AT(slice_from_ns), NONE,
     "where in the profile to begin"},
    {"workload.slice.for", KEY_DURATION, NULL, 1, 520 * WEEK_NS, NULL, AT(slice_for_ns), NONE,
     "how much of the profile to use; not stated: to its end"},
    {"workload.scale.lengths", KEY_RATIO, "1", 1e-6, 1000, NULL, AT(scale_lengths), NONE,
     "factor on all lengths of the profile; a gap that the claim names"},
    {"workload.scale.rate", KEY_RATIO, "1", 1e-6, 1000, NULL, AT(scale_rate), NONE,
     "factor on the profile's arrival rate; a gap that the claim names"},
    {"workload.sessions.turns", KEY_TURNS, NULL, 0, 0, NULL, AT(sessions.turns), NONE,
     "what arrives is a session of so many turns, each with the turns before it as its history: "
     "always as many, each number of a range as often, or geometric with a mean; not stated: "
     "single requests"},
    {"workload.sessions.think_time", KEY_THINK, "0", 0, WEEK_NS, NULL, AT(sessions.think_ns),
     AT(sessions.think_exponential),
     "from the end of an answer to the session's next turn: always as long, or exponentially "
     "distributed with this mean"},
    {"workload.calibrate", KEY_BOOL, "true", 0, 0, NULL, AT(calibrate), NONE,
     "before the run, a few one-token requests tell how the target counts words; false: one "
     "token a word"},
    {"target.url", KEY_URL, NULL, 0, 0, NULL, AT(target.url), NONE,
     "base of the API, as in http://127.0.0.1:8080/v1 or https://HOST/v1; required"},
    {"target.api", KEY_ENUM, "chat", 0, 0, apis, AT(target.api), NONE,
     "which endpoint: /chat/completions, /completions, /responses, /embeddings, /rerank, or a JSON "
     "POST of the plan's own (path, body_template, success)"},
    {"target.path", KEY_TEXT, NULL, 0, 0, NULL, AT(target.path), NONE,
     "path below url: /v2/models/NAME/infer; default: the endpoint's own; json: required"},
    {"target.body_template", KEY_TEXT, NULL, 0, 0, NULL, AT(target.body_template), NONE,
     "json: the body, or file:PATH (relative to the plan), with " TEMPLATE_NAMES},
    {"target.success.pointer", KEY_TEXT, NULL, 0, 0, NULL, AT(target.success.pointer), NONE,
     "json: what a good answer holds, a JSON pointer: /outputs/0/data; default: any JSON"},
    {"target.success.equals", KEY_TEXT, NULL, 0, 0, NULL, AT(target.success.equals), NONE,
     "json: its value (a text, a number, true or false); default: anything but null"},
    {"target.success.status", KEY_COUNT, NULL, 200, 299, NULL, AT(target.success.status), NONE,
     "json: the HTTP status of a good answer; default: any of 200 to 299"},
    {"target.documents", KEY_COUNT, NULL, 1, 1000, NULL, AT(target.documents), NONE,
     "rerank: documents of a request; the query and they are equal parts of the prompt; default: "
     "8"},
    {"target.model", KEY_TEXT, NULL, 0, 0, NULL, AT(target.model), NONE,
     "the model's name, as the target knows it; required"},
    {"target.name", KEY_TEXT, NULL, 0, 0, NULL, AT(target.name), NONE,
     "what people call this target"},
    {"target.api_key", KEY_SECRET, NULL, 0, 0, NULL, AT(target.api_key_env),
     AT(target.api_key_file), "where the API key is: env:NAME or file:PATH; never the key"},
    {"target.stream", KEY_BOOL, "true", 0, 0, NULL, AT(target.stream), NONE,
     "ask for a stream of server-sent events"},
    {"target.ignore_eos", KEY_TRISTATE, "auto", 0, 0, NULL, AT(target.ignore_eos), NONE,
     "ask the engine to go on to the requested length; auto: where it is known to understand"},
    {"target.include_usage", KEY_TRISTATE, "auto", 0, 0, NULL, AT(target.include_usage), NONE,
     "ask for token counts at the end of a stream; auto: where it is known to understand"},
    {"target.keep_alive", KEY_TRISTATE, "auto", 0, 0, NULL, AT(target.keep_alive), NONE,
     "reuse connections; auto: where this server was seen to keep them"},
    {"target.unix_socket", KEY_TEXT, NULL, 0, 0, NULL, AT(target.unix_socket), NONE,
     "a Unix socket (relative to the plan) to connect to; url's host is then only the Host header"},
    {"target.source_addresses", KEY_TEXTS, NULL, 0, 0, NULL, AT(target.sources),
     AT(target.source_count),
     "addresses of this host that connections go out from, in turn: each has its own local ports"},
    {"target.connection_per_slot", KEY_BOOL, "false", 0, 0, NULL, AT(target.own_connections), NONE,
     "closed: each slot keeps a connection of its own; else any request takes any idle one"},
    {"target.proxy", KEY_BOOL, "false", 0, 0, NULL, AT(target.proxy), NONE,
     "http: go through the proxy that http_proxy names, unless no_proxy names the host"},
    {"target.http", KEY_ENUM, "1.1", 0, 0, https, AT(target.http), NONE,
     "HTTP version; auto: 2 where an https target agrees to it; 2 of an http target: without "
     "asking"},
    {"target.http2.connections", KEY_COUNT, "1", 1, 1024, NULL, AT(target.http2_connections), NONE,
     "HTTP/2: over how many connections a trial's requests are spread"},
    {"target.body", KEY_BODY, NULL, 0, 0, NULL, AT(target.body), NONE,
     "all but json: extra fields of each request's JSON, NAME: any value"},
    {"target.headers", KEY_MAP, NULL, 0, 0, NULL, AT(target.headers), AT(target.header_count),
     "extra request headers; a secret value is env:NAME or file:PATH"},
    {"target.tls.ca", KEY_TEXT, NULL, 0, 0, NULL, AT(target.tls.ca), NONE,
     "https: a PEM file (relative to the plan) of the CAs to trust instead of the system's"},
    {"target.tls.cert", KEY_TEXT, NULL, 0, 0, NULL, AT(target.tls.cert), NONE,
     "https: a PEM file (relative to the plan) with the client's certificate"},
    {"target.tls.key", KEY_TEXT, NULL, 0, 0, NULL, AT(target.tls.key), NONE,
     "https: a PEM file (relative to the plan) with its private key, not encrypted; default: it is "
     "in cert"},
    {"target.tls.verify", KEY_BOOL, "true", 0, 0, NULL, AT(target.tls.verify), NONE,
     "https: verify the target's certificate and name; false is a gap that the claim names"},
    {"target.tls.session_resumption", KEY_BOOL, "false", 0, 0, NULL, AT(target.tls.resume), NONE,
     "https: a new connection resumes an earlier TLS session if the target lets it"},
    {"load.arrivals", KEY_ENUM, NULL, 0, 0, arrivals, AT(load.arrivals), NONE,
     "how requests arrive; default: replay of a profile that has arrivals, else gamma with the "
     "learned burstiness for 5m"},
    {"load.speedup", KEY_NUMBER, "1", 1e-6, 1e6, NULL, AT(load.speedup), NONE,
     "replay: how many times faster than production"},
    {"load.rate", KEY_RATE, NULL, 1e-6, 1e6, NULL, AT(load.rate_per_s), NONE,
     "poisson, gamma, constant: mean arrival rate; default: the profile's own times scale.rate"},
    {"load.burstiness", KEY_NUMBER, "1", 0.01, 1000, NULL, AT(load.burstiness), NONE,
     "gamma: the shape, 1 / (coefficient of variation of the gaps)^2; 1 is poisson, less is "
     "burstier"},
    {"load.concurrency", KEY_COUNT, NULL, 1, 100000, NULL, AT(load.concurrency), NONE,
     "closed: how many requests are out at any time"},
    {"load.think_time", KEY_THINK, "0", 0, WEEK_NS, NULL, AT(load.think_ns),
     AT(load.think_exponential),
     "closed: how long a slot rests after an answer: always as long, or exponentially distributed "
     "with this mean"},
    {"load.stages", KEY_STAGES, NULL, 0, 0, NULL, AT(load.stages), AT(load.stage_count),
     "rates (closed: concurrencies) one after the other, in place of rate (concurrency) and "
     "duration; not for replay"},
    {"load.stages[].rate", KEY_RAMP, NULL, 0, 1e6, NULL, STAGE(from_per_s), STAGE(to_per_s),
     "poisson, gamma, constant: mean arrival rate, or a ramp; 0/s: a pause"},
    {"load.stages[].concurrency", KEY_SLOTS, NULL, 0, 100000, NULL, STAGE(from_slots),
     STAGE(to_slots), "closed: how many requests are out, or a ramp; 0: a pause"},
    {"load.stages[].for", KEY_DURATION, NULL, 1e6, WEEK_NS, NULL, STAGE(for_ns), NONE,
     "how long the stage lasts; required"},
    {"load.repeat", KEY_COUNT, "1", 1, 100000, NULL, AT(load.repeat), NONE,
     "how many times the stages follow each other: bursts"},
    {"load.opening", KEY_DURATION, "0", 0, HOUR_NS, NULL, AT(load.opening_ns), NONE,
     "closed: slots that the start or a stage adds open evenly over this time; 0: all at once, a "
     "wave"},
    {"load.duration", KEY_DURATION, NULL, 1e6, WEEK_NS, NULL, AT(load.duration_ns), NONE,
     "how long a trial sends requests; or requests"},
    {"load.requests", KEY_COUNT64, NULL, 1, 50e6, NULL, AT(load.requests), NONE,
     "how many requests a trial sends; or duration"},
    {"load.max_in_flight", KEY_COUNT, "1024", 1, 65536, NULL, AT(load.max_in_flight), NONE,
     "open loop: most requests out at a time; reaching it is recorded"},
    {"load.timeout", KEY_DURATION, "120s", 1e6, 24 * HOUR_NS, NULL, AT(load.timeout_ns), NONE,
     "most time for one request, from its first byte sent"},
    {"load.connect_timeout", KEY_DURATION, "10s", 1e6, HOUR_NS, NULL, AT(load.connect_timeout_ns),
     NONE, "most time to connect"},
    {"load.stall_timeout", KEY_DURATION, "30s", 1e6, 24 * HOUR_NS, NULL, AT(load.stall_timeout_ns),
     NONE, "most time between two pieces of an answer"},
    {"load.resend", KEY_ENUM, "stale", 0, 0, resends, AT(load.resend), NONE,
     "stale: a request that a reused, silently closed connection lost is sent once more, and "
     "counted; none: never"},
    {"load.threads", KEY_COUNT, "1", 1, 64, NULL, AT(load.threads), NONE,
     "threads that send and receive"},
    {"load.cpus", KEY_TEXT, NULL, 0, 0, NULL, AT(load.cpus), NONE,
     "CPUs for these threads, one each, which the rest of asrun then keeps off: 1, or 2-5,8; not "
     "stated: where the system puts them"},
    {"load.witness", KEY_ENUM, "none", 0, 0, witnesses, AT(load.witness), NONE,
     "packets: beside the run the kernel's capture of the target's port gives each sample a second "
     "series of times (claim --stamps=wire); plain http only, needs CAP_NET_RAW"},
    {"load.send_stamps", KEY_ENUM, "user", 0, 0, stamped_by, AT(load.send_stamps), NONE,
     "kernel: each request also has the kernel's stamp of when it left (sent_kernel_ns); plain "
     "http "
     "over TCP only"},
    {"load.drain_timeout", KEY_DURATION, "60s", 0, 24 * HOUR_NS, NULL, AT(load.drain_timeout_ns),
     NONE, "how long answers are awaited after the last arrival"},
    {"load.temperature", KEY_NUMBER, "0", 0, 2, NULL, AT(load.temperature), NONE,
     "sampling temperature that is asked for"},
    {"load.hang_up.share", KEY_RATIO, NULL, 1e-6, 1, NULL, AT(load.hang_up_share), NONE,
     "share of requests whose client hangs up before the answer is complete, drawn from the seed; "
     "not stated: none"},
    {"load.hang_up.after", KEY_PATIENCE, NULL, 0, 0, NULL, AT(load.hang_up_after), NONE,
     "when it hangs up: after so many content events of the answer, or so long after its release"},
    {"load.capacity.requests", KEY_COUNT, "0", 0, 1e6, NULL, AT(load.capacity_requests), NONE,
     "after the trials, a closed loop of this many requests of the same kind measures capacity, "
     "and the claim says which share of it was offered; 0: not measured"},
    {"load.capacity.concurrency", KEY_COUNT, "16", 1, 100000, NULL, AT(load.capacity_concurrency),
     NONE, "how many requests the capacity pilot keeps out"},
    {"load.self_test.for", KEY_DURATION, "2s", 0, 60e9, NULL, AT(load.self_test_ns), NONE,
     "how long the client is tested before the run, against a null server on its own host: what it "
     "can do and what it adds; 0: not tested, and the claim says so"},
    {"load.self_test.pace", KEY_RATE, "50/s", 0.1, 1e6, NULL, AT(load.self_test_pace_per_s), NONE,
     "events a second of one answer in that test: the speed at which the target is expected to "
     "answer"},
    {"probe.period", KEY_DURATION, "1s", 10e6, HOUR_NS, NULL, AT(probe.period_ns), NONE,
     "how often the conditions of host, client and engine are sampled while the run goes on"},
    {"probe.metrics_url", KEY_URL, NULL, 0, 0, NULL, AT(probe.metrics_url), NONE,
     "the engine's metrics page, as in http://HOST:8002/metrics; default: the engine's usual place "
     "on the target"},
    {"probe.metrics_period", KEY_DURATION, "1s", 100e6, HOUR_NS, NULL, AT(probe.metrics_period_ns),
     NONE, "how often metrics pages are read while the run goes on"},
    {"probe.dcgm_url", KEY_URL, NULL, 0, 0, NULL, AT(probe.dcgm_url), NONE,
     "a DCGM exporter of the target's host, as in http://HOST:9400/metrics"},
    {"probe.node_url", KEY_URL, NULL, 0, 0, NULL, AT(probe.node_url), NONE,
     "a Prometheus node exporter of the target's host, as in http://HOST:9100/metrics"},
    {"probe.engine_pid", KEY_TEXT, "listen", 0, 0, NULL, AT(probe.engine_pid), NONE,
     "the engine's process, where it runs on this host: its pid; listen: whoever listens on the "
     "target's address; none: it is not looked for"},
    {"probe.dispatch", KEY_COUNT, "99", 0, 1000, NULL, AT(probe.dispatch_hz), NONE,
     "how often a second of CPU time each of the engine's threads is sampled for what it executes; "
     "0: never"},
    {"probe.cupti", KEY_TEXT, NULL, 0, 0, NULL, AT(probe.cupti), NONE,
     "folder (relative to the plan) where the engine's processes, run with libasrun-cupti.so, "
     "leave what they launch on NVIDIA GPUs; not stated: kernels are not looked for"},
    {"trials.count", KEY_COUNT, "1", 1, 1000, NULL, AT(trials.count), NONE,
     "repetitions; one trial can't say more than a snapshot"},
    {"trials.reset", KEY_TEXT, "none", 0, 0, only_none, AT(trials.reset), NONE,
     "what is reset between trials"},
    {"trials.pause", KEY_DURATION, "0", 0, 24 * HOUR_NS, NULL, AT(trials.pause_ns), NONE,
     "rest between trials"},
    {"exclude.warm_up", KEY_WARM_UP, "first 30s", 0, 0, NULL, AT(exclude.warm_up), NONE,
     "what of each trial is not counted: first DURATION, first COUNT, or none"},
    {"exclude.one_off", KEY_WORD, "none", 0, 0, only_none, NONE, NONE,
     "rule for one-off disturbances"},
    {"exclude.drain", KEY_BOOL, "true", 0, 0, NULL, AT(exclude.drain), NONE,
     "throughput counts up to the last arrival, not over the drain"},
    {"stack.require", KEY_REQUIRE, NULL, 0, 0, NULL, AT(stack_require), AT(stack_require_count),
     "what must hold of the stack, checked against facts before the first request: a text, a "
     "pattern, a comparison, or a list of them"},
    {"stack.on_violation", KEY_ENUM, "stop", 0, 0, on_violations, AT(on_violation), NONE,
     "where a fact contradicts a requirement, of the system too: stop before the first request, or "
     "go on and let the claim say so"},
    {"system.require", KEY_REQUIRE, NULL, 0, 0, NULL, AT(system_require), AT(system_require_count),
     "the same of the system"},
    {"declare", KEY_MAP, NULL, 0, 0, NULL, AT(declare), AT(declare_count),
     "facts that only the user knows, FACT: VALUE, as in precision: bf16"},
    {"expect", KEY_EXPECT, NULL, 0, 0, NULL, AT(expect), AT(expect_count),
     "what one expects to see; printed beside what was seen, never a claim"},
    {"expect[].metric", KEY_METRIC, NULL, 0, 0, NULL, EXPECT(metric), NONE,
     "a metric definition id; required"},
    {"expect[].percentile", KEY_PERCENTILE, NULL, 0, 100, NULL, EXPECT(percentile), NONE,
     "99 for p99; not stated: the mean, or the metric's single value"},
    {"expect[].value", KEY_LIMIT, NULL, 0, 0, NULL, EXPECT(value), NONE,
     "in the metric's unit; required"},
    {"expect[].source", KEY_TEXT, NULL, 0, 0, NULL, EXPECT(source), NONE, "who says so, and where"},
    {"expect[].published", KEY_BOOL, "false", 0, 0, NULL, EXPECT(published), NONE,
     "somebody's document says so; else the user does"},
    {"cost.usd_per_hour", KEY_NUMBER, NULL, 1e-9, 1e9, NULL, AT(cost.usd_per_hour), NONE,
     "price of the system"},
    {"cost.source", KEY_TEXT, NULL, 0, 0, NULL, AT(cost.source), NONE, "where the price is from"},
    {"cost.as_of", KEY_TEXT, NULL, 0, 0, NULL, AT(cost.as_of), NONE, "date of the price"},
    {"model.parameters", KEY_NUMBER, NULL, 1, 1e15, NULL, AT(model.parameters), NONE,
     "of the model, declared: where its files can't be read"},
    {"model.bytes_per_parameter", KEY_NUMBER, NULL, 1e-3, 64, NULL, AT(model.bytes_per_parameter),
     NONE, "mean over its weights: 2 for bf16"},
    {"model.kv_bytes_per_token", KEY_NUMBER, NULL, 1e-3, 1e12, NULL, AT(model.kv_bytes_per_token),
     NONE, "keys and values of one token, all layers"},
    {"gates", KEY_MAP, NULL, 0, 0, NULL, AT(gates), AT(gate_count),
     "changed limits of gates@1, GATE.warn or GATE.refuse: VALUE; each is named in the claim"},
    {"assume", KEY_TEXTS, NULL, 0, 0, NULL, AT(assume), AT(assume_count),
     "what is taken for granted, one sentence each"},
    {"sweep.over", KEY_SWEEP, NULL, 0, 0, NULL, AT(sweep.over), AT(sweep.count),
     "keys with the values that they take, step by step: KEY: [VALUE, ...] or KEY: {from, to, and "
     "step, factor or count}; the result is a map"},
    {"sweep.combine", KEY_ENUM, "product", 0, 0, combines, AT(sweep.combine), NONE,
     "several keys: every combination, the last key fastest; or zip, the first values together, "
     "then the second ones"},
    {"sweep.order", KEY_ENUM, "declared", 0, 0, orders, AT(sweep.order), NONE,
     "order of the steps; shuffled, from the seed: a drift does not look like an effect"},
    {"search.key", KEY_ENUM, NULL, 0, 0, searched, AT(search.key), NONE,
     "find the highest value of this key that meets good"},
    {"search.from", KEY_TEXT, NULL, 0, 0, NULL, AT(search.from), NONE,
     "lowest load, tried first: 1/s, or 1 for load.concurrency"},
    {"search.to", KEY_TEXT, NULL, 0, 0, NULL, AT(search.to), NONE, "highest load to be tried"},
    {"search.resolution", KEY_RATIO, "5%", 0.001, 1, NULL, AT(search.resolution), NONE,
     "how close the highest load that meets good and the lowest that does not shall come"},
    {"search.repeats", KEY_COUNT, "2", 0, 10, NULL, AT(search.repeats), NONE,
     "how often a load that can't be told is tried again, each time with twice the trials"},
    {"search.steps", KEY_COUNT, "30", 1, 1000, NULL, AT(search.steps), NONE,
     "most steps of a search"},
    {"seed", KEY_SEED, "1", 0, 9223372036854774784.0, NULL, AT(seed), NONE,
     "of arrivals, lengths and prompts"},
};

static_assert(COUNT_OF(keys) <= KEY_MAX, "raise KEY_MAX");

const struct key *key_at(size_t i)
{
    return i < COUNT_OF(keys) ? &keys[i] : NULL;
}

size_t key_index(const struct key *k)
{
    return (size_t)(k - keys);
}
