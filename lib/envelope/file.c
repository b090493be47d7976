/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/file.c - an envelope as evidence: kind "envelope", a meta row for each ceiling, a
 * dated note for each of its repetitions, facts as everywhere. See docs/formats/evidence.md,
 * "Envelope files".
 */
#include "asrun/asrun.h"
#include "base/clock.h"
#include "envelope/envelope.h"
#include "evidence/writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RING_RECORDS = 1 << 8 };

struct writing {
    const char *path;
    struct store *store;              /* NULL before the first fact */
    const struct envelope_sink *also; /* may be NULL */
    struct clock_anchor anchor;
    int ceilings;
    struct err *err;
};

static int put_meta(struct writing *w, const struct ceiling *c)
{
    AUTO(json_unref) json_t *o = json_object();
    AUTO(free) char *text = NULL;
    char key[32];

    json_put_str(o, "name", c->name);
    json_put_str(o, "unit", c->unit);
    json_put_i64(o, "threads", c->threads);
    json_put_i64(o, "size", c->size);
    json_put_i64(o, "order", c->order);
    json_put_real(o, "work", c->work);
    text = json_canonical(o);
    (void)snprintf(key, sizeof key, "ceiling.%d", w->ceilings);
    return text ? store_meta(w->store, key, text, w->err)
                : err_set(w->err, -ENOMEM, "out of memory for %s", c->name);
}

static int put_repetition(struct writing *w, const struct repetition *r)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%d %" PRId64, w->ceilings, r->length_ns);
    return store_note(w->store, r->start_ns - w->anchor.mono_ns, "repetition", text, w->err);
}

static int on_ceiling(void *ctx, const struct ceiling *c)
{
    struct writing *w = ctx;
    int r = put_meta(w, c);

    for (size_t i = 0; i < c->n && r == 0; i++)
        r = put_repetition(w, &c->rep[i]);
    w->ceilings++;
    if (r == 0)
        r = store_flush(w->store, w->err);
    return r == 0 && w->also ? w->also->ceiling(w->also->ctx, c) : r;
}

static int begin(struct writing *w)
{
    struct err *err = w->err;
    uint8_t id[4];
    char hex[2 * sizeof id + 1];
    int r = store_create(&w->store, w->path, 1, RING_RECORDS, err);

    if (r == 0 && getrandom(id, sizeof id, 0) != sizeof id)
        r = err_set(err, -EIO, "getrandom: %s", strerror(errno));
    w->anchor = clock_anchor_take();
    if (r == 0)
        r = store_begin(
            w->store, &(struct store_begin){.anchor = w->anchor, .asrun_version = asrun_version()},
            err);
    if (r < 0)
        return r;
    (void)snprintf(hex, sizeof hex, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    r = store_meta(w->store, "kind", "envelope", err);
    if (r == 0)
        r = store_meta(w->store, "run_id", hex, err);
    return r == 0 ? store_flush(w->store, err) : r;
}

/* The first fact comes when all that was asked for has been found to be possible: only then is
 * there a file, so that a wrong flag leaves none in the way. */
static int on_fact(void *ctx, const struct fact *f)
{
    struct writing *w = ctx;
    int r = w->store ? 0 : begin(w);

    if (r == 0)
        r = store_fact(w->store, f, w->err);
    return r == 0 && w->also ? w->also->fact(w->also->ctx, f) : r;
}

static void on_next(void *ctx, const char *what)
{
    const struct writing *w = ctx;

    if (w->also && w->also->next)
        w->also->next(w->also->ctx, what);
}

int envelope_write(const char *path, const struct envelope_options *o,
                   const struct envelope_sink *also, struct err *err)
{
    struct writing w = {.path = path, .also = also, .err = err};
    const struct envelope_sink sink = {on_ceiling, on_fact, on_next, &w};
    int r = envelope_measure(o, &sink, err);

    assert(r < 0 || w.store); /* facts of the host there always are */
    if (r == 0)
        r = store_finish(w.store, "complete", err);
    store_close(w.store);
    return r;
}

/* Reading: ceilings from meta, then the repetitions of each from the notes. */
struct reading {
    struct ceiling **ceilings;
    size_t count;
    const char *path;
    struct err *err;
};

static void reading_release(struct reading *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->ceilings[i]);
    free(r->ceilings);
}
DEFINE_AUTO_HELD(struct reading, reading_release)

static int parse_ceiling(struct ceiling *c, const char *text, const char *path, struct err *err)
{
    AUTO(json_unref) json_t *o = NULL;
    const char *name, *unit;
    json_int_t threads, size, order;
    double work;
    int r = json_parse(&o, text, path, err);

    if (r < 0)
        return r;
    if (json_unpack(o, "{s:s, s:s, s:I, s:I, s:I, s:F}", "name", &name, "unit", &unit, "threads",
                    &threads, "size", &size, "order", &order, "work", &work) != 0 ||
        strlen(name) >= sizeof c->name || strlen(unit) >= sizeof c->unit || threads < 0 ||
        threads > INT32_MAX || size < 0 || order < 0 || !(work > 0))
        return err_set(err, -EBADMSG, "%s: a ceiling that makes no sense", path);
    (void)snprintf(c->name, sizeof c->name, "%s", name);
    (void)snprintf(c->unit, sizeof c->unit, "%s", unit);
    c->threads = (int)threads;
    c->size = size;
    c->order = order;
    c->work = work;
    return 0;
}

static int read_ceilings(struct reading *ret, struct evidence *e, struct err *err)
{
    const char *text;
    char key[32];

    for (;;) {
        struct ceiling **more, *c;
        int r;

        (void)snprintf(key, sizeof key, "ceiling.%zu", ret->count);
        text = evidence_meta(e, key);
        if (!text)
            return 0;
        more = realloc(ret->ceilings, (ret->count + 1) * sizeof(struct ceiling *));
        if (!more)
            return err_set(err, -ENOMEM, "out of memory for the ceilings");
        ret->ceilings = more;
        c = calloc(1, sizeof *c);
        if (!c)
            return err_set(err, -ENOMEM, "out of memory for the ceilings");
        ret->ceilings[ret->count++] = c;
        r = parse_ceiling(c, text, ret->path, err);
        if (r < 0)
            return r;
    }
}

static int on_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    struct reading *r = ctx;
    uint64_t at;
    int64_t length_ns;
    struct ceiling *c;

    if (strcmp(kind, "repetition") != 0)
        return 0;
    if (sscanf(text, "%" SCNu64 " %" SCNd64, &at, &length_ns) != 2 || at >= r->count ||
        length_ns < 0 || r->ceilings[at]->n == CEILING_REPETITIONS_MOST)
        return err_set(r->err, -EBADMSG, "%s: a repetition of no ceiling: %.60s", r->path, text);
    c = r->ceilings[at];
    c->rep[c->n++] = (struct repetition){time_ns, length_ns};
    return 0;
}

static int document_from(json_t **ret, const struct reading *in, struct evidence *e,
                         struct err *err)
{
    AUTO(envelope_document_release) struct envelope_document d = {0};
    struct envelope_sink sink = envelope_document_sink(&d);
    int r = envelope_document_init(&d);

    d.real_ns = evidence_info(e)->anchor.real_ns;
    for (size_t i = 0; i < in->count && r == 0; i++)
        r = sink.ceiling(sink.ctx, in->ceilings[i]);
    if (r < 0)
        return err_set(err, r, "out of memory for the envelope");
    r = evidence_each_fact(e, sink.fact, sink.ctx, err);
    if (r < 0)
        return r;
    *ret = envelope_document_json(&d);
    return *ret ? 0 : err_set(err, -ENOMEM, "out of memory for the envelope");
}

int envelope_read(json_t **ret, struct evidence *e, struct err *err)
{
    AUTO(reading_release) struct reading in = {.path = evidence_info(e)->path, .err = err};
    int r;

    if (evidence_kind(e) != EVIDENCE_ENVELOPE)
        return err_set(err, -EINVAL, "%s is no envelope: asrun envelope -o FILE.asrun writes one",
                       in.path);
    r = read_ceilings(&in, e, err);
    if (r == 0)
        r = evidence_each_note(e, on_note, &in, err);
    return r == 0 ? document_from(ret, &in, e, err) : r;
}
