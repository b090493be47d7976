/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/team.h - private to envelope: threads, each pinned to a CPU of its own, that do one
 * piece of work together, again and again. Timed from the first one's start to the last one's end.
 *
 * Errors: 0, else a negative errno with the reason in *err. Memory: team_new() gives it to the
 * caller. Threads: a team belongs to one thread, which sleeps while the team works.
 */
#pragma once
#include "base/base.h"
#include "envelope/envelope.h"

enum { TEAM_MOST = 1024 };
struct team;
typedef void team_work(void *ctx, int member, int members);

/* Member i on @cpus[i]. -EINVAL: a CPU that this process may not use. */
NODISCARD int team_new(struct team **ret, const int *cpus, int members, struct err *err);
struct repetition team_do(struct team *t, team_work *work, void *ctx);
void team_free(struct team *t); /* NULL is a no-op */
DEFINE_AUTO(struct team *, team_free)

/* The CPUs that this process may use: first one of each core, then the others. Returns how many. */
int team_cpus(int *ret, int cap);
