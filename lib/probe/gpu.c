/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/gpu.h"
#include <stdarg.h>
#include <stdio.h>

int gpu_changed(const struct gpu_device *d, const struct probe_out *out, int64_t now_ns,
                const char *fmt, ...)
{
    char text[240];
    int n = snprintf(text, sizeof text, "%s: ", d->scope);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
    va_end(ap);
    return out->changed(out->ctx, now_ns, text);
}

int gpu_fact(const struct facts *f, const struct gpu_vendor *v, int code, const char *name,
             const char *value, const char *unit, const char *source)
{
    if (code != 0)
        return facts_absent(f, name, "%s: %s", source, v->words(v->library, code));
    return facts_put(f, KNOWN_MEASURED, name, value, unit, source);
}

int gpu_number(const struct facts *f, const struct gpu_vendor *v, int code, const char *name,
               double value, const char *unit, const char *source)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.17g", value);
    return gpu_fact(f, v, code, name, text, unit, source);
}

static int declare(struct gpu_device *d, size_t i, const struct gpu_vendor *v,
                   const struct probe_out *out)
{
    const struct gpu_meter *m = &v->meters[i];
    const struct facts f = {&out->facts, d->scope};
    const struct series s = {d->scope, m->name, m->unit, m->source, KNOWN_MEASURED};
    double value = 0;
    const int code = m->read(v->library, d->handle, &value);

    if (code != 0)
        return facts_absent(&f, m->name, "%s: %s", m->source, v->words(v->library, code));
    d->there[i] = true;
    d->last[i] = value;
    return out->series.declare(out->series.ctx, &d->id[i], &s);
}

int gpu_declare(struct gpu_device *d, const struct gpu_vendor *v, const struct probe_out *out)
{
    int r = 0;

    assert(v->count <= GPU_METERS_MAX);
    for (size_t i = 0; i < v->count && r >= 0; i++)
        r = declare(d, i, v, out);
    return r;
}

static int unread(struct gpu_device *d, size_t i, const struct gpu_vendor *v,
                  const struct probe_out *out, int64_t now_ns, int code)
{
    if (v->lost != 0 && code == v->lost) {
        d->lost = true;
        return gpu_changed(d, out, now_ns, "from answering to lost: %s",
                           v->words(v->library, code));
    }
    if (d->silent[i])
        return 0;
    d->silent[i] = true;
    return gpu_changed(d, out, now_ns, "%s: from readable to unreadable: %s", v->meters[i].name,
                       v->words(v->library, code));
}

static int read_one(struct gpu_device *d, size_t i, const struct gpu_vendor *v,
                    const struct probe_out *out, int64_t now_ns)
{
    const struct gpu_meter *m = &v->meters[i];
    double value = 0, grown;
    int code;

    if (!d->there[i] || d->lost)
        return 0;
    code = m->read(v->library, d->handle, &value);
    if (code != 0)
        return unread(d, i, v, out, now_ns, code);
    d->silent[i] = false;
    grown = value - d->last[i];
    d->last[i] = value;
    if (!m->counter)
        out->series.put(out->series.ctx, d->id[i], now_ns, value);
    else if (grown >= 0) /* less than before: the driver was reset, and nobody knows how much */
        out->series.put(out->series.ctx, d->id[i], now_ns, grown);
    return 0;
}

static size_t slow_ones(const struct gpu_vendor *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->count; i++)
        n += v->meters[i].in_turn;
    return n;
}

/* The @turn-th of the slow ones of all devices. */
static int read_in_turn(struct gpu_device *d, const struct gpu_vendor *v,
                        const struct probe_out *out, size_t turn, int64_t now_ns)
{
    const size_t slow = slow_ones(v);
    size_t left = turn % slow;

    for (size_t i = 0; i < v->count; i++)
        if (v->meters[i].in_turn && left-- == 0)
            return read_one(&d[turn / slow], i, v, out, now_ns);
    return 0;
}

int gpu_sample(struct gpu_device *d, size_t n, const struct gpu_vendor *v,
               const struct probe_out *out, size_t *turn, int64_t now_ns)
{
    const size_t slow = slow_ones(v);
    int r = 0;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < v->count && r >= 0; i++)
            if (!v->meters[i].in_turn)
                r = read_one(&d[k], i, v, out, now_ns);
    if (slow > 0 && n > 0 && r >= 0) {
        r = read_in_turn(d, v, out, *turn, now_ns);
        *turn = (*turn + 1) % (slow * n);
    }
    return r;
}
