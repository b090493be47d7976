/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refserver - a reference server for tests: OpenAI-style completions whose send times are exactly
 * known and logged. No model: tokens come at absolute deadlines.
 *
 * Listens on 127.0.0.1, prints "port N" on stdout, and runs until SIGTERM, SIGINT, or (--stdin) the
 * end of standard input; then says on stderr how late its own sends were and what CPU it took.
 * refserver --help lists the options.
 *
 * Endpoints: POST /v1/chat/completions, /v1/completions, /v1/responses; in one piece, at --ttft,
 * /v1/embeddings, /v1/rerank and /v2/models/reference/infer (KServe); GET /v1/models, /health,
 * /metrics.
 * A stream: response head and (chat) role event at --role-at after the request was received, the
 * first content event at --ttft, one content event a token at --gap, then at once finish, usage
 * (if stream_options.include_usage) and [DONE], each event a chunk and a write of its own.
 * max_tokens or max_completion_tokens (default 16) is the number of tokens; prompt_tokens counts
 * the words of the prompt + --template-tokens; cached_tokens (--prefix-cache) the longest prefix of
 * words that an earlier prompt began with. A completion that doesn't stream is sent when its last
 * token is due. With --slots a waiting request starts at the deadline of the stream that ends, so
 * the capacity is exactly SLOTS / (ttft + (tokens - 1) * gap) requests per second. Gaps depend on
 * --seed and the request's id only.
 *
 * Connections: --keep-alive honest keeps them; lying announces keep-alive and closes after an SSE
 * answer; stale keeps them but resets on the next request after an SSE answer, before any byte;
 * close announces and does it.
 *
 * The log (--log), written at least every 10 ms, so that it can be read while the server runs:
 *   ID INDEX SEND_NS BYTES KIND   an event; CLOCK_MONOTONIC just before its send; BYTES of its data
 *                                 (payload of "data: "); KIND role content finish usage done, error
 *                                 and bad where a misbehaviour sends one, answer for a whole JSON
 *   ID request NS                 the request was completely received (the kernel's receive stamp)
 *   ID responses WORDS (embeddings, rerank, infer) what such a request held; ID documents N
 *   ID prompt NS ROLES WORDS CACHED TEXT THEN   what it asks: the messages' roles by first letter
 *                                 (uau; -: a prompt), words, of these cached, hashes of all roles
 *                                 and texts, and of those before the last two messages
 *   ID stale NS                   the same, but it met a reset (--keep-alive stale)
 *   ID model NS MODEL             it asks for a completion of this model
 *   ID hangup NS TOKENS           the client went away before the end of the answer, of which
 * TOKENS content events had been sent ID close NS                   the connection whose latest
 * request this was is gone ID is the client's X-Request-Id (r0, r1 ... without one).
 *
 * Misbehaviours: by the request's model ("stall", "bad-stall", "stall:5": after 5 content events),
 * or for all (or each Nth) by --misbehave:
 *   reset-before   RST before any response byte     reset-mid (or reset)  RST after K events
 *   http-400 404 429 500 503   that status          bad-head    a garbage status line, then close
 *   bad-chunk      a chunk size that is no number, then silence
 *   bad-sse        an event that is no field        bad-json    data: {not json
 *   error-event    data: {"error":..}, [DONE]       error-named the same as event: error
 *   early-end      closes after K events            no-finish   ends well, but no finish, no [DONE]
 *   stall          silence after K events           never       silence from the start
 *   slow-head      the head a byte per ms           coalesce    4 events a write
 *   split          each event in random pieces      short       finish "stop" after half the tokens
 *   no-usage       include_usage is ignored         huge-event  event K has 1 MiB of content
 *   flood-headers  70 KiB of headers                wrong       200, but without what was asked for
 * In an answer that doesn't stream, those that can't apply do nothing.
 */
#include "refserver.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* As many descriptors as we may have; and a table for them now: in a process with threads the
 * kernel waits out a grace period (10 to 20 ms) each time that it doubles the table later. */
static void prepare_descriptors(void)
{
    struct rlimit r;
    int highest;

    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
    highest =
        fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, (int)(r.rlim_max < 8192 ? r.rlim_max : 8192) - 1);
    if (highest >= 0)
        close(highest);
}

static void *thread_main(void *arg)
{
    worker_run(arg);
    return NULL;
}

/* Waits for a signal, or (if asked) for the end of standard input. */
static void wait_for_the_end(const struct options *o, const sigset_t *signals)
{
    int signal_fd = signalfd(-1, signals, SFD_CLOEXEC);
    struct pollfd p[2] = {{.fd = signal_fd, .events = POLLIN},
                          {.fd = o->watch_stdin ? STDIN_FILENO : -1, .events = POLLIN}};
    char ignored[256];

    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[0].revents)
            break;
        if (p[1].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0)
            break;
    }
    close(signal_fd);
}

static void print_summary(const struct worker *w, size_t n, int64_t wall_ns)
{
    AUTO(free) struct late *all = calloc(1, sizeof *all);
    int64_t cpu_ns = 0, delay_ns = 0;
    uint64_t requests = 0;

    if (!all)
        return;
    for (size_t i = 0; i < n; i++) {
        late_merge(all, &w[i].late);
        cpu_ns += w[i].cpu_ns;
        delay_ns += w[i].run_delay_ns;
        requests += w[i].counts.requests;
    }
    fprintf(stderr,
            "refserver: %" PRIu64 " requests, %" PRIu64 " tokens on time; send lateness p50 %.1f "
            "p99 %.1f max %.1f us; cpu %.2f s of %.2f s; run delay %.2f ms\n",
            requests, all->count, late_quantile_ns(all, 0.5) / 1e3,
            late_quantile_ns(all, 0.99) / 1e3, (double)all->max_ns / 1e3, (double)cpu_ns / 1e9,
            (double)wall_ns / 1e9, (double)delay_ns / 1e6);
}

static int start_workers(struct worker *w, const struct options *o, int stop, int log_fd,
                         int64_t *port, struct err *err)
{
    *port = o->port;
    for (int64_t i = 0; i < o->threads; i++) {
        int listener = listen_on(o->listen, port, o->threads > 1, err), r;

        if (listener < 0)
            return listener;
        r = worker_init(&w[i], o, listener, stop, log_fd, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int serve(struct worker *w, const struct options *o, int stop, const sigset_t *signals)
{
    pthread_t threads[64];
    int64_t start = clock_mono_ns();
    const uint64_t one = 1;

    for (int64_t i = 0; i < o->threads; i++)
        if (pthread_create(&threads[i], NULL, thread_main, &w[i]) != 0)
            return -EAGAIN;
    wait_for_the_end(o, signals);
    if (write(stop, &one, sizeof one) < 0)
        return -errno;
    for (int64_t i = 0; i < o->threads; i++)
        pthread_join(threads[i], NULL);
    print_summary(w, (size_t)o->threads, clock_mono_ns() - start);
    return 0;
}

static int run(const struct options *o, struct err *err)
{
    AUTO(free) struct worker *w = calloc((size_t)o->threads, sizeof *w);
    int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), log_fd = -1, r;
    int64_t port;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (o->log_path)
        log_fd = open(o->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (o->log_path && log_fd < 0)
        return err_set(err, -errno, "%s: %s", o->log_path, strerror(errno));
    r = w ? start_workers(w, o, stop, log_fd, &port, err) : -ENOMEM;
    if (r < 0)
        return r;
    printf("port %" PRId64 "\n", port);
    (void)fflush(stdout);
    r = serve(w, o, stop, &signals);
    for (int64_t i = 0; i < o->threads; i++)
        worker_release(&w[i]);
    close(stop);
    if (log_fd >= 0)
        close(log_fd);
    return r;
}

int main(int argc, char **argv)
{
    struct options o;
    struct err err = {0};

    if (options_parse(&o, argc, argv, &err) < 0) {
        fprintf(stderr, "refserver: %s\n", err.text);
        return 2;
    }
    if (o.help) {
        fputs(options_help(), stdout);
        return 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    prepare_descriptors();
    if (run(&o, &err) < 0) {
        fprintf(stderr, "refserver: %s\n", err.text);
        return 1;
    }
    return 0;
}
