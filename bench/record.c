/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recording costs: puts the records of N answers of 100 events into one ring, pumps as a run
 * does, finishes. Flat out, in one thread: CPU an event is what counts; beside it what it costs to
 * write the same records to a file as they are.
 *   bench_record FILE [ANSWERS]
 */
#include "base/clock.h"
#include "evidence/writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = 100, IN_FLIGHT = 500 };

/* Record @step of an answer. */
static struct rec record_of(uint32_t sample, int step)
{
    int64_t ns = (int64_t)sample * 100000 + step * 20 * NS_PER_MS + (sample * 7919 + step) % 997;
    struct rec r = {.time_ns = ns, .sample = sample, .flags = REC_KERNEL, .user_ns = ns + 9000};

    r.type = step == 0 ? REC_POINT : step <= EVENTS ? REC_EVENT : REC_END;
    r.kind = step == 0 ? POINT_DUE : step <= EVENTS ? EVENT_CONTENT : OUTCOME_OK;
    r.value = step == 0 ? 100 : step <= EVENTS ? 180 + step % 9 : 200;
    return r;
}

static void put_step(struct ring *ring, uint32_t sample, int step)
{
    struct rec r = record_of(sample, step);

    if (!ring_put(ring, &r))
        abort();
}

static int fill(struct store *s, uint32_t answers, struct err *err)
{
    struct ring *ring = store_ring(s, 0);
    int64_t now = 0;

    for (uint32_t first = 0; first < answers; first += IN_FLIGHT) {
        for (int step = 0; step <= EVENTS + 1; step++) {
            for (uint32_t i = first; i < answers && i < first + IN_FLIGHT; i++)
                put_step(ring, i, step);
            if (store_pump(s, now += 20 * NS_PER_MS, err) < 0)
                return -1;
        }
    }
    return store_finish(s, "complete", err);
}

static int record(const char *path, uint32_t answers, struct err *err)
{
    AUTO(store_close) struct store *s = NULL;
    struct store_begin begin = {.plan = "{}", .scheduled = answers, .trials = 1};

    if (store_create(&s, path, 1, 1 << 18, err) < 0 || store_begin(s, &begin, err) < 0 ||
        store_trial_begin(s, 0, 0, 0, answers, "none", err) < 0)
        return -1;
    return fill(s, answers, err);
}

/* The reference: the same records written to a file as they are, and synced. */
static int copy_records(const char *path, uint32_t answers)
{
    FILE *f = fopen(path, "wbe");
    int r = 0;

    for (uint32_t i = 0; f && i < answers && r == 0; i++) {
        struct rec answer[EVENTS + 2];

        for (int step = 0; step <= EVENTS + 1; step++)
            answer[step] = record_of(i, step);
        r = fwrite(answer, sizeof answer, 1, f) == 1 ? 0 : -EIO;
    }
    if (!f || r < 0 || fflush(f) != 0 || fdatasync(fileno(f)) < 0)
        r = -EIO;
    if (f && fclose(f) != 0)
        r = -EIO;
    return r;
}

static double cpu_s(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    uint32_t answers = argc > 2 ? (uint32_t)atoi(argv[2]) : 20000;
    double events = answers * (double)EVENTS, before = cpu_s(), recorded, copied;
    struct err err = {0};
    struct rusage use;
    struct stat st;
    char raw[512];

    if (argc < 2 || answers == 0 || strlen(argv[1]) > sizeof raw - 8) {
        fputs("bench_record FILE [ANSWERS]\n", stderr);
        return 2;
    }
    (void)snprintf(raw, sizeof raw, "%s.raw", argv[1]);
    if (record(argv[1], answers, &err) < 0 || stat(argv[1], &st) < 0) {
        fprintf(stderr, "bench_record: %s\n", err.text);
        return 1;
    }
    recorded = cpu_s() - before;
    (void)getrusage(RUSAGE_SELF, &use);
    before = cpu_s();
    if (copy_records(raw, answers) < 0)
        return 1;
    copied = cpu_s() - before;
    (void)unlink(raw);
    printf(
        "events %.0f recorded_us %.3f copied_us %.3f file_bytes %.2f raw_bytes %zu peak_kB %ld\n",
        events, recorded * 1e6 / events, copied * 1e6 / events, (double)st.st_size / events,
        sizeof(struct rec), use.ru_maxrss);
    return 0;
}
