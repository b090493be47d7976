/* SPDX-License-Identifier: Apache-2.0 */
/* One thread: the kernel's ring holds what arrives while a commit takes its time. */
#include "run/witness.h"
#include "asrun/asrun.h"
#include "base/digest.h"
#include "base/fs.h"
#include "evidence/writer.h"
#include "load/owner.h"
#include "probe/probe.h"
#include "record/fact_list.h"
#include "run/tap.h"
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { RING_RECORDS = 1 << 19, WAIT_MS = 20 };
#define SETTLE_NS (100 * NS_PER_MS) /* until the kernel has handed over what it holds */

struct watch {
    const struct witness_options *options;
    struct store *store;
    struct tap tap;
    int owner_fd;
    uid_t user;
    uint8_t salt[16];
    struct clock_anchor anchor; /* of the file */
    uint32_t samples;
    int failed; /* of a callback */
    struct err err;
};

static void watch_release(struct watch *w)
{
    tap_release(&w->tap);
    store_close(w->store);
    fd_close(w->owner_fd);
}
DEFINE_AUTO_HELD(struct watch, watch_release)

static bool may_watch(void *ctx, const struct segment_end *client, const struct segment_end *server)
{
    const struct watch *w = ctx;
    uid_t owner;

    if (w->options->any_user)
        return true;
    return owner_of(&owner, w->owner_fd, client, server) == 0 && owner == w->user;
}

/* The id is kept as SHA-256 over the file's salt and the id, its first 16 bytes: who knows the ids
 * can find them, nobody can read them off. */
static int note_id(struct watch *w, uint32_t sample, const char *id, int64_t time_ns)
{
    uint8_t salted[sizeof w->salt + 128];
    size_t n = strlen(id);
    struct digest_hex hex;
    struct digest digest;
    char text[64];

    assert(n < 128);
    memcpy(salted, w->salt, sizeof w->salt);
    memcpy(salted + sizeof w->salt, id, n);
    digest = digest_of(salted, sizeof w->salt + n);
    hex = digest_hex(&digest);
    (void)snprintf(text, sizeof text, "%u %.32s", sample, hex.text);
    return store_note(w->store, time_ns - w->anchor.mono_ns, "request_id", text, &w->err);
}

static int64_t on_request(void *ctx, const char *id, int64_t time_ns)
{
    struct watch *w = ctx;
    uint32_t sample = w->samples;

    if (sample == WITNESS_SAMPLES_MAX)
        return -1;
    if (id[0] && w->failed == 0)
        w->failed = note_id(w, sample, id, time_ns);
    w->samples++;
    return sample;
}

static void on_record(void *ctx, const struct rec *r)
{
    struct watch *w = ctx;

    (void)ring_put(w->tap.ring, r); /* a full ring counts its own losses */
}

static int put_number(struct watch *w, const char *key, uint64_t v, struct err *err)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, v);
    return store_meta(w->store, key, text, err);
}

static int put_hex(struct watch *w, const char *key, const uint8_t *bytes, size_t n,
                   struct err *err)
{
    char text[65] = "";

    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return store_meta(w->store, key, text, err);
}

static int put_facts(struct watch *w, struct err *err)
{
    AUTO(fact_list_release) struct fact_list facts = {0};
    struct fact_sink sink = fact_list_sink(&facts);
    int r = probe_host(&sink, err);

    for (size_t i = 0; i < facts.count && r == 0; i++)
        r = store_fact(w->store, &facts.items[i], err);
    return r;
}

static int begin_file(struct watch *w, struct err *err)
{
    uint8_t id[4];
    int r = store_create(&w->store, w->options->out_path, 1, RING_RECORDS, err);

    if (r == 0 && (getrandom(w->salt, sizeof w->salt, 0) != sizeof w->salt ||
                   getrandom(id, sizeof id, 0) != sizeof id))
        r = err_set(err, -EIO, "getrandom: %s", strerror(errno));
    w->anchor = clock_anchor_take();
    if (r == 0)
        r = store_begin(w->store,
                        &(struct store_begin){.anchor = w->anchor,
                                              .scheduled = WITNESS_SAMPLES_MAX,
                                              .trials = 1,
                                              .closed_loop = true,
                                              .asrun_version = asrun_version()},
                        err);
    if (r == 0)
        r = store_meta(w->store, "kind", "witness", err);
    if (r == 0)
        r = put_hex(w, "run_id", id, sizeof id, err);
    if (r == 0)
        r = put_hex(w, "witness.salt", w->salt, sizeof w->salt, err);
    if (r == 0)
        r = put_number(w, "witness.port", w->options->port, err);
    if (r == 0)
        r = store_meta(w->store, "witness.users", w->options->any_user ? "any" : "own", err);
    if (r == 0)
        r = put_facts(w, err);
    if (r == 0)
        r = store_trial_begin(w->store, 0, 0, 0, WITNESS_SAMPLES_MAX, "none", err);
    return r == 0 ? store_flush(w->store, err) : r;
}

/* The capture comes first: without the right to it no file is made. */
static int begin(struct watch *w, struct err *err)
{
    const struct witness_ops ops = {may_watch, on_request, on_record, w, NULL};
    int r = packets_open(&w->tap.packets, w->options->port, err);

    if (r == 0)
        r = owner_open(&w->owner_fd, err);
    if (r == 0)
        r = begin_file(w, err);
    if (r < 0)
        return r;
    w->user = geteuid();
    w->tap.ring = store_ring(w->store, 0);
    w->tap.earliest_ns = w->anchor.mono_ns;
    w->tap.witness = witness_new(w->options->port, &ops);
    return w->tap.witness ? 0 : err_set(err, -ENOMEM, "witness: out of memory");
}

static int watch_on(struct watch *w, const struct run_control *c, struct err *err)
{
    int64_t start_ns = clock_mono_ns(), now_ns = start_ns;
    int64_t until_ns =
        w->options->duration_ns ? start_ns + w->options->duration_ns + SETTLE_NS : INT64_MAX;
    bool ending = false;
    int r = 0;

    while (r == 0 && now_ns < until_ns) {
        if (!ending && run_interrupted(c))
            until_ns = i64_min(until_ns, now_ns + SETTLE_NS);
        ending = run_interrupted(c);
        (void)tap_take(&w->tap, WAIT_MS);
        now_ns = clock_mono_ns();
        r = store_pump(w->store, now_ns, err);
        if (r == 0 && w->failed < 0)
            r = err_set(err, w->failed, "%s", w->err.text);
    }
    return r;
}

static int finish(struct watch *w, struct witness_summary *s, struct err *err)
{
    struct store_live live;
    int64_t now_ns;
    int r;

    now_ns = clock_mono_ns();
    tap_end(&w->tap);
    r = store_flush(w->store, err);
    store_live(w->store, &live);
    *s = (struct witness_summary){.counts = witness_counts(w->tap.witness),
                                  .started = live.started,
                                  .ended = live.ended,
                                  .ok = live.ok};
    tap_drops(&w->tap, &s->packets, &s->dropped);
    if (r == 0)
        r = store_trial_end(w->store, 0, now_ns - w->anchor.mono_ns, TIME_NONE, "complete", err);
    if (r == 0)
        r = tap_put_counts(&w->tap, w->store, err);
    return r == 0 ? store_finish(w->store, "complete", err) : r;
}

int witness_run(struct witness_summary *ret, const struct witness_options *o,
                const struct run_control *c, struct err *err)
{
    AUTO(watch_release) struct watch w = {.options = o, .owner_fd = -1};
    struct witness_summary s = {0};
    int r = begin(&w, err);

    if (r < 0)
        return r;
    if (o->ready)
        o->ready(o->ctx);
    r = watch_on(&w, c, err);
    if (r == 0)
        r = finish(&w, &s, err);
    if (r == 0)
        *ret = s;
    return r;
}
