/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/flight.h"
#include "base/vec.h"
#include "evidence/columns.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 256 };

int flight_init(struct flight *f, uint32_t rings)
{
    *f = (struct flight){.ring_count = rings, .bucket_count = BUCKETS_FIRST};
    f->finished_end = &f->finished;
    f->rings = calloc(rings, sizeof *f->rings);
    f->buckets = calloc(BUCKETS_FIRST, sizeof *f->buckets);
    return f->rings && f->buckets ? 0 : -ENOMEM;
}

int flight_begin(struct flight *f, int64_t anchor_ns, uint32_t scheduled, bool wire)
{
    uint32_t ids = wire ? 2 * scheduled : scheduled;
    uint64_t *done = calloc((size_t)ids / 64 + 1, sizeof *done);

    assert(!wire || scheduled <= INT32_MAX);
    if (!done)
        return -ENOMEM;
    free(f->done);
    f->done = done;
    f->anchor_ns = anchor_ns;
    f->scheduled = scheduled;
    f->ids = ids;
    return 0;
}

int flight_trial(struct flight *f, uint32_t trial, uint32_t first, uint32_t count)
{
    struct flight_trial t = {.trial = trial, .first = first, .count = count};

    return VEC_PUSH(f->trials, f->trial_count, f->trial_cap, t);
}

static void stream_free(struct stream *st)
{
    if (st)
        free(st->tail);
    free(st);
}

void flight_drop_finished(struct flight *f)
{
    while (f->finished) {
        struct stream *st = f->finished;

        f->finished = st->next_finished;
        stream_free(st);
    }
    f->finished_end = &f->finished;
}

void flight_release(struct flight *f)
{
    if (f->finished_end)
        flight_drop_finished(f);
    for (size_t i = 0; f->buckets && i < f->bucket_count; i++) {
        while (f->buckets[i]) {
            struct stream *st = f->buckets[i];

            f->buckets[i] = st->next_hash;
            stream_free(st);
        }
    }
    free(f->buckets);
    free(f->rings);
    free(f->done);
    free(f->trials);
    free(f->seconds.items);
    free(f->connections.items);
    *f = (struct flight){0};
}

static struct stream **bucket_of(struct flight *f, uint32_t id)
{
    uint32_t hash = id * UINT32_C(2654435769); /* ids count up: spread them */

    return &f->buckets[(hash >> 8) & (f->bucket_count - 1)];
}

/* A table that could not grow is only slower. */
static void grow(struct flight *f)
{
    struct stream **old = f->buckets,
                  **wider = calloc(f->bucket_count * 2, sizeof(struct stream *));
    size_t old_count = f->bucket_count;

    if (!wider)
        return;
    f->buckets = wider;
    f->bucket_count *= 2;
    for (size_t i = 0; i < old_count; i++) {
        for (struct stream *st = old[i], *next; st; st = next) {
            struct stream **to = bucket_of(f, st->sample.id);

            next = st->next_hash;
            st->next_hash = *to;
            *to = st;
        }
    }
    free(old);
}

static struct stream *find(struct flight *f, uint32_t id)
{
    struct stream *st = *bucket_of(f, id);

    while (st && st->sample.id != id)
        st = st->next_hash;
    return st;
}

/* The trial that has sample @id; NULL: none that was begun. */
static const struct flight_trial *trial_of(const struct flight *f, uint32_t id)
{
    id -= flight_of_wire(f, id) ? f->scheduled : 0;
    for (size_t i = 0; i < f->trial_count; i++)
        if (id >= f->trials[i].first && id - f->trials[i].first < f->trials[i].count)
            return &f->trials[i];
    return NULL;
}

static struct stream *add(struct flight *f, uint32_t id, uint32_t ring)
{
    struct stream *st = calloc(1, sizeof *st), **to;

    if (!st)
        return NULL;
    if (f->streams >= f->bucket_count)
        grow(f);
    st->sample = sample_blank(id);
    st->sample.trial = trial_of(f, id)->trial;
    st->ring = ring;
    to = bucket_of(f, id);
    st->next_hash = *to;
    *to = st;
    f->streams++;
    f->started += !flight_of_wire(f, id);
    return st;
}

static void unlink_ring(struct flight *f, struct stream *st)
{
    struct flight_ring *ring = &f->rings[st->ring];

    if (!st->unpacked)
        return;
    *(st->older ? &st->older->newer : &ring->oldest) = st->newer;
    *(st->newer ? &st->newer->older : &ring->newest) = st->older;
    st->older = st->newer = NULL;
    st->unpacked = false;
}

static void link_ring(struct flight *f, struct stream *st, uint64_t position, int64_t now_ns)
{
    struct flight_ring *ring = &f->rings[st->ring];

    if (st->unpacked)
        return;
    st->unpacked = true;
    st->first_unpacked = position;
    st->unpacked_since_ns = now_ns;
    st->older = ring->newest;
    *(ring->newest ? &ring->newest->newer : &ring->oldest) = st;
    ring->newest = st;
}

static bool is_done(const struct flight *f, uint32_t id)
{
    return (f->done[id / 64] >> (id % 64)) & 1;
}

void flight_mark_done(struct flight *f, uint32_t sample)
{
    if (sample < f->ids)
        f->done[sample / 64] |= UINT64_C(1) << (sample % 64);
}

static int64_t ttft_start(const struct flight *f, const struct sample *s)
{
    return f->closed_loop ? s->sent_ns : s->due_ns;
}

static void finish(struct flight *f, struct stream *st)
{
    struct stream **at = bucket_of(f, st->sample.id);
    struct sample *s = &st->sample;

    while (*at != st)
        at = &(*at)->next_hash;
    *at = st->next_hash;
    f->streams--;
    unlink_ring(f, st);
    s->kernel = s->kernel && s->events > 0;
    *f->finished_end = st;
    f->finished_end = &st->next_finished;
    flight_mark_done(f, s->id);
    if (flight_of_wire(f, s->id))
        return;
    f->ended++;
    f->ok += !outcome_failed(s->outcome);
    if (s->first_content_ns != TIME_NONE && ttft_start(f, s) != TIME_NONE)
        live_add(&f->ttft, s->first_content_ns - ttft_start(f, s));
}

void flight_interrupt(struct flight *f)
{
    for (size_t i = 0; i < f->bucket_count; i++) {
        while (f->buckets[i]) {
            f->buckets[i]->sample.outcome = OUTCOME_INTERRUPTED;
            finish(f, f->buckets[i]);
        }
    }
}

void flight_packed(struct flight *f, struct stream *st, uint64_t position)
{
    unlink_ring(f, st);
    st->parts += st->tail_count > 0;
    st->tail_count = 0;
    st->packed_to = position;
    st->stored = true;
}

int flight_restore(struct flight *f, const struct sample *s, uint32_t parts, uint32_t ring,
                   uint64_t packed_to)
{
    struct stream *st;

    if (s->id >= f->ids || !trial_of(f, s->id) || is_done(f, s->id) || find(f, s->id) ||
        ring >= f->ring_count)
        return -EBADMSG;
    st = add(f, s->id, ring);
    if (!st)
        return -ENOMEM;
    st->sample = *s;
    st->parts = parts;
    st->packed_to = packed_to;
    st->stored = true;
    return 0;
}

/* Words come in pieces of 16 bytes; the sample keeps as many as fit, and a NUL. */
static void add_words(struct sample *s, const struct rec *r)
{
    char piece[17] = {0};
    size_t used = strlen(s->error), n;

    memcpy(piece, &r->value, 8);
    memcpy(piece + 8, &r->user_ns, 8);
    n = strlen(piece);
    if (n > sizeof s->error - 1 - used)
        n = sizeof s->error - 1 - used;
    for (size_t i = 0; i < n; i++) /* a server's bytes: printable ASCII only, whatever they are */
        s->error[used + i] = piece[i] >= 0x20 && piece[i] < 0x7f ? piece[i] : '?';
    s->error[used + n] = '\0';
}

static int32_t low_i32(int64_t v)
{
    return (int32_t)(uint32_t)(uint64_t)v;
}

static int32_t clip_i32(int64_t v)
{
    return (int32_t)i64_max(INT32_MIN, i64_min(INT32_MAX, v));
}

static void resend(struct sample *s)
{
    s->connect_start_ns = s->connect_end_ns = s->tls_end_ns = TIME_NONE;
    s->connection = COUNT_NONE;
    s->sent_ns = s->sent_last_ns = s->sent_kernel_ns = s->first_byte_ns = TIME_NONE;
    s->reused = 0;
    s->resent += s->resent < UINT8_MAX;
}

static int64_t whole_us(int64_t ns)
{
    return ns / NS_PER_US * NS_PER_US;
}

/* Counted from 1 in the record, so that older spools, with a 0 there, know none. */
static int64_t connection_of(const struct rec *r)
{
    return r->value > 0 ? r->value - 1 : COUNT_NONE;
}

static void apply_point(struct sample *s, const struct rec *r, int64_t ns)
{
    switch ((enum rec_point)r->kind) {
    case POINT_DUE:
        s->due_ns = ns;
        s->input_requested = low_i32(r->value);
        s->output_requested = low_i32(r->value >> 32);
        if (r->user_ns >> 32 > 0) { /* in older spools 0 */
            s->session = low_i32(r->user_ns);
            s->turn = low_i32(r->user_ns >> 32) - 1;
        }
        break;
    case POINT_RELEASED:
        s->released_ns = ns;
        s->reuse_expected = low_i32(r->value >> 32); /* below it the trial, which is known */
        break;
    case POINT_CONNECT_START:
        s->connect_start_ns = ns;
        s->connection = connection_of(r);
        break;
    case POINT_CONNECT_END:
        s->connect_end_ns = ns;
        break;
    case POINT_TLS_END:
        s->tls_end_ns = ns;
        break;
    case POINT_SENT:
        s->sent_ns = ns;
        s->reused = (r->flags & REC_REUSED) != 0;
        s->connection = connection_of(r);
        break;
    case POINT_SENT_KERNEL:
        s->sent_kernel_ns = ns;
        break;
    case POINT_SENT_LAST:
        s->sent_last_ns = ns;
        s->request_bytes = r->value;
        break;
    case POINT_FIRST_BYTE: /* in the unit of the events, so that none seems to come before it */
        s->first_byte_ns = whole_us(ns);
        break;
    case POINT_RESENT:
        resend(s);
        break;
    case POINT_END:
        s->end_ns = ns;
        break;
    }
}

static void apply_event(struct flight *f, struct stream *st, const struct rec *r, int64_t ns)
{
    struct sample *s = &st->sample;
    struct event e = {.time_ns = whole_us(ns),
                      .bytes = clip_i32(r->value),
                      .kind = r->kind,
                      .flags = (uint8_t)r->flags};
    int64_t user_ns;

    if (!__builtin_sub_overflow(r->user_ns, f->anchor_ns, &user_ns))
        e.lag_us = clip_i32(user_ns / NS_PER_US - ns / NS_PER_US);
    st->tail[st->tail_count++] = e;
    s->events++;
    s->kernel = s->kernel && (r->flags & REC_KERNEL);
    if ((r->kind & EVENT_CHOICES) && s->first_choice_ns == TIME_NONE)
        s->first_choice_ns = e.time_ns;
    if (!(r->kind & EVENT_TOKENS))
        return;
    if (s->first_content_ns == TIME_NONE)
        s->first_content_ns = e.time_ns;
    s->last_content_ns = e.time_ns;
    s->content_events++;
    f->output_events += !flight_of_wire(f, s->id);
}

static void apply_count(struct sample *s, const struct rec *r)
{
    int32_t n = r->value >= 0 && r->value <= INT32_MAX ? (int32_t)r->value : COUNT_NONE;

    switch ((enum rec_count)r->kind) {
    case COUNT_INPUT:
        s->input_reported = n;
        break;
    case COUNT_OUTPUT:
        s->output_reported = n;
        break;
    case COUNT_CACHED:
        s->cached_reported = n;
        break;
    case COUNT_FINISH:
        s->finish = n >= 0 && n <= FINISH_OTHER ? (uint8_t)n : FINISH_OTHER;
        break;
    case COUNT_COMPONENT:
        s->component = n;
        break;
    case COUNT_HANG_UP:
        s->hang_up = n >= 0 && n <= HANG_UP_TIME ? (uint8_t)n : HANG_UP_NONE;
        break;
    }
}

static bool sane_kind(const struct rec *r)
{
    switch ((enum rec_type)r->type) {
    case REC_POINT:
        return r->kind <= POINT_SENT_KERNEL;
    case REC_COUNT:
        return r->kind <= COUNT_COMPONENT;
    case REC_END:
        return r->kind < OUTCOME_COUNT_ && r->value >= 0 && r->value <= 999;
    case REC_READ:
        return r->value >= 0;
    case REC_EVENT:
    case REC_TEXT:
        return true;
    case REC_NONE:
    case REC_SECOND:
    case REC_CONNECTION:
        break;
    }
    return false;
}

/* @*ns: the record's time since the anchor; only some records need one. */
static bool sane(const struct flight *f, const struct rec *r, int64_t *ns)
{
    bool timed = r->type == REC_POINT || r->type == REC_EVENT || r->type == REC_END;

    if (r->sample >= f->ids || !trial_of(f, r->sample) || !sane_kind(r))
        return false;
    if (__builtin_sub_overflow(r->time_ns, f->anchor_ns, ns) || *ns < 0)
        *ns = TIME_NONE;
    return !timed || *ns != TIME_NONE;
}

static void apply(struct flight *f, struct stream *st, const struct rec *r, int64_t ns)
{
    struct sample *s = &st->sample;
    int64_t bytes;

    switch ((enum rec_type)r->type) {
    case REC_POINT:
        apply_point(s, r, ns);
        break;
    case REC_READ:
        if (!__builtin_add_overflow(s->response_bytes, r->value, &bytes))
            s->response_bytes = bytes;
        break;
    case REC_EVENT:
        apply_event(f, st, r, ns);
        break;
    case REC_COUNT:
        apply_count(s, r);
        break;
    case REC_TEXT:
        add_words(s, r);
        break;
    case REC_END:
        s->outcome = r->kind;
        s->http_status = (int32_t)r->value;
        if (s->end_ns == TIME_NONE)
            s->end_ns = ns;
        break;
    case REC_NONE:
    case REC_SECOND:
    case REC_CONNECTION:
        break;
    }
}

static int bad(struct flight *f)
{
    f->bad++;
    return -EBADMSG;
}

static bool is_trial(const struct flight *f, uint32_t trial)
{
    for (size_t i = 0; i < f->trial_count; i++)
        if (f->trials[i].trial == trial)
            return true;
    return false;
}

/* A second of a thread, or a connection. */
static int apply_part(struct flight *f, const struct rec *r, uint32_t ring, uint64_t position)
{
    struct flight_ring *own = &f->rings[ring];
    int64_t ns;
    int taken;

    if (!is_trial(f, r->sample) || __builtin_sub_overflow(r->time_ns, f->anchor_ns, &ns) || ns < 0)
        return bad(f);
    if (r->type == REC_SECOND)
        taken = second_take(&own->second, &f->seconds, r, ring, position, ns);
    else
        taken = connection_take(&own->connection, &f->connections, r, ring, position, ns);
    return taken == -EBADMSG ? bad(f) : taken;
}

int flight_apply(struct flight *f, const struct rec *r, uint32_t ring, uint64_t position,
                 int64_t now_ns)
{
    struct stream *st;
    int64_t ns;

    assert(ring < f->ring_count);
    if (r->type == REC_SECOND || r->type == REC_CONNECTION)
        return apply_part(f, r, ring, position);
    if (!sane(f, r, &ns))
        return bad(f);
    if (is_done(f, r->sample))
        return 0;
    st = find(f, r->sample);
    if (!st)
        st = add(f, r->sample, ring);
    if (!st ||
        vec_reserve((void **)&st->tail, &st->tail_cap, st->tail_count + 1, sizeof *st->tail) < 0)
        return -ENOMEM;
    if (st->ring != ring || st->sample.events == INT32_MAX)
        return bad(f);
    if (position < st->packed_to)
        return 0;
    f->last_ns = i64_max(f->last_ns, ns);
    link_ring(f, st, position, now_ns);
    apply(f, st, r, ns);
    if (r->type == REC_END)
        finish(f, st);
    return 1;
}
