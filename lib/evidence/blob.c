/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns, not rows: token times step evenly, so that the delta of their delta is one or two bytes;
 * sizes differ little from one event to the next; kinds and flags hardly ever change. About four
 * bytes an event.
 */
#include "evidence/blob.h"

enum { BLOB_FORMAT = 1, EVENT_BYTES_MIN = 3, EVENT_BYTES_MAX = 24, HEAD_BYTES_MAX = 16 };
#define TIME_US_MAX (INT64_MAX / NS_PER_US)

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

size_t blob_bound(size_t n)
{
    return HEAD_BYTES_MAX + EVENT_BYTES_MAX * n;
}

static uint8_t *put_varint(uint8_t *out, uint64_t v)
{
    while (v >= 0x80) {
        *out++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *out++ = (uint8_t)v;
    return out;
}

static uint8_t *put_signed(uint8_t *out, int64_t v)
{
    return put_varint(out, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static uint64_t get_varint(struct reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (r->at == r->end)
            break;
        byte = *r->at++;
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    r->bad = true;
    return 0;
}

static int64_t get_signed(struct reader *r)
{
    uint64_t v = get_varint(r);

    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint8_t *put_times(uint8_t *out, const struct event *e, size_t n)
{
    int64_t last = 0, step = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t us = e[i].time_ns / NS_PER_US;

        assert(us * NS_PER_US == e[i].time_ns);
        out = put_signed(out, us - last - step);
        step = i == 0 ? 0 : us - last; /* the first stands alone: its step says nothing */
        last = us;
    }
    return out;
}

static void get_times(struct reader *r, struct event *e, size_t n)
{
    uint64_t last = 0, step = 0; /* unsigned: foreign sums may wrap, the range check finds it */

    for (size_t i = 0; i < n && !r->bad; i++) {
        uint64_t us = last + step + (uint64_t)get_signed(r);

        if ((int64_t)us > TIME_US_MAX || (int64_t)us < -TIME_US_MAX) {
            r->bad = true;
            return;
        }
        step = i == 0 ? 0 : us - last;
        last = us;
        e[i].time_ns = (int64_t)us * NS_PER_US;
    }
}

static int32_t get_i32(struct reader *r, int64_t base)
{
    int64_t v = get_signed(r);

    if (v > UINT32_MAX || v < -(int64_t)UINT32_MAX || base + v > INT32_MAX || base + v < INT32_MIN)
        r->bad = true;
    return r->bad ? 0 : (int32_t)(base + v);
}

/* @which: 0 the kinds, 1 the flags. */
static uint8_t byte_of(const struct event *e, int which)
{
    return which == 0 ? e->kind : e->flags;
}

static uint8_t *put_runs(uint8_t *out, const struct event *e, size_t n, int which)
{
    for (size_t i = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && byte_of(&e[i + run], which) == byte_of(&e[i], which);)
            run++;
        out = put_varint(out, run);
        *out++ = byte_of(&e[i], which);
    }
    return out;
}

static void get_runs(struct reader *r, struct event *e, size_t n, int which)
{
    for (size_t i = 0; i < n && !r->bad;) {
        uint64_t run = get_varint(r);

        if (run == 0 || run > n - i || r->at == r->end) {
            r->bad = true;
            return;
        }
        for (; run > 0; run--, i++)
            *(which == 0 ? &e[i].kind : &e[i].flags) = *r->at;
        r->at++;
    }
}

size_t blob_encode(uint8_t *out, const struct event *e, size_t n)
{
    uint8_t *at = out;

    *at++ = BLOB_FORMAT;
    at = put_varint(at, NS_PER_US);
    at = put_varint(at, n);
    at = put_times(at, e, n);
    for (size_t i = 0; i < n; i++)
        at = put_signed(at, (int64_t)e[i].bytes - (i == 0 ? 0 : e[i - 1].bytes));
    for (size_t i = 0; i < n; i++)
        at = put_signed(at, e[i].lag_us);
    at = put_runs(at, e, n, 0);
    at = put_runs(at, e, n, 1);
    return (size_t)(at - out);
}

static int open_blob(struct reader *r, size_t *count, const uint8_t *data, size_t len)
{
    uint64_t unit, n;

    if (len < 1 || data[0] != BLOB_FORMAT)
        return -EBADMSG;
    *r = (struct reader){.at = data + 1, .end = data + len};
    unit = get_varint(r);
    n = get_varint(r);
    if (r->bad || unit != (uint64_t)NS_PER_US || n > (size_t)(r->end - r->at) / EVENT_BYTES_MIN)
        return -EBADMSG;
    *count = n;
    return 0;
}

int blob_count(size_t *ret, const uint8_t *data, size_t len)
{
    struct reader r;

    return open_blob(&r, ret, data, len);
}

int blob_decode(struct event *ret, size_t count, const uint8_t *data, size_t len)
{
    struct reader r;
    size_t n;

    if (open_blob(&r, &n, data, len) < 0 || n != count)
        return -EBADMSG;
    get_times(&r, ret, n);
    for (size_t i = 0; i < n && !r.bad; i++)
        ret[i].bytes = get_i32(&r, i == 0 ? 0 : ret[i - 1].bytes);
    for (size_t i = 0; i < n && !r.bad; i++)
        ret[i].lag_us = get_i32(&r, 0);
    if (!r.bad)
        get_runs(&r, ret, n, 0);
    if (!r.bad)
        get_runs(&r, ret, n, 1);
    return r.bad || r.at != r.end ? -EBADMSG : 0;
}
