/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/team.c - members sleep between pieces of work and begin them at one moment, so that
 * how long the kernel takes to wake them is no part of a repetition. */
#include "envelope/team.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/fs.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_NS (200 * NS_PER_US) /* until all are awake */

struct member {
    struct team *team;
    pthread_t thread;
    struct repetition time;
    int number;
};

struct team {
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    team_work *work; /* NULL: go home */
    void *ctx;
    int64_t begin_ns;
    uint64_t piece; /* counts them */
    int members, left;
    struct member member[];
};

static void work_once(struct member *m, team_work *work, void *ctx, int64_t begin_ns, int members)
{
    int64_t start_ns;

    while ((start_ns = clock_mono_ns()) < begin_ns)
        ;
    work(ctx, m->number, members);
    m->time = (struct repetition){start_ns, clock_mono_ns() - start_ns};
}

static void *member_main(void *arg)
{
    struct member *m = arg;
    struct team *t = m->team;
    uint64_t seen = 0;

    (void)pthread_mutex_lock(&t->lock);
    for (;;) {
        team_work *work;

        while (t->piece == seen)
            (void)pthread_cond_wait(&t->begin, &t->lock);
        seen = t->piece;
        work = t->work;
        if (!work)
            break;
        (void)pthread_mutex_unlock(&t->lock);
        work_once(m, work, t->ctx, t->begin_ns, t->members);
        (void)pthread_mutex_lock(&t->lock);
        if (--t->left == 0)
            (void)pthread_cond_signal(&t->done);
    }
    (void)pthread_mutex_unlock(&t->lock);
    return NULL;
}

static int start_member(struct team *t, int number, int cpu, struct err *err)
{
    struct member *m = &t->member[number];
    pthread_attr_t attr;
    cpu_set_t set;
    int r;

    m->team = t;
    m->number = number;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setaffinity_np(&attr, sizeof set, &set);
    r = pthread_create(&m->thread, &attr, member_main, m);
    (void)pthread_attr_destroy(&attr);
    return r == 0 ? 0 : err_set(err, -r, "a thread on CPU %d: %s", cpu, strerror(r));
}

int team_new(struct team **ret, const int *cpus, int members, struct err *err)
{
    AUTO(team_free) struct team *t = NULL;

    assert(members >= 1 && members <= TEAM_MOST);
    t = calloc(1, sizeof *t + (size_t)members * sizeof t->member[0]);
    if (!t)
        return err_set(err, -ENOMEM, "out of memory for %d threads", members);
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->begin, NULL);
    (void)pthread_cond_init(&t->done, NULL);
    for (int i = 0; i < members; i++) {
        int r = start_member(t, i, cpus[i], err);

        if (r < 0)
            return r;
        t->members = i + 1;
    }
    *ret = TAKE(t);
    return 0;
}

static void hand_out(struct team *t, team_work *work, void *ctx)
{
    (void)pthread_mutex_lock(&t->lock);
    t->work = work;
    t->ctx = ctx;
    t->left = t->members;
    t->begin_ns = clock_mono_ns() + GATHER_NS;
    t->piece++;
    (void)pthread_cond_broadcast(&t->begin);
    while (work && t->left > 0)
        (void)pthread_cond_wait(&t->done, &t->lock);
    (void)pthread_mutex_unlock(&t->lock);
}

struct repetition team_do(struct team *t, team_work *work, void *ctx)
{
    struct repetition all = {INT64_MAX, 0};
    int64_t end_ns = 0;

    hand_out(t, work, ctx);
    for (int i = 0; i < t->members; i++) {
        const struct repetition *r = &t->member[i].time;

        all.start_ns = i64_min(all.start_ns, r->start_ns);
        end_ns = i64_max(end_ns, r->start_ns + r->length_ns);
    }
    all.length_ns = end_ns - all.start_ns;
    return all;
}

void team_free(struct team *t)
{
    if (!t)
        return;
    hand_out(t, NULL, NULL);
    for (int i = 0; i < t->members; i++)
        (void)pthread_join(t->member[i].thread, NULL);
    (void)pthread_cond_destroy(&t->done);
    (void)pthread_cond_destroy(&t->begin);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

/* Whether a sibling of @cpu with a smaller number may be used, too. */
static bool shares_core(int cpu, const cpu_set_t *allowed)
{
    char path[96], text[256];
    int siblings[64], n;

    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                   cpu);
    if (fs_read_line(text, sizeof text, path) < 0)
        return false;
    n = cpus_parse(siblings, COUNT_OF(siblings), text);
    for (int i = 0; i < n; i++)
        if (siblings[i] < cpu && CPU_ISSET(siblings[i], allowed))
            return true;
    return false;
}

int team_cpus(int *ret, int cap)
{
    cpu_set_t allowed;
    int n = 0;

    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) {
        CPU_ZERO(&allowed);
        CPU_SET(0, &allowed);
    }
    for (int sibling = 0; sibling < 2; sibling++)
        for (int cpu = 0; cpu < CPU_SETSIZE && n < cap; cpu++)
            if (CPU_ISSET(cpu, &allowed) && shares_core(cpu, &allowed) == (sibling == 1))
                ret[n++] = cpu;
    return n;
}
