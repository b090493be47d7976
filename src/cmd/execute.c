/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/execute.h"
#include "base/units.h"
#include "run/run.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct run_control control; /* a signal handler has no other way to it */

struct screen {
    bool terminal, drawn;
    int64_t last_s;
    uint32_t last_trial;
};

static void on_interrupt(int signal)
{
    (void)signal;
    run_interrupt(&control);
}

static void bar(char *buf, size_t size, const struct run_progress *p)
{
    double share = p->planned_s > 0   ? p->elapsed_s / p->planned_s
                   : p->scheduled > 0 ? (double)p->ended / (double)p->scheduled
                                      : 0;
    size_t filled = (size_t)(fmin(share, 1) * (double)(size - 1));

    memset(buf, '.', size - 1);
    memset(buf, '#', filled);
    buf[size - 1] = '\0';
}

static void eta(char *buf, size_t size, const struct run_progress *p)
{
    double left = p->planned_s - p->elapsed_s;

    if (p->planned_s <= 0 && p->achieved_per_s > 0)
        left = (double)(p->scheduled - p->ended) / p->achieved_per_s;
    if (left > 0)
        (void)snprintf(buf, size, "ETA %.0f s", left);
    else
        (void)snprintf(buf, size, "%.0f s", p->elapsed_s);
}

static void latency(char *buf, size_t size, const struct store_live *live)
{
    if (isnan(live->ttft_p50_ns))
        (void)snprintf(buf, size, "TTFT -");
    else
        (void)snprintf(buf, size, "TTFT p50 %s p99 %s", units_show_ns(live->ttft_p50_ns).text,
                       units_show_ns(live->ttft_p99_ns).text);
}

static void show_line(const struct run_progress *p, const char *end)
{
    char filled[21], left[32], ttft[96], offered[32] = "closed loop";

    bar(filled, sizeof filled, p);
    eta(left, sizeof left, p);
    latency(ttft, sizeof ttft, &p->live);
    if (p->offered_per_s > 0)
        (void)snprintf(offered, sizeof offered, "offered %.2f/s", p->offered_per_s);
    fprintf(stderr,
            "trial %u/%u %s [%s] %" PRIu64 "/%" PRIu64 "  %s, done %.2f/s  in flight %" PRIu64
            "  %s  errors %" PRIu64 "  %s%s",
            p->trial, p->trials, p->phase, filled, p->ended, p->scheduled, offered,
            p->achieved_per_s, p->live.in_flight, ttft, p->live.ended - p->live.ok, left, end);
}

static void on_progress(void *ctx, const struct run_progress *p)
{
    struct screen *s = ctx;

    if (s->terminal) {
        fputs("\r\033[K", stderr);
        show_line(p, "");
        s->drawn = true;
    } else if ((int64_t)p->elapsed_s != s->last_s || p->trial != s->last_trial)
        show_line(p, "\n");
    s->last_s = (int64_t)p->elapsed_s;
    s->last_trial = p->trial;
}

static void on_message(void *ctx, const char *text)
{
    struct screen *s = ctx;

    fprintf(stderr, "%s%s\n", s->drawn ? "\r\033[K" : "", text);
    s->drawn = false;
}

int execute_plan(const struct plan *plan, const struct execute_options *o)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    struct screen screen = {.terminal = isatty(STDERR_FILENO) != 0, .last_s = -1};
    struct run_options options = {
        .out_path = o->out_path,
        .io_cpus = o->io_cpus,
        .facts = o->facts,
        .fact_count = o->fact_count,
        .progress = o->quiet ? NULL : on_progress,
        .message = o->quiet ? NULL : on_message,
        .ctx = &screen,
    };
    struct err err = {0};
    int r;

    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &interrupt, NULL);
    r = run_plan(plan, &options, &control, &err);
    if (screen.drawn)
        fputs("\r\033[K", stderr);
    if (r < 0)
        return cmd_failed(o->command, &err);
    return run_interrupted(&control) ? EXIT_INTERRUPTED : EXIT_HOLDS;
}
