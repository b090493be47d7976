/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fidelity_engine - asrun's load engine alone (lib/load into a ring, no recorder, no store)
 * against a reference server: tells what of asrun's distance from the floor is the engine's.
 * The same arguments and output as bench_fidelity; the times of events are kernel stamps where the
 * engine took one, as they are in evidence.
 */
#include "base/clock.h"
#include "base/units.h"
#include "load/load.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_RECORDS = 1 << 20, REQUEST_BYTES = 16 << 10 };

struct bench {
    int64_t port, streams, tokens, words, spread_ns;
    const char *id;
};

static size_t write_request(void *ctx, uint32_t index, char *buf, size_t cap)
{
    const struct bench *b = ctx;
    char body[REQUEST_BYTES / 2];
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"reference\",\"stream\":true,\"max_tokens\":%" PRId64
                     ",\"stream_options\":{\"include_usage\":true},\"messages\":"
                     "[{\"role\":\"user\",\"content\":\"request %" PRIu32,
                     b->tokens, index);

    for (int64_t w = 2; w < b->words; w++)
        n += snprintf(body + n, sizeof body - (size_t)n, " word");
    n += snprintf(body + n, sizeof body - (size_t)n, "\"}]}");
    return (size_t)snprintf(buf, cap,
                            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            "Content-Type: application/json\r\nX-Request-Id: %s%" PRIu32
                            "\r\nContent-Length: %d\r\n\r\n%s",
                            b->id, index, n, body);
}

static struct schedule *make_schedule(const struct bench *b)
{
    struct schedule *s = calloc(1, sizeof *s);
    size_t n = (size_t)b->streams;

    if (!s || !(s->items = calloc(n, sizeof *s->items)) ||
        !(s->trial_first = calloc(2, sizeof *s->trial_first)))
        return NULL; /* the process ends */
    s->count = n;
    s->trials = 1;
    s->trial_first[1] = n;
    for (size_t i = 0; i < n; i++)
        s->items[i] = (struct item){.at_ns = b->spread_ns / b->streams * (int64_t)i,
                                    .input_tokens = (int32_t)b->words,
                                    .output_tokens = (int32_t)b->tokens,
                                    .trigger = TRIGGER_AT};
    return s;
}

static struct load_config make_config(struct bench *b, const struct schedule *s,
                                      struct ring *const *rings)
{
    struct load_config c = {.schedule = s,
                            .count = s->count,
                            .start_ns = clock_mono_ns() + 200 * NS_PER_MS,
                            .max_in_flight = (int32_t)b->streams,
                            .timeout_ns = 60 * NS_PER_S,
                            .connect_timeout_ns = 5 * NS_PER_S,
                            .stall_timeout_ns = 10 * NS_PER_S,
                            .drain_timeout_ns = 30 * NS_PER_S,
                            .resend_stale = true,
                            .stream = true,
                            .rings = rings,
                            .threads = 1};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(&c.target.address, &a, sizeof a);
    c.target.address_len = sizeof a;
    c.render = (struct load_render){write_request, b, REQUEST_BYTES};
    return c;
}

struct sample { /* of the records so far */
    int64_t due_ns, released_ns, index;
};

static void print_record(const struct bench *b, struct sample *s, const struct rec *r)
{
    if (r->type == REC_EVENT) {
        printf("%s%" PRIu32 " %" PRId64 " %" PRId64 "\n", b->id, r->sample, s->index++, r->time_ns);
    } else if (r->type == REC_POINT && r->kind == POINT_DUE) {
        s->due_ns = r->time_ns;
    } else if (r->type == REC_POINT && r->kind == POINT_RELEASED) {
        s->released_ns = r->time_ns;
    } else if (r->type == REC_POINT && r->kind == POINT_SENT) {
        printf("%s%" PRIu32 " request %" PRId64 " %" PRId64 " %" PRId64 "\n", b->id, r->sample,
               s->due_ns, s->released_ns, r->time_ns);
    }
}

static int print_results(const struct bench *b, const struct ring *ring)
{
    AUTO(free) struct sample *samples = calloc((size_t)b->streams, sizeof *samples);
    int64_t failed = 0;

    if (!samples)
        return 1;
    for (uint64_t at = ring_tail(ring); at < ring_head(ring); at++) {
        const struct rec *r = ring_at(ring, at);

        print_record(b, &samples[r->sample], r);
        failed += r->type == REC_END && r->kind != OUTCOME_OK;
    }
    if (failed > 0 || ring_lost(ring) > 0)
        fprintf(stderr, "failed %" PRId64 " lost %" PRIu64 "\n", failed, ring_lost(ring));
    return failed > 0 || ring_lost(ring) > 0;
}

static int parse(struct bench *b, int argc, char **argv)
{
    static const struct option keys[] = {{"port", required_argument, NULL, 'p'},
                                         {"streams", required_argument, NULL, 'n'},
                                         {"tokens", required_argument, NULL, 't'},
                                         {"words", required_argument, NULL, 'w'},
                                         {"spread", required_argument, NULL, 's'},
                                         {"id", required_argument, NULL, 'i'},
                                         {0}};
    int r = 0;

    for (int k; r == 0 && (k = getopt_long(argc, argv, "", keys, NULL)) != -1;) {
        int64_t *count = k == 'p'   ? &b->port
                         : k == 'n' ? &b->streams
                         : k == 't' ? &b->tokens
                                    : &b->words;

        if (k == 'i')
            b->id = optarg;
        else if (k == 's')
            r = units_duration(&b->spread_ns, optarg);
        else
            r = k == '?' ? -EINVAL : units_i64(count, optarg);
    }
    return r < 0 || b->port <= 0 || b->streams <= 0 || b->tokens <= 0 || b->words > 1000 ? -EINVAL
                                                                                         : 0;
}

static int measure(struct bench *b, struct ring *ring)
{
    struct ring *const rings[] = {ring};
    AUTO(schedule_free) struct schedule *s = make_schedule(b);
    struct load_control control = {0};
    struct load_report report;
    struct load_config config;
    struct err err = {0};

    if (!s)
        return 1;
    config = make_config(b, s, rings);
    if (load_run(&report, &config, &control, &err) < 0) {
        fprintf(stderr, "bench_fidelity_engine: %s\n", err.text);
        return 1;
    }
    fprintf(stderr,
            "run_delay_ms %.3f cpu_s %.2f fifo %d reused %" PRIu64 " kernel stamps %" PRIu64
            " user stamps %" PRIu64 "\n",
            (double)report.run_delay_ns / 1e6, (double)report.cpu_ns / 1e9, report.fifo,
            report.reused, report.kernel_stamps, report.user_stamps);
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench b = {
        .streams = 500, .tokens = 100, .words = 28, .spread_ns = 2 * NS_PER_S, .id = "engine-"};
    size_t bytes = (ring_bytes(RING_RECORDS) + 63) / 64 * 64;
    AUTO(free) void *memory = aligned_alloc(64, bytes);
    struct ring ring;

    if (parse(&b, argc, argv) < 0) {
        fputs("bench_fidelity_engine --port P [--streams N] [--tokens N] [--words N] [--spread D] "
              "[--id PREFIX]\n",
              stderr);
        return 2;
    }
    if (!memory)
        return 1;
    memset(memory, 0, bytes); /* faulted in before the start */
    ring_create(&ring, memory, RING_RECORDS);
    return measure(&b, &ring) != 0 || print_results(&b, &ring) != 0;
}
