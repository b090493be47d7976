/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/selftest_tally.h - what a self-test's rings say, added up as it comes; private to run. */
#pragma once
#include "evidence/live.h"
#include "load/load.h"
#include "load/null_server.h"
#include "record/ring.h"
#include "record/second.h"
#include "run/aside.h"
#include <pthread.h>

struct tally_spread { /* ns */
    struct live_histogram of;
    int64_t max;
};

struct tally_item {
    int64_t due_ns;
    int32_t events; /* seen so far */
};

struct tally_thread { /* of its seconds */
    int64_t length_ns, cpu_ns, spun_ns, delay_ns;
};

struct tally {
    /* set by the caller */
    const struct null_item *items;
    const int64_t *sent_ns; /* the null server's; NULL: none */
    size_t count;
    int64_t from_ns, to_ns; /* counted is what happens between; then the load is stopped */
    const struct load_control *outer;
    struct aside off; /* the reading thread */
    /* set by tally_open() */
    struct ring *rings;
    struct ring **ring_list;
    struct tally_thread *threads;
    struct tally_item *seen;
    void *memory;
    size_t memory_size, ring_size;
    int32_t ring_count;
    struct load_control control; /* for load_run() */
    pthread_t thread;
    bool running;
    _Atomic bool done;
    /* results */
    uint64_t requests, events; /* answers ended well, and events, in the time counted */
    uint64_t started, ended, failed,
        all_events; /* in all; failed: neither ended well nor cancelled */
    uint64_t lost;
    enum outcome failure;     /* of the first that failed */
    struct tally_spread late; /* due to released */
    struct tally_spread lag;  /* kernel stamp to user-space stamp */
    struct tally_spread added,
        first; /* the null server's send to the stamp: all events, first ones */
};

/* Rings for @threads threads, and the thread that reads them. -ENOMEM, -EAGAIN. */
NODISCARD int tally_open(struct tally *t, int32_t threads, struct err *err);
/* Reads what is left and ends the thread. */
void tally_finish(struct tally *t);
void tally_release(struct tally *t);
DEFINE_AUTO_HELD(struct tally, tally_release)
/* Share of its CPU that the busiest thread took, polling apart; NAN: not known. */
double tally_cpu_share(const struct tally *t);
/* ns of CPU for each of @n, polling apart; NAN: not known. */
double tally_cpu_each(const struct tally *t, uint64_t n);
