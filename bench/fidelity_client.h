/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/fidelity_client.h - what the clients of bench/fidelity.sh have in common: the same options,
 * the same requests on the same schedule, the same lines of results. For each stream, on stdout,
 *   ID request DUE_NS RELEASED_NS SENT_NS     and     ID INDEX TIME_NS    for each event,
 * and on stderr its run-queue delay and CPU. Events are a role, the tokens, finish, usage and
 * [DONE]: a stream that brought that many is complete. Included by one source a program.
 */
#pragma once
#include "base/clock.h"
#include "base/fs.h"
#include "base/units.h"
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { FRAME_EVENTS = 4, REQUEST_BYTES = 20 << 10 };

struct client_options {
    int64_t port, streams, tokens, words, spread_ns, spin_ns;
    const char *id;
    bool fifo;
};

struct stream_times {
    int64_t due_ns, released_ns, sent_ns;
    int64_t *events;
    int64_t count;
};

static inline int64_t events_of(const struct client_options *o)
{
    return o->tokens + FRAME_EVENTS;
}

static inline int write_body(const struct client_options *o, int64_t i, char *body, size_t cap)
{
    int n = snprintf(body, cap,
                     "{\"model\":\"reference\",\"stream\":true,\"max_tokens\":%" PRId64
                     ",\"stream_options\":{\"include_usage\":true},\"messages\":"
                     "[{\"role\":\"user\",\"content\":\"request %" PRId64,
                     o->tokens, i);

    for (int64_t w = 2; w < o->words; w++)
        n += snprintf(body + n, cap - (size_t)n, " word");
    return n + snprintf(body + n, cap - (size_t)n, "\"}]}");
}

static inline size_t write_request(const struct client_options *o, int64_t i, char *buf, size_t cap)
{
    char body[16 << 10];
    int n = write_body(o, i, body, sizeof body);

    return (size_t)snprintf(buf, cap,
                            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            "Content-Type: application/json\r\nX-Request-Id: %s%" PRId64
                            "\r\nContent-Length: %d\r\n\r\n%s",
                            o->id, i, n, body);
}

/* Times of @o->streams streams, due evenly over the spread, with room for their events; NULL: no
 * memory. Never freed: the process ends. */
static inline struct stream_times *make_times(const struct client_options *o)
{
    size_t n = (size_t)o->streams, room = (size_t)events_of(o);
    struct stream_times *all = calloc(n, sizeof *all);
    int64_t start, *times = malloc(n * room * sizeof *times);

    if (!all || !times)
        return NULL;
    memset(times, 0, n * room * sizeof *times); /* faulted in before the start */
    start = clock_mono_ns() + 100 * NS_PER_MS;
    for (size_t i = 0; i < n; i++) {
        all[i].events = times + i * room;
        all[i].due_ns = start + o->spread_ns / o->streams * (int64_t)i;
    }
    return all;
}

static inline void be_punctual(bool fifo)
{
    const struct sched_param p = {.sched_priority = 20};
    struct rlimit r;

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (fifo && sched_setscheduler(0, SCHED_FIFO, &p) < 0)
        fputs("SCHED_FIFO was denied\n", stderr);
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

static inline int64_t run_delay_ns(void)
{
    char line[128];
    int64_t ran, waited;

    if (fs_read_line(line, sizeof line, "/proc/thread-self/schedstat") < 0 ||
        sscanf(line, "%" SCNd64 " %" SCNd64, &ran, &waited) != 2)
        return -1;
    return waited;
}

/* Of the process so far, on stderr; before anything is printed on stdout. */
static inline void print_costs(int64_t delay_ns, int64_t failed)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    fprintf(stderr, "run_delay_ms %.3f cpu_s %.2f failed %" PRId64 "\n", (double)delay_ns / 1e6,
            (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
            failed);
}

static inline void print_times(const struct client_options *o, const struct stream_times *all)
{
    for (int64_t i = 0; i < o->streams; i++) {
        const struct stream_times *s = &all[i];

        printf("%s%" PRId64 " request %" PRId64 " %" PRId64 " %" PRId64 "\n", o->id, i, s->due_ns,
               s->released_ns, s->sent_ns);
        for (int64_t k = 0; k < s->count; k++)
            printf("%s%" PRId64 " %" PRId64 " %" PRId64 "\n", o->id, i, k, s->events[k]);
    }
}

/* Fills @o over its defaults; -EINVAL after words on stderr. */
static inline int parse_client(struct client_options *o, int argc, char **argv)
{
    static const struct option keys[] = {{"port", required_argument, NULL, 'p'},
                                         {"streams", required_argument, NULL, 'n'},
                                         {"tokens", required_argument, NULL, 't'},
                                         {"words", required_argument, NULL, 'w'},
                                         {"spread", required_argument, NULL, 's'},
                                         {"spin", required_argument, NULL, 'x'},
                                         {"id", required_argument, NULL, 'i'},
                                         {"fifo", no_argument, NULL, 'f'},
                                         {0}};
    int r = 0;

    for (int k; r == 0 && (k = getopt_long(argc, argv, "", keys, NULL)) != -1;) {
        int64_t *count = k == 'p'   ? &o->port
                         : k == 'n' ? &o->streams
                         : k == 't' ? &o->tokens
                         : k == 'w' ? &o->words
                                    : NULL;
        int64_t *time = k == 's' ? &o->spread_ns : k == 'x' ? &o->spin_ns : NULL;

        o->fifo = o->fifo || k == 'f';
        if (k == 'i')
            o->id = optarg;
        else if (count)
            r = units_i64(count, optarg);
        else if (time)
            r = units_duration(time, optarg);
        else
            r = k == 'f' ? 0 : -EINVAL;
    }
    if (r == 0 && o->port > 0 && o->streams > 0 && o->tokens > 0 && o->words <= 2000)
        return 0;
    fprintf(stderr,
            "%s --port P [--streams N] [--tokens N] [--words N] [--spread D] [--spin D] "
            "[--id PREFIX] [--fifo]\n",
            argv[0]);
    return -EINVAL;
}

static inline struct client_options client_defaults(const char *id)
{
    return (struct client_options){.streams = 500,
                                   .tokens = 100,
                                   .words = 28,
                                   .spread_ns = 2 * NS_PER_S,
                                   .spin_ns = 100 * NS_PER_US,
                                   .id = id};
}
