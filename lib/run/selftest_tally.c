/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest_tally.h"
#include "base/clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { RING_RECORDS = 1 << 17, PUMP_MS = 2 };

static void spread_add(struct tally_spread *s, int64_t ns)
{
    live_add(&s->of, ns);
    s->max = i64_max(s->max, ns);
}

static bool counted(const struct tally *t, int64_t time_ns)
{
    return time_ns >= t->from_ns && time_ns < t->to_ns;
}

static void take_point(struct tally *t, struct tally_item *i, const struct rec *r)
{
    if (r->kind == POINT_DUE) {
        i->due_ns = r->time_ns;
        t->started++;
    } else if (r->kind == POINT_RELEASED && counted(t, i->due_ns))
        spread_add(&t->late, r->time_ns - i->due_ns);
}

static void take_event(struct tally *t, struct tally_item *i, const struct rec *r)
{
    const struct null_item *null = &t->items[r->sample];
    int32_t nth = i->events;
    int64_t sent_ns;

    if (!(r->kind & EVENT_TOKENS))
        return;
    i->events++;
    t->all_events++;
    if (!counted(t, r->time_ns))
        return;
    t->events++;
    if (r->flags & REC_KERNEL)
        spread_add(&t->lag, r->user_ns - r->time_ns);
    sent_ns = t->sent_ns && nth < null->stamps ? t->sent_ns[null->first_stamp + (size_t)nth] : 0;
    if (sent_ns == 0)
        return;
    spread_add(&t->added, r->time_ns - sent_ns);
    if (nth == 0)
        spread_add(&t->first, r->time_ns - sent_ns);
}

static void take_end(struct tally *t, const struct rec *r)
{
    bool ok = r->kind == OUTCOME_OK;

    t->ended += ok;
    t->requests += ok && counted(t, r->time_ns);
    if (ok || r->kind == OUTCOME_CANCELLED)
        return;
    if (t->failed++ == 0)
        t->failure = (enum outcome)r->kind;
}

/* Two fields a record (record/second.h). */
static void take_second(struct tally_thread *to, const struct rec *r)
{
    const int64_t values[2] = {r->value, r->user_ns};

    for (int i = 0; i < 2; i++) {
        int64_t *sum = r->kind + i == SECOND_LENGTH      ? &to->length_ns
                       : r->kind + i == SECOND_CPU       ? &to->cpu_ns
                       : r->kind + i == SECOND_SPUN      ? &to->spun_ns
                       : r->kind + i == SECOND_RUN_DELAY ? &to->delay_ns
                                                         : NULL;

        if (sum && values[i] > 0)
            *sum += values[i];
    }
}

static void take(struct tally *t, int32_t ring, const struct rec *r)
{
    if (r->type == REC_SECOND)
        take_second(&t->threads[ring], r);
    else if (r->sample >= t->count)
        return;
    else if (r->type == REC_POINT)
        take_point(t, &t->seen[r->sample], r);
    else if (r->type == REC_EVENT)
        take_event(t, &t->seen[r->sample], r);
    else if (r->type == REC_END)
        take_end(t, r);
}

static void pump(struct tally *t)
{
    for (int32_t i = 0; i < t->ring_count; i++) {
        uint64_t head = ring_head(&t->rings[i]), at = ring_tail(&t->rings[i]);

        for (; at < head; at++)
            take(t, i, ring_at(&t->rings[i], at));
        ring_free_to(&t->rings[i], head);
    }
}

static void *tally_main(void *arg)
{
    const struct timespec pause = {.tv_nsec = PUMP_MS * NS_PER_MS};
    struct tally *t = arg;

    while (!t->done) {
        pump(t);
        if (clock_mono_ns() >= t->to_ns || t->outer->stop > 0)
            t->control.stop = 2;
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static int make_rings(struct tally *t, int32_t threads)
{
    t->ring_size = (ring_bytes(RING_RECORDS) + 4095) / 4096 * 4096;
    t->memory_size = (size_t)threads * t->ring_size;
    t->memory = mmap(NULL, t->memory_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (t->memory == MAP_FAILED) {
        t->memory = NULL;
        return -ENOMEM;
    }
    t->rings = calloc((size_t)threads, sizeof *t->rings);
    t->ring_list = calloc((size_t)threads, sizeof *t->ring_list);
    t->threads = calloc((size_t)threads, sizeof *t->threads);
    t->seen = calloc(t->count + 1, sizeof *t->seen);
    if (!t->rings || !t->ring_list || !t->threads || !t->seen)
        return -ENOMEM;
    for (int32_t i = 0; i < threads; i++) {
        ring_create(&t->rings[i], (char *)t->memory + (size_t)i * t->ring_size, RING_RECORDS);
        t->ring_list[i] = &t->rings[i];
    }
    return 0;
}

int tally_open(struct tally *t, int32_t threads, struct err *err)
{
    int r = make_rings(t, threads);

    if (r < 0)
        return err_set(err, r, "self-test: out of memory for its rings");
    t->ring_count = threads;
    r = aside_start(&t->thread, &t->off, tally_main, t);
    t->running = r == 0;
    return r == 0 ? 0 : err_set(err, -r, "self-test: thread: %s", strerror(r));
}

void tally_finish(struct tally *t)
{
    if (!t->running)
        return;
    t->running = false;
    t->done = true;
    (void)pthread_join(t->thread, NULL);
    pump(t);
    for (int32_t i = 0; i < t->ring_count; i++)
        t->lost += ring_lost(&t->rings[i]);
}

void tally_release(struct tally *t)
{
    tally_finish(t);
    if (t->memory)
        (void)munmap(t->memory, t->memory_size);
    free(t->rings);
    free(t->ring_list);
    free(t->threads);
    free(t->seen);
}

static int64_t work_ns(const struct tally_thread *h)
{
    return second_work_ns(h->cpu_ns, h->spun_ns, h->delay_ns);
}

double tally_cpu_share(const struct tally *t)
{
    double share = NAN;

    for (int32_t i = 0; i < t->ring_count; i++) {
        const struct tally_thread *h = &t->threads[i];

        if (h->length_ns > 0 && h->cpu_ns > 0)
            share = fmax(share, (double)work_ns(h) / (double)h->length_ns);
    }
    return share;
}

double tally_cpu_each(const struct tally *t, uint64_t n)
{
    int64_t cpu_ns = 0;

    for (int32_t i = 0; i < t->ring_count; i++)
        cpu_ns += work_ns(&t->threads[i]);
    return n > 0 && cpu_ns > 0 ? (double)cpu_ns / (double)n : (double)NAN;
}
