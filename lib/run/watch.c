/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stale connection's request is sent again under its own id: an exchange that ended before any
 * byte of an answer is left open, and the second one goes on in the same sample.
 */
#include "run/watch.h"
#include "run/tap.h"
#include "wire/url.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20, SETTLE_MS = 100 }; /* the kernel holds packets back for PACKETS_HOLD_MS */

struct watch {
    struct tap tap;
    struct segment_end target;
    uint32_t scheduled;
    char id_before[32]; /* what our ids begin with */
    uint8_t *answered;  /* a bit a sample: its answer has begun */
    pthread_t thread;
    bool started;
    _Atomic int stop; /* 0 go on, 1 when all of the run was seen, 2 now */
    _Atomic bool done;
};

int watch_open(struct watch **ret, const struct plan *p, struct err *err)
{
    AUTO(watch_close) struct watch *w = NULL;
    struct url url;
    int r;

    if (p->load.witness != WITNESS_PACKETS)
        return 0;
    w = calloc(1, sizeof *w);
    if (!w)
        return err_set(err, -ENOMEM, "witness: out of memory");
    r = url_parse(&url, p->target.url, err);
    if (r == 0)
        r = packets_open(&w->tap.packets, url.port, err);
    if (r == -EPERM)
        return err_set(err, r,
                       "load.witness: packets needs CAP_NET_RAW: run as root, give asrun the "
                       "capability (setcap cap_net_raw+ep), or leave load.witness out");
    if (r == 0)
        *ret = TAKE(w);
    return r;
}

void watch_close(struct watch *w)
{
    if (!w)
        return;
    w->stop = 2;
    if (w->started)
        (void)pthread_join(w->thread, NULL);
    tap_release(&w->tap);
    free(w->answered);
    free(w);
}

static struct segment_end end_of(const struct sockaddr *a)
{
    struct segment_end e = {0};

    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;

        e.family = 4;
        e.port = ntohs(in->sin_port);
        memcpy(e.address, &in->sin_addr, sizeof in->sin_addr);
    } else if (a->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)a;

        e.family = 6;
        e.port = ntohs(in->sin6_port);
        memcpy(e.address, &in->sin6_addr, sizeof in->sin6_addr);
    }
    return e;
}

static bool may_watch(void *ctx, const struct segment_end *client, const struct segment_end *server)
{
    const struct watch *w = ctx;

    (void)client;
    return server->family == w->target.family && server->port == w->target.port &&
           memcmp(server->address, w->target.address, sizeof server->address) == 0;
}

static int64_t on_request(void *ctx, const char *id, int64_t time_ns)
{
    const struct watch *w = ctx;
    size_t before = strlen(w->id_before);
    uint64_t index = 0;

    (void)time_ns;
    if (strncmp(id, w->id_before, before) != 0 || id[before] == '\0')
        return -1;
    for (const char *at = id + before; *at; at++) {
        if (*at < '0' || *at > '9' || index > UINT32_MAX)
            return -1;
        index = 10 * index + (uint64_t)(*at - '0');
    }
    return index < w->scheduled ? (int64_t)index : -1;
}

static void on_record(void *ctx, const struct rec *r)
{
    struct watch *w = ctx;
    uint8_t bit = (uint8_t)(1 << r->sample % 8), *at = &w->answered[r->sample / 8];
    struct rec wire = *r;

    if (r->type == REC_POINT && r->kind == POINT_FIRST_BYTE)
        *at |= bit;
    if ((r->type == REC_END || r->type == REC_TEXT) && !(*at & bit))
        return;
    wire.sample += w->scheduled;
    (void)ring_put(w->tap.ring, &wire); /* there is room: tap_take() saw to it */
}

static void *watch_main(void *arg)
{
    struct watch *w = arg;
    int64_t stop_ns;

    while (w->stop == 0)
        (void)tap_take(&w->tap, WAIT_MS);
    stop_ns = clock_mono_ns();
    while (w->stop == 1 && tap_take(&w->tap, SETTLE_MS) && w->tap.seen_ns < stop_ns)
        ;
    tap_end(&w->tap);
    w->done = true;
    return NULL;
}

int watch_start(struct watch *w, const struct watch_run *run, struct ring *ring, struct err *err)
{
    int code;

    if (!w)
        return 0;
    const struct witness_ops ops = {may_watch, on_request, on_record, w, run->reply};

    w->target = end_of(run->address);
    if (w->target.family == 0)
        return err_set(err, -EINVAL, "load.witness: packets: the target is no TCP address");
    w->scheduled = run->scheduled;
    (void)snprintf(w->id_before, sizeof w->id_before, "asrun-%s-", run->run_id);
    w->answered = calloc(run->scheduled / 8 + 1, 1);
    w->tap.witness = witness_new(w->target.port, &ops);
    w->tap.ring = ring;
    w->tap.earliest_ns = run->anchor.mono_ns;
    if (!w->answered || !w->tap.witness)
        return err_set(err, -ENOMEM, "witness: out of memory");
    code = aside_start(&w->thread, &run->off, watch_main, w);
    w->started = code == 0;
    return code ? err_set(err, -code, "witness thread: %s", strerror(code)) : 0;
}

int watch_finish(struct watch *w, struct store *store, uint64_t *dropped, struct err *err)
{
    const struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
    uint64_t packets;
    int r = 0;

    if (!w || !w->started)
        return 0;
    w->stop = 1;
    while (!w->done) {
        r = store_flush(store, err);
        if (r < 0)
            return r; /* watch_close() ends the thread */
        (void)nanosleep(&pause, NULL);
    }
    (void)pthread_join(w->thread, NULL);
    w->started = false;
    tap_drops(&w->tap, &packets, dropped);
    return tap_put_counts(&w->tap, store, err);
}
