/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What recording costs: puts the records of N answers of 100 events into one ring, pumps as a run
 * does, finishes, opens. Flat out, so the ring is drained whenever it is half full.
 *   bench_record FILE [ANSWERS]
 */
#include "base/clock.h"
#include "evidence/evidence.h"
#include "evidence/writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { EVENTS = 100, IN_FLIGHT = 500 };

static void put(struct ring *r, uint32_t sample, int type, int kind, int64_t ns, int64_t value)
{
    struct rec rec = {ns, sample, (uint8_t)type, (uint8_t)kind, REC_KERNEL, value, ns + 9000};

    if (!ring_put(r, &rec))
        abort();
}

/* Record @step of an answer. */
static void put_step(struct ring *r, uint32_t sample, int step)
{
    int64_t ns = (int64_t)sample * 100000 + step * 20 * NS_PER_MS + (sample * 7919 + step) % 997;

    if (step == 0)
        put(r, sample, REC_POINT, POINT_DUE, ns, 100);
    else if (step <= EVENTS)
        put(r, sample, REC_EVENT, EVENT_CONTENT, ns, 180 + step % 9);
    else
        put(r, sample, REC_END, OUTCOME_OK, ns, 200);
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

static double seconds_since(int64_t from)
{
    return (double)(clock_mono_ns() - from) / 1e9;
}

int main(int argc, char **argv)
{
    uint32_t answers = argc > 2 ? (uint32_t)atoi(argv[2]) : 20000;
    AUTO(evidence_close) struct evidence *e = NULL;
    struct err err = {0};
    int64_t from = clock_mono_ns();
    struct rusage use;
    struct stat st;
    double wrote;

    if (argc < 2 || record(argv[1], answers, &err) < 0) {
        fprintf(stderr, "bench_record: %s\n", argc < 2 ? "name a file" : err.text);
        return 1;
    }
    wrote = seconds_since(from);
    from = clock_mono_ns();
    if (stat(argv[1], &st) < 0 || evidence_open(&e, argv[1], EVIDENCE_READ_ONLY, &err) < 0) {
        fprintf(stderr, "bench_record: %s\n", err.text);
        return 1;
    }
    (void)getrusage(RUSAGE_SELF, &use);
    printf("answers %u, events %u: %.0f events/s, %.0f answers/s, %.1f bytes/event of file,"
           " open and verify %.2f s, cpu %.2f s, peak resident %ld kB (spool 8192 kB)\n",
           answers, answers * EVENTS, answers * (double)EVENTS / wrote, answers / wrote,
           (double)st.st_size / answers / EVENTS, seconds_since(from),
           (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6, use.ru_maxrss);
    return 0;
}
