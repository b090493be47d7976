/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's side of an evidence file: SQLite in WAL mode with synchronous=FULL, so that a
 * committed block survives power loss and no reader makes the writer wait. The file appears under
 * its name only when its tables are complete: it can be opened from its first instant.
 */
#include "evidence/packer.h"
#include "evidence/seal.h"
#include "evidence/spool.h"
#include "evidence/writer.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define COMMIT_NS (200 * NS_PER_MS)
#define PACK_NS (700 * NS_PER_MS) /* plus one commit's delay: within a second */

struct store {
    struct packer packer;
    struct spool spool;
    char path[PATH_MAX];
    int64_t committed_ns;
    struct err failure; /* of the last commit, if it failed */
    bool timed, file_made;
};

static void random_id(char ret[SPOOL_ID_LEN + 1])
{
    uint8_t bytes[SPOOL_ID_LEN / 2] = {0};

    (void)getrandom(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static int write_meta(struct packer *r, const char *key, const char *value, struct err *err)
{
    const struct cell cells[] = {cell_text(key), cell_text(value)};

    return packer_row(r, TABLE_META, cells, err);
}

static int fill_first(struct packer *r, void *ctx, struct err *err)
{
    return write_meta(r, "spool_id", ctx, err);
}

/* A database with all tables and its first block, in a file of its own. */
static int build_empty(const char *path, char *spool_id, struct err *err)
{
    AUTO(packer_release) struct packer r = {0};
    AUTO(sql_close) sqlite3 *db = NULL;
    int rc = sql_open(&db, path, SQL_CREATE, err);

    if (rc == 0)
        rc = sql_exec(db, "PRAGMA page_size = 8192; BEGIN", path, err);
    if (rc == 0)
        rc = table_create_all(db, err);
    if (rc == 0)
        rc =
            sql_exec(db, "COMMIT; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", path, err);
    if (rc == 0)
        rc = packer_init(&r, TAKE(db), 1, err);
    return rc < 0 ? rc : packer_block(&r, fill_first, spool_id, false, err);
}

/* Gives the finished file its name, never over another. */
static int name_file(const char *from, const char *to, struct err *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if ((errno == EINVAL || errno == ENOSYS) && link(from, to) == 0 && unlink(from) == 0)
        return 0; /* a file system without it */
    return err_set(err, -errno, "%s: %s", to, strerror(errno));
}

static int create_file(struct store *s, struct err *err)
{
    char temp[PATH_MAX];
    int r;

    if (snprintf(temp, sizeof temp, "%s-new", s->path) >= (int)sizeof temp)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", s->path);
    (void)unlink(temp); /* left by a creation that was killed; the spool's lock is ours */
    r = build_empty(temp, s->spool.id, err);
    if (r == 0)
        r = name_file(temp, s->path, err);
    if (r < 0)
        (void)unlink(temp);
    s->file_made = r == 0;
    return r;
}

static int attach(struct store *s, struct err *err)
{
    AUTO(sql_close) sqlite3 *db = NULL;
    int r = sql_open(&db, s->path, SQL_WRITE, err);

    if (r == 0)
        r = sql_exec(db, "PRAGMA synchronous = FULL", s->path, err);
    if (r == 0)
        r = packer_init(&s->packer, TAKE(db), s->spool.rings, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < s->spool.rings && r == 0; i++)
        r = spool_ring(&s->packer.rings[i], &s->spool, i, err);
    s->packer.ring_count = s->spool.rings;
    return r < 0 ? r : chain_resume(&s->packer.chain, s->packer.db, err);
}

static int build(struct store *s, int threads, uint64_t ring_records, struct err *err)
{
    char path[PATH_MAX], id[SPOOL_ID_LEN + 1];
    int r;

    if (access(s->path, F_OK) == 0)
        return err_set(err, -EEXIST, "%s: exists; evidence is never overwritten", s->path);
    r = spool_path(path, s->path, err);
    if (r < 0)
        return r;
    random_id(id);
    r = spool_create(&s->spool, path, id, (uint32_t)threads, ring_records, err);
    if (r == 0)
        r = create_file(s, err);
    return r < 0 ? r : attach(s, err);
}

int store_create(struct store **ret, const char *path, int threads, uint64_t ring_records,
                 struct err *err)
{
    AUTO(store_close) struct store *s = calloc(1, sizeof *s);
    int r;

    assert(threads > 0 && threads <= SPOOL_RINGS_MAX);
    if (!s)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    s->spool.fd = -1;
    if (snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    r = build(s, threads, ring_records, err);
    if (r < 0) {
        packer_release(&s->packer);
        if (s->file_made)
            (void)unlink(s->path);
        if (s->spool.map)
            spool_remove(&s->spool);
        return r;
    }
    *ret = TAKE(s);
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    packer_release(&s->packer);
    spool_release(&s->spool);
    free(s);
}

struct ring *store_ring(struct store *s, int thread)
{
    assert(thread >= 0 && (uint32_t)thread < s->packer.ring_count);
    return &s->packer.rings[thread];
}

static int fill_begin(struct packer *r, void *ctx, struct err *err)
{
    const struct store_begin *b = ctx;
    const int64_t numbers[] = {b->anchor.mono_ns, b->anchor.real_ns, b->anchor.width_ns,
                               b->scheduled, b->trials};
    static const char *const names[] = {"anchor_mono_ns", "anchor_real_ns", "anchor_width_ns",
                                        "scheduled", "trials"};
    const char *const texts[] = {b->plan, b->plan_digest, b->schedule_digest, b->prompts_digest,
                                 b->asrun_version};
    static const char *const keys[] = {"plan", "plan_digest", "schedule_digest", "prompts_digest",
                                       "asrun_version"};
    int rc = 0;

    for (size_t i = 0; i < COUNT_OF(numbers) && rc == 0; i++) {
        char text[24];

        (void)snprintf(text, sizeof text, "%" PRId64, numbers[i]);
        rc = write_meta(r, names[i], text, err);
    }
    for (size_t i = 0; i < COUNT_OF(texts) && rc == 0; i++)
        if (texts[i])
            rc = write_meta(r, keys[i], texts[i], err);
    return rc == 0 && b->wire ? write_meta(r, "wire", "packets", err) : rc;
}

int store_begin(struct store *s, const struct store_begin *b, struct err *err)
{
    struct store_begin copy = *b;

    if (flight_begin(&s->packer.flight, b->anchor.mono_ns, b->scheduled, b->wire) < 0)
        return err_set(err, -ENOMEM, "%s: out of memory", s->path);
    s->packer.flight.closed_loop = b->closed_loop;
    return packer_block(&s->packer, fill_begin, &copy, false, err);
}

struct row {
    enum table table;
    const struct cell *cells;
};

static int fill_row(struct packer *r, void *ctx, struct err *err)
{
    const struct row *row = ctx;

    return packer_row(r, row->table, row->cells, err);
}

static int append(struct store *s, enum table t, const struct cell *cells, struct err *err)
{
    struct row row = {t, cells};

    return packer_block(&s->packer, fill_row, &row, false, err);
}

int store_meta(struct store *s, const char *key, const char *value, struct err *err)
{
    const struct cell cells[] = {cell_text(key), cell_text(value)};

    return append(s, TABLE_META, cells, err);
}

int store_fact(struct store *s, const struct fact *f, struct err *err)
{
    return packer_fact(&s->packer, f) < 0
               ? err_set(err, -ENOMEM, "fact %s.%s: out of memory", f->scope, f->name)
               : 0;
}

int store_note(struct store *s, int64_t time_ns, const char *kind, const char *text,
               struct err *err)
{
    return packer_note(&s->packer, time_ns, kind, text) < 0
               ? err_set(err, -ENOMEM, "note %s: out of memory", kind)
               : 0;
}

int store_series(struct store *s, uint32_t id, const struct series *series, struct err *err)
{
    return telemetry_series(&s->packer.telemetry, id, series) < 0
               ? err_set(err, -ENOMEM, "series %s.%s: out of memory", series->scope, series->name)
               : 0;
}

int store_telemetry(struct store *s, const struct telemetry_row *rows, size_t n, struct err *err)
{
    int r = telemetry_rows(&s->packer.telemetry, rows, n);

    if (r == -ENOBUFS)
        return err_set(err, r, "telemetry: too many rows wait for a commit");
    return r < 0 ? err_set(err, r, "telemetry: out of memory") : 0;
}

int store_dispatch(struct store *s, const struct dispatch_row *row, struct err *err)
{
    return telemetry_dispatch(&s->packer.telemetry, row) < 0
               ? err_set(err, -ENOMEM, "dispatch: out of memory")
               : 0;
}

int store_trial_begin(struct store *s, uint32_t trial, int64_t start_ns, uint32_t first,
                      uint32_t count, const char *reset, struct err *err)
{
    const struct cell cells[] = {cell_int(trial), cell_int(start_ns), cell_int(first),
                                 cell_int(count), cell_text(reset)};
    struct flight *f = &s->packer.flight;
    int r;

    assert(first <= f->scheduled && count <= f->scheduled - first);
    if (flight_trial(f, trial, first, count) < 0)
        return err_set(err, -ENOMEM, "trial %u: out of memory", trial);
    r = append(s, TABLE_TRIAL, cells, err);
    if (r < 0)
        f->trial_count--;
    return r;
}

int store_trial_end(struct store *s, uint32_t trial, int64_t end_ns, int64_t last_due_ns,
                    const char *outcome, struct err *err)
{
    const struct cell cells[] = {cell_int(trial), cell_time(end_ns), cell_time(last_due_ns),
                                 cell_text(outcome)};
    struct flight *f = &s->packer.flight;
    int r = append(s, TABLE_TRIAL_END, cells, err);

    for (size_t i = 0; i < f->trial_count && r == 0; i++)
        if (f->trials[i].trial == trial)
            f->trials[i].ended = true;
    return r;
}

/* A ring that is half full can't wait for the streams that hold it. */
static bool pressed(const struct packer *r)
{
    for (uint32_t i = 0; i < r->ring_count; i++)
        if (r->cursor[i] - ring_tail(&r->rings[i]) > r->rings[i].mask / 2)
            return true;
    return false;
}

/* One try at a commit; what it said last holds until the next. */
static int commit(struct store *s, int64_t due_ns)
{
    struct packer *r = &s->packer;

    s->failure = (struct err){0};
    return packer_commit(r, due_ns, &s->failure);
}

int store_pump(struct store *s, int64_t now_ns, struct err *err)
{
    int drained = packer_drain(&s->packer, now_ns);
    bool now = drained < 0 || pressed(&s->packer);

    if (!s->timed)
        s->committed_ns = now_ns;
    s->timed = true;
    if (now || now_ns - s->committed_ns >= COMMIT_NS) {
        s->committed_ns = now_ns;
        (void)!commit(s, now ? INT64_MAX : now_ns - PACK_NS);
    }
    if (s->failure.code < 0)
        return err_set(err, s->failure.code, "%s", s->failure.text);
    return drained < 0 ? err_set(err, drained, "packer: out of memory") : 0;
}

void store_live(const struct store *s, struct store_live *ret)
{
    const struct flight *f = &s->packer.flight;

    *ret = (struct store_live){.started = f->started,
                               .ended = f->ended,
                               .ok = f->ok,
                               .in_flight = f->started - f->ended,
                               .ttft_p50_ns = live_quantile(&f->ttft, 0.5),
                               .ttft_p99_ns = live_quantile(&f->ttft, 0.99),
                               .output_events = f->output_events};
}

static int drain_all(struct store *s, struct err *err)
{
    return packer_drain(&s->packer, s->committed_ns) < 0
               ? err_set(err, -ENOMEM, "packer: out of memory")
               : 0;
}

int store_flush(struct store *s, struct err *err)
{
    int r = drain_all(s, err);

    if (r < 0)
        return r;
    r = commit(s, INT64_MAX);
    return r < 0 ? err_set(err, r, "%s", s->failure.text) : 0;
}

/* What the state alone would hide. */
static int note_losses(struct packer *r)
{
    char text[120];
    uint64_t lost = packer_lost(r), in_flight = r->flight.started - r->flight.ended;
    int rc = 0;

    if (in_flight > 0) {
        (void)snprintf(text, sizeof text, "%" PRIu64 " samples had no end when the run ended",
                       in_flight);
        rc = packer_note(r, r->flight.last_ns, "unfinished", text);
    }
    if (rc == 0 && lost > 0) {
        (void)snprintf(text, sizeof text, "%" PRIu64 " records found the spool full", lost);
        rc = packer_note(r, r->flight.last_ns, "lost", text);
    }
    return rc;
}

int store_finish(struct store *s, const char *state, struct err *err)
{
    const struct ending end = {.state = state, .trial_outcome = "interrupted"};
    struct packer *r = &s->packer;
    int rc = drain_all(s, err);

    if (rc < 0)
        return rc;
    if (note_losses(r) < 0)
        return err_set(err, -ENOMEM, "finish: out of memory");
    rc = packer_end(r, &end, err);
    if (rc < 0)
        return rc;
    packer_release(r);
    spool_remove(&s->spool);
    rc = evidence_seal(s->path, err);
    return rc < 0 ? rc : 0; /* 1: somebody reads it; the next open that may write seals it */
}
