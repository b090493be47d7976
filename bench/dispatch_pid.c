/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/dispatch_pid.c - the probe "perf" alone, beside an engine that runs, and what two of its
 * tables have in common.
 *
 *     bench_dispatch_pid PID SECONDS [HZ]   SAMPLES TAB LIBRARY TAB BUILD_ID TAB FUNCTION a line
 *                                           on stdout, facts on stderr
 *     bench_dispatch_pid compare A B        their distance, the noise expected, and what changed
 */
#include "analysis/dispatch.h"
#include "base/clock.h"
#include "probe/perf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int put_fact(void *ctx, const struct fact *f)
{
    (void)ctx;
    (void)fprintf(stderr, "%s.%s\t%s\t%s\t%s\n", f->scope, f->name, f->value ? f->value : "-",
                  f->unit, f->source);
    return 0;
}

static int put_row(void *ctx, const struct dispatch_row *row)
{
    (void)ctx;
    (void)printf("%" PRIu64 "\t%s\t%s\t%s\n", row->samples, row->library, row->build_id,
                 row->function);
    return 0;
}

static int sample_for(struct probe *p, int64_t for_ns, int64_t period_ns)
{
    const int64_t end_ns = clock_mono_ns() + for_ns;
    int r = 0;

    for (int64_t now_ns; r == 0 && (now_ns = clock_mono_ns()) < end_ns;) {
        const int64_t wait_ns = i64_min(period_ns, end_ns - now_ns);
        const struct timespec wait = {wait_ns / NS_PER_S, wait_ns % NS_PER_S};

        (void)nanosleep(&wait, NULL);
        r = probe_perf.sample(p, clock_mono_ns());
    }
    return r;
}

static int watch(pid_t pid, double seconds, double hz)
{
    const struct probe_setup setup = {
        .root = "", .engine_pid = pid, .engine_why = "no such engine", .dispatch_hz = hz};
    const struct probe_out out = {.facts = {.put = put_fact}, .dispatch = put_row};
    struct probe *p = NULL;
    struct err err = {0};
    int r = probe_perf.open(&p, &setup, &out, &err);

    if (r < 0)
        (void)fprintf(stderr, "%s\n", err.text);
    if (!p)
        return 1;
    r = sample_for(p, (int64_t)(seconds * 1e9), probe_perf.period_ns(&setup));
    if (r == 0)
        r = probe_perf.finish(p);
    probe_perf.close(p);
    return r < 0;
}

static bool read_rows(struct dispatch *d, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[8192];
    bool ok = f != NULL;

    while (ok && fgets(line, sizeof line, f)) {
        char *rest = line;
        const char *samples = strsep(&rest, "\t"), *library = strsep(&rest, "\t"),
                   *build_id = strsep(&rest, "\t"), *function = strsep(&rest, "\n");

        ok = function && dispatch_add(d, library, build_id, function, strtod(samples, NULL)) == 0;
    }
    if (f)
        (void)fclose(f);
    if (!ok)
        (void)fprintf(stderr, "%s: no table of bench_dispatch_pid\n", path);
    return ok;
}

static int compare(const char *path_a, const char *path_b)
{
    AUTO(dispatch_release) struct dispatch a = {0}, b = {0};
    AUTO(free) struct dispatch_change *v = NULL;
    size_t n = 0;

    if (!read_rows(&a, path_a) || !read_rows(&b, path_b) || dispatch_changes(&v, &n, &a, &b) < 0)
        return 1;
    (void)printf("distance %.4f noise %.4f samples %.0f %.0f\n", dispatch_distance(&a, &b),
                 dispatch_noise(&a, &b), a.weight, b.weight);
    for (size_t i = 0; i < n && i < 10; i++)
        (void)printf("%.4f\t%.4f\t%s\t%s\n", v[i].a, v[i].b, v[i].library, v[i].function);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "compare") == 0)
        return compare(argv[2], argv[3]);
    if (argc == 3 || argc == 4)
        return watch((pid_t)strtol(argv[1], NULL, 10), strtod(argv[2], NULL),
                     argc == 4 ? strtod(argv[3], NULL) : 99);
    (void)fprintf(stderr, "usage: bench_dispatch_pid PID SECONDS [HZ] | compare A B\n");
    return 2;
}
