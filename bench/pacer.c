/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pacer - the least that keeps a schedule: sleeps until shortly before each due time, then
 * polls the clock, and notes how late it is. Nothing is sent: what a client adds to this is its
 * own.
 *
 *   bench_pacer --rate N --count N [--spin D] [--fifo]
 *
 * The polling (30 us unless told) must leave the kernel's share of real-time threads some of each
 * second, even at 10,000 a second.
 *
 * Prints one line: count N p50_us V p99_us V max_us V drift_us V run_delay_ms V
 * drift: the median lateness of the last tenth minus that of the first.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/units.h"
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

struct pacer {
    int64_t rate, count, spin_ns;
    bool fifo;
    int64_t *late_ns;
};

static int parse(struct pacer *p, int argc, char **argv)
{
    static const struct option keys[] = {{"rate", required_argument, NULL, 'r'},
                                         {"count", required_argument, NULL, 'n'},
                                         {"spin", required_argument, NULL, 's'},
                                         {"fifo", no_argument, NULL, 'f'},
                                         {0}};
    int r = 0;

    for (int k; r == 0 && (k = getopt_long(argc, argv, "", keys, NULL)) != -1;) {
        if (k == 'f')
            p->fifo = true;
        else if (k == 's')
            r = units_duration(&p->spin_ns, optarg);
        else
            r = k == '?' ? -EINVAL : units_i64(k == 'r' ? &p->rate : &p->count, optarg);
    }
    return r < 0 || p->rate <= 0 || p->count < 10 ? -EINVAL : 0;
}

static void wait_until(const struct pacer *p, int64_t due_ns)
{
    int64_t wake_ns = due_ns - p->spin_ns;
    struct timespec t = {.tv_sec = wake_ns / NS_PER_S, .tv_nsec = wake_ns % NS_PER_S};

    if (wake_ns > clock_mono_ns())
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    while (clock_mono_ns() < due_ns)
        ;
}

static void keep(struct pacer *p)
{
    int64_t start_ns = clock_mono_ns() + 100 * NS_PER_MS;

    for (int64_t i = 0; i < p->count; i++) {
        int64_t due_ns = start_ns + i * NS_PER_S / p->rate;

        wait_until(p, due_ns);
        p->late_ns[i] = clock_mono_ns() - due_ns;
    }
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* In microseconds; sorts them. */
static double quantile(int64_t *v, int64_t n, double q)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return (double)v[i64_min((int64_t)(q * (double)n), n - 1)] / 1e3;
}

static double run_delay_ms(void)
{
    char line[128];
    int64_t ran, waited;

    if (fs_read_line(line, sizeof line, "/proc/thread-self/schedstat") < 0 ||
        sscanf(line, "%" SCNd64 " %" SCNd64, &ran, &waited) != 2)
        return 0;
    return (double)waited / 1e6;
}

static void be_punctual(const struct pacer *p)
{
    const struct sched_param param = {.sched_priority = 20};

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (p->fifo && sched_setscheduler(0, SCHED_FIFO, &param) < 0)
        fprintf(stderr, "bench_pacer: SCHED_FIFO was denied\n");
}

int main(int argc, char **argv)
{
    struct pacer p = {.rate = 1000, .count = 10000, .spin_ns = 30 * NS_PER_US};
    double delay, drift;
    int64_t tenth;

    if (parse(&p, argc, argv) < 0) {
        fputs("bench_pacer --rate N --count N [--spin D] [--fifo]\n", stderr);
        return 2;
    }
    p.late_ns = calloc((size_t)p.count, sizeof *p.late_ns);
    if (!p.late_ns)
        return 1;
    memset(p.late_ns, 0, (size_t)p.count * sizeof *p.late_ns); /* faulted in before the start */
    be_punctual(&p);
    delay = run_delay_ms();
    keep(&p);
    delay = run_delay_ms() - delay;
    tenth = p.count / 10;
    drift = quantile(p.late_ns + p.count - tenth, tenth, 0.5) - quantile(p.late_ns, tenth, 0.5);
    printf("count %" PRId64
           " p50_us %.1f p99_us %.1f max_us %.1f drift_us %.1f run_delay_ms %.3f\n",
           p.count, quantile(p.late_ns, p.count, 0.5), quantile(p.late_ns, p.count, 0.99),
           quantile(p.late_ns, p.count, 1), drift, delay);
    free(p.late_ns);
    return 0;
}
