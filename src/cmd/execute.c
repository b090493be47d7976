/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/execute.h"
#include "cmd/aftermath.h"
#include "base/str.h"
#include "base/units.h"
#include "run/run.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_MIN = 5, BAR_MAX = 20, LOG_COLUMNS = 160 };

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

static double done_share(const struct run_progress *p)
{
    double share = p->planned_s > 0   ? p->elapsed_s / p->planned_s
                   : p->scheduled > 0 ? (double)p->ended / (double)p->scheduled
                                      : 0;

    return fmin(fmax(share, 0), 1);
}

static double seconds_left(const struct run_progress *p)
{
    if (p->planned_s > 0)
        return p->planned_s - p->elapsed_s;
    return p->achieved_per_s > 0 ? (double)(p->scheduled - p->ended) / p->achieved_per_s : 0;
}

static void add_latency(struct str *s, const struct run_progress *p)
{
    const char *what = p->in_one_piece ? "answer" : "TTFT";

    if (isnan(p->live.ttft_p50_ns))
        str_addf(s, "  %s -", what);
    else
        str_addf(s, "  %s p50 %s p99 %s", what, units_show_ns(p->live.ttft_p50_ns).text,
                 units_show_ns(p->live.ttft_p99_ns).text);
}

/* All but the bar, what matters most first: a narrow terminal cuts the end. */
static void add_numbers(struct str *s, const struct run_progress *p)
{
    str_addf(s, " %" PRIu64 "/%" PRIu64, p->ended, p->scheduled);
    if (seconds_left(p) >= 1)
        str_addf(s, "  ETA %.0f s", seconds_left(p));
    str_addf(s, "  errors %" PRIu64 "  in flight %" PRIu64, p->live.ended - p->live.ok,
             p->live.in_flight);
    add_latency(s, p);
    if (p->offered_per_s > 0)
        str_addf(s, "  offered %.3g/s", p->offered_per_s);
    str_addf(s, "  done %.3g/s", p->achieved_per_s);
}

static size_t terminal_columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The bar takes what the numbers leave of @columns, at most BAR_MAX; a line is never wrapped, since
 * only the last line of a wrapped one could be drawn over. */
static void show_line(const struct run_progress *p, size_t columns, const char *end)
{
    AUTO(str_release) struct str head = {0}, tail = {0};
    size_t room, width;

    str_addf(&head, "trial %u/%u %s", p->trial, p->trials, p->phase);
    add_numbers(&tail, p);
    if (!str_ok(&head) || !str_ok(&tail))
        return;
    room = columns > head.len + tail.len + 3 ? columns - head.len - tail.len - 3 : 0;
    width = room > BAR_MAX ? BAR_MAX : room;
    if (width >= BAR_MIN) {
        size_t filled = (size_t)(done_share(p) * (double)width);

        str_add(&head, " [");
        for (size_t i = 0; i < width; i++)
            str_add(&head, i < filled ? "#" : ".");
        str_add(&head, "]");
    }
    str_add(&head, tail.data);
    if (str_ok(&head))
        fprintf(stderr, "%.*s%s", (int)columns - 1, head.data, end);
}

static void on_progress(void *ctx, const struct run_progress *p)
{
    struct screen *s = ctx;

    if (s->terminal) {
        fputs("\r\033[K", stderr);
        show_line(p, terminal_columns(), "");
        s->drawn = true;
    } else if ((int64_t)p->elapsed_s != s->last_s || p->trial != s->last_trial)
        show_line(p, LOG_COLUMNS, "\n");
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
        .engine_pid = o->engine_pid,
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
    aftermath_say(o->out_path);
    return run_interrupted(&control) ? EXIT_INTERRUPTED : EXIT_HOLDS;
}
