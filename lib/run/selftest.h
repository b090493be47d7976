/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/selftest.h - what this client can do on this host, found out before a run: the load
 * engine itself, in the threads and on the CPUs of the run, against a null server in another
 * process.
 *
 * First at the planned pace, with as many streams as the plan will have out, for the latency that
 * the client adds and the CPU that it takes; then as fast as it can, for what it could do at most.
 * The requests are outside the schedule and in no sample; what comes of them is facts of scope
 * self_test. Plain HTTP/1.1: TLS and HTTP/2 cost more.
 */
#pragma once
#include "load/load.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "record/fact_list.h"

/* What the plan will ask of the client, from its schedule. */
struct selftest_load {
    double requests_per_s; /* of the first trial's busiest 10 s; closed loop: at @pace */
    double events_per_s;   /* answers' events, one a token */
    double streams;        /* answers that come in at the same time, at @pace; >= 1 */
    double events;         /* of a mean answer */
    double pace;           /* events a second of one answer: load.self_test.pace */
};
void selftest_load(struct selftest_load *ret, const struct plan *p, const struct schedule *s);

struct selftest {
    const struct plan *plan;
    const struct schedule *schedule;
    const int *io_cpus;                 /* one an I/O thread; NULL: not pinned */
    const struct load_control *control; /* the run's: an interrupt ends the test, too */
};
/* A test that can't be made is a fact with its reason, not a failure. *@says: one line for people.
 * -ENOMEM: for the facts. */
NODISCARD int selftest_run(const struct selftest *t, struct fact_list *facts, char *says,
                           size_t says_size, struct err *err);
