/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: sleep until shortly before the earliest deadline, then poll, so that a send is late by
 * less than a wake-up takes. */
#include "refserver.h"
#include "base/clock.h"
#include "base/fs.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 256, SENDS = 64 };
#define WINDOW_NS (100 * NS_PER_MS)

static int watch(int epoll, int fd, void *ptr)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = ptr};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int worker_init(struct worker *w, const struct options *o, int listener, int stop, int log_fd,
                struct err *err)
{
    *w = (struct worker){.options = o, .listener = listener, .stop = stop, .epoll = -1};
    w->log.fd = -1;
    w->free_slots = o->slots > 0 ? o->slots : INT64_MAX;
    w->scratch_cap = 64 << 10;
    w->scratch = malloc(w->scratch_cap);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!w->scratch || log_init(&w->log, log_fd) < 0 ||
        (o->prefix_cache && prefix_set_init(&w->prefixes) < 0))
        return err_set(err, -ENOMEM, "out of memory");
    if (w->epoll < 0 || watch(w->epoll, listener, &w->listener) < 0 ||
        watch(w->epoll, stop, &w->stop) < 0)
        return err_set(err, -EIO, "epoll: %s", strerror(errno));
    return 0;
}

void worker_release(struct worker *w)
{
    conn_release_all(w);
    log_release(&w->log);
    prefix_set_release(&w->prefixes);
    free(TAKE(w->scratch));
    free(TAKE(w->heap));
    fd_close(w->epoll);
    fd_close(w->listener);
}

/* How long before a deadline to wake. A real-time thread polls for a quarter of its time at most:
 * one that fills the CPU is stopped by the kernel for 50 ms of each second. */
static int64_t spin_ns(struct worker *w, int64_t now)
{
    if (!w->options->fifo)
        return w->options->spin_ns;
    if (now - w->window_ns >= WINDOW_NS) {
        w->window_ns = now;
        w->spun_ns = 0;
    }
    return w->spun_ns < WINDOW_NS / 4 ? w->options->spin_ns : 0;
}

static int poll_events(struct worker *w, struct epoll_event *events, int64_t since)
{
    int n = epoll_wait(w->epoll, events, EVENTS, 0);

    if (n == 0)
        w->spun_ns += clock_mono_ns() - since;
    return n;
}

static int wait_events(struct worker *w, struct epoll_event *events)
{
    int64_t now = clock_mono_ns();
    int64_t due = w->heap_len > 0 ? w->heap[0]->due_ns - spin_ns(w, now) : INT64_MAX;
    int64_t left = i64_min(due, log_due(&w->log));
    struct timespec t;

    if (left == INT64_MAX)
        return epoll_pwait2(w->epoll, events, EVENTS, NULL, NULL);
    left -= now;
    if (left <= 0)
        return poll_events(w, events, now);
    t = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    return epoll_pwait2(w->epoll, events, EVENTS, &t, NULL);
}

/* Bounded, so that requests are read while many streams are behind. */
static void send_due(struct worker *w)
{
    for (int i = 0; i < SENDS && w->heap_len > 0 && w->heap[0]->due_ns <= clock_mono_ns(); i++)
        stream_step(w, w->heap[0]);
}

/* True: the server was told to stop. */
static bool serve(struct worker *w, const struct epoll_event *events, int n)
{
    bool stop = false;

    for (int i = 0; i < n; i++) {
        void *who = events[i].data.ptr;

        if (who == &w->stop)
            stop = true;
        else if (who == &w->listener)
            conn_accept(w);
        else
            conn_ready(w, who, events[i].events);
    }
    return stop;
}

/* A thread's own run-queue delay so far; -1 where the kernel doesn't tell. */
static int64_t run_delay_ns(void)
{
    char line[128];
    int64_t ran, waited;

    if (fs_read_line(line, sizeof line, "/proc/thread-self/schedstat") < 0 ||
        sscanf(line, "%" SCNd64 " %" SCNd64, &ran, &waited) != 2)
        return -1;
    return waited;
}

static void take_figures(struct worker *w)
{
    struct rusage u;

    (void)getrusage(RUSAGE_THREAD, &u);
    w->cpu_ns = (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
                (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * NS_PER_US;
    w->run_delay_ns = run_delay_ns();
}

static void be_punctual(const struct options *o)
{
    const struct sched_param p = {.sched_priority = 20};

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (o->fifo && sched_setscheduler(0, SCHED_FIFO, &p) < 0)
        fprintf(stderr, "refserver: SCHED_FIFO was denied\n");
}

void worker_run(struct worker *w)
{
    struct epoll_event events[EVENTS];
    bool stop = false;

    be_punctual(w->options);
    while (!stop) {
        int n = wait_events(w, events);

        send_due(w);
        stop = serve(w, events, n);
        if (log_due(&w->log) <= clock_mono_ns())
            log_flush(&w->log);
        conn_reap(w);
    }
    log_flush(&w->log);
    take_figures(w);
}
