/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/recover.h"
#include "evidence/columns.h"
#include "evidence/seal.h"
#include "evidence/spool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct job {
    struct spool *spool; /* NULL: none that can be used */
    const char *why_not; /* then */
    int64_t records, in_flight;
};

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "recover: out of memory");
}

static int meta_text(char *ret, size_t size, sqlite3 *db, const char *key, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = sql_prepare(&st, db, "SELECT value FROM meta WHERE key = ?", err);

    if (r < 0)
        return r;
    (void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    r = sql_step(st, "read meta", err);
    if (r == 1)
        (void)snprintf(ret, size, "%s", (const char *)sqlite3_column_text(st, 0));
    return r;
}

static int load_run(struct packer *r, struct err *err)
{
    char anchor[24] = "0", scheduled[24] = "0", wire[16] = "";
    uint64_t n;
    int rc = meta_text(anchor, sizeof anchor, r->db, "anchor_mono_ns", err);

    if (rc >= 0)
        rc = meta_text(scheduled, sizeof scheduled, r->db, "scheduled", err);
    if (rc >= 0)
        rc = meta_text(wire, sizeof wire, r->db, "wire", err);
    if (rc < 0)
        return rc;
    n = strtoull(scheduled, NULL, 10);
    if (n > (*wire ? INT32_MAX : UINT32_MAX))
        return err_set(err, -EBADMSG, "meta: scheduled is no count of items");
    return flight_begin(&r->flight, strtoll(anchor, NULL, 10), (uint32_t)n, *wire) < 0
               ? no_memory(err)
               : 0;
}

static int load_trials(struct packer *r, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    struct flight *f = &r->flight;
    int rc = sql_prepare(&st, r->db,
                         "SELECT t.trial, t.first, t.count, e.trial IS NOT NULL FROM"
                         " trial t LEFT JOIN trial_end e USING (trial) ORDER BY t.seq",
                         err);

    while (rc == 0 && (rc = sql_step(st, "read trial", err)) == 1) {
        if (flight_trial(f, (uint32_t)sqlite3_column_int64(st, 0),
                         (uint32_t)sqlite3_column_int64(st, 1),
                         (uint32_t)sqlite3_column_int64(st, 2)) < 0)
            return no_memory(err);
        f->trials[f->trial_count - 1].ended = sqlite3_column_int(st, 3) != 0;
        rc = 0;
    }
    return rc;
}

static int load_done(struct packer *r, bool wire, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int rc = sql_prepare(
        &st, r->db, wire ? "SELECT id, end_ns FROM wire_sample" : "SELECT id, end_ns FROM sample",
        err);
    uint32_t first = wire ? r->flight.scheduled : 0;

    while (rc == 0 && (rc = sql_step(st, "read sample", err)) == 1) {
        int64_t id = sqlite3_column_int64(st, 0);

        if (id < 0 || id >= r->flight.scheduled)
            return err_set(err, -EBADMSG, "sample %" PRId64 " was never scheduled", id);
        flight_mark_done(&r->flight, first + (uint32_t)id);
        r->flight.last_ns = i64_max(r->flight.last_ns, sqlite3_column_int64(st, 1));
        rc = 0;
    }
    return rc;
}

static int load_one_pending(struct packer *r, sqlite3_stmt *st, struct err *err)
{
    int64_t id = sqlite3_column_int64(st, 0), ring = sqlite3_column_int64(st, 1);
    const uint8_t *state = sqlite3_column_blob(st, 3);
    struct sample sample;
    uint32_t parts;
    int rc = -EBADMSG;

    if (ring >= 0 && ring < r->flight.ring_count && state &&
        state_decode(&sample, &parts, state, (size_t)sqlite3_column_bytes(st, 3)) == 0 &&
        sample.id == id)
        rc = flight_restore(&r->flight, &sample, parts, (uint32_t)ring,
                            (uint64_t)sqlite3_column_int64(st, 2));
    if (rc == -ENOMEM)
        return no_memory(err);
    return rc < 0 ? err_set(err, rc, "pending sample %" PRId64 " makes no sense", id) : 0;
}

static int load_pending(struct packer *r, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int rc = sql_prepare(&st, r->db,
                         "SELECT sample, ring, packed_to, state FROM pending"
                         " ORDER BY sample",
                         err);

    while (rc == 0 && (rc = sql_step(st, "read pending", err)) == 1)
        rc = load_one_pending(r, st, err);
    return rc;
}

/* The times of the latest second and connection of each ring that are in the store. */
static int load_latest(struct packer *r, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int rc = sql_prepare(&st, r->db,
                         "SELECT 0, thread, max(start_ns) FROM second GROUP BY thread UNION ALL "
                         "SELECT 1, thread, max(closed_ns) FROM connection GROUP BY thread",
                         err);

    while (rc == 0 && (rc = sql_step(st, "read second and connection", err)) == 1) {
        int64_t thread = sqlite3_column_int64(st, 1);
        struct flight_ring *ring;

        if (thread < 0 || thread >= r->flight.ring_count)
            return err_set(err, -EBADMSG, "second: there is no ring %" PRId64, thread);
        ring = &r->flight.rings[thread];
        (sqlite3_column_int(st, 0) ? &ring->connection : &ring->second)->after_ns =
            sqlite3_column_int64(st, 2);
        rc = 0;
    }
    return rc;
}

static int load_positions(int64_t *positions, sqlite3 *db, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int rc = sql_prepare(&st, db, "SELECT ring, position FROM spool_pos", err);

    while (rc == 0 && (rc = sql_step(st, "read spool_pos", err)) == 1) {
        int64_t ring = sqlite3_column_int64(st, 0);

        if (ring < 0 || ring >= SPOOL_RINGS_MAX)
            return err_set(err, -EBADMSG, "spool_pos: there is no ring %" PRId64, ring);
        positions[ring] = sqlite3_column_int64(st, 1);
        rc = 0;
    }
    return rc;
}

/* A ring whose positions don't go with the store's is left alone; a note says so. */
static int attach_ring(struct packer *r, const struct spool *spool, uint32_t i, int64_t position,
                       bool *usable)
{
    struct err why = {0};
    uint64_t from = (uint64_t)position;
    struct ring *ring = &r->rings[i];

    *usable = spool_ring(ring, spool, i, &why) == 0;
    if (*usable && (from < ring_tail(ring) || from > ring_head(ring))) {
        *usable = false;
        (void)err_set(&why, -EBADMSG, "the spool's ring %u does not agree with the store", i);
    }
    return *usable ? 0 : packer_note(r, r->flight.last_ns, "spool", why.text);
}

int recover_replay(struct packer *r, const struct spool *spool, const int64_t *positions,
                   int64_t *records, struct err *err)
{
    for (uint32_t i = 0; i < spool->rings; i++) {
        bool usable;
        uint64_t head;

        if (attach_ring(r, spool, i, positions[i], &usable) < 0)
            return no_memory(err);
        if (!usable)
            continue;
        head = ring_head(&r->rings[i]);
        r->lost_before += ring_lost(&r->rings[i]);
        for (uint64_t at = (uint64_t)positions[i]; at < head; at++) {
            int taken = flight_apply(&r->flight, ring_at(&r->rings[i], at), i, at, 0);

            if (taken == -ENOMEM)
                return no_memory(err);
            *records += taken == 1;
        }
    }
    return 0;
}

static int note_result(struct packer *r, const struct job *job)
{
    char text[200];
    int rc = 0;

    (void)snprintf(text, sizeof text,
                   "the run was killed: %" PRId64 " records recovered from the spool, %" PRId64
                   " samples were in flight",
                   job->records, job->in_flight);
    rc = packer_note(r, r->flight.last_ns, "recovered", text);
    if (rc == 0 && job->why_not)
        rc = packer_note(r, r->flight.last_ns, "spool", job->why_not);
    if (rc == 0 && r->flight.bad > 0) {
        (void)snprintf(text, sizeof text, "%" PRIu64 " records made no sense and were left out",
                       r->flight.bad);
        rc = packer_note(r, r->flight.last_ns, "bad_records", text);
    }
    return rc;
}

static int load_store(struct packer *r, struct err *err)
{
    int rc = chain_resume(&r->chain, r->db, err);

    if (rc == 0)
        rc = load_run(r, err);
    if (rc == 0)
        rc = load_trials(r, err);
    if (rc == 0)
        rc = load_done(r, false, err);
    if (rc == 0)
        rc = load_done(r, true, err);
    if (rc == 0)
        rc = load_latest(r, err);
    return rc < 0 ? rc : load_pending(r, err);
}

static int fill_recovered(struct packer *r, void *ctx, struct err *err)
{
    const struct ending end = {.state = "killed", .trial_outcome = "killed"};
    int64_t positions[SPOOL_RINGS_MAX] = {0};
    struct job *job = ctx;
    char state[16];
    int rc = meta_text(state, sizeof state, r->db, "state", err);

    if (rc != 0)
        return rc; /* 1: somebody else has recovered it meanwhile */
    rc = load_store(r, err);
    if (rc == 0)
        rc = load_positions(positions, r->db, err);
    if (rc == 0 && job->spool)
        rc = recover_replay(r, job->spool, positions, &job->records, err);
    if (rc < 0)
        return rc;
    job->in_flight = (int64_t)(r->flight.started - r->flight.ended);
    flight_interrupt(&r->flight);
    if (note_result(r, job) < 0)
        return no_memory(err);
    return packer_fill_end(r, &end, err);
}

/* -EBUSY: live; otherwise *@job says whether the spool can be used. */
static int take_spool(struct job *job, struct spool *spool, const char *path, const char *id,
                      struct err *why, struct err *err)
{
    char name[PATH_MAX];
    int rc = spool_path(name, path, err);

    if (rc < 0)
        return rc;
    rc = spool_open(spool, name, why);
    if (rc == -EBUSY || rc == -ENOMEM || rc == -EACCES || rc == -EMFILE)
        return err_set(err, rc, "%s", why->text);
    if (rc == 0 && strcmp(spool->id, id) != 0)
        rc = err_set(why, -EBADMSG, "the spool belongs to another run");
    else if (rc == -ENOENT)
        (void)err_set(why, rc, "the spool is gone");
    if (rc == 0)
        job->spool = spool;
    else
        job->why_not = why->text;
    return 0;
}

static int recover_rows(struct job *job, sqlite3 *db, struct err *err)
{
    AUTO(packer_release) struct packer r = {0};
    int rc = packer_init(&r, db, SPOOL_RINGS_MAX, err);

    if (rc < 0)
        return rc;
    r.ring_count = 0; /* the rings are read by position here, not drained */
    rc = packer_block(&r, fill_recovered, job, true, err);
    return rc < 0 ? rc : 0;
}

int evidence_recover(struct recovery *ret, const char *path, struct err *err)
{
    AUTO(spool_release) struct spool spool = {.fd = -1};
    AUTO(sql_close) sqlite3 *db = NULL;
    struct err why = {0};
    struct job job = {0};
    char id[SPOOL_ID_LEN + 1] = "";
    int rc = sql_open(&db, path, SQL_WRITE, err);

    if (rc == 0)
        rc = sql_exec(db, "PRAGMA synchronous = FULL", path, err);
    if (rc == 0)
        rc = meta_text(id, sizeof id, db, "spool_id", err);
    if (rc >= 0)
        rc = take_spool(&job, &spool, path, id, &why, err);
    if (rc == -EBUSY) {
        *ret = (struct recovery){.live = true};
        return 0;
    }
    if (rc >= 0)
        rc = recover_rows(&job, TAKE(db), err);
    if (rc < 0)
        return rc;
    *ret = (struct recovery){.records = job.records};
    if (job.spool)
        spool_remove(&spool);
    rc = evidence_seal(path, err);
    return rc < 0 ? rc : 0;
}

void evidence_tidy(const char *path, const char *spool_id)
{
    AUTO(spool_release) struct spool spool = {.fd = -1};
    char name[PATH_MAX];
    struct stat st;

    if (spool_path(name, path, NULL) == 0 && spool_open(&spool, name, NULL) == 0 &&
        strcmp(spool.id, spool_id) == 0)
        spool_remove(&spool);
    if (stat(path, &st) == 0 && (st.st_mode & 0222) != 0)
        (void)!evidence_seal(path, NULL); /* a later open tries again */
}
