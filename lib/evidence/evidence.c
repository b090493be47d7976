/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "evidence/chain.h"
#include "evidence/open.h"
#include "evidence/recover.h"
#include "evidence/spool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "evidence: out of memory");
}

const struct evidence_info *evidence_info(const struct evidence *e)
{
    return &e->info;
}

const struct evidence_trial *evidence_trials(const struct evidence *e, size_t *count)
{
    *count = e->step ? e->step_trial_count : e->trial_count;
    return e->step ? e->step_trials : e->trials;
}

const char *evidence_meta(struct evidence *e, const char *key)
{
    for (size_t i = 0; i < e->meta_count; i++)
        if (strcmp(e->meta[i].key, key) == 0)
            return e->meta[i].value;
    return NULL;
}

static const char *const kinds[] = {"run", "witness", "envelope"};

enum evidence_kind evidence_kind(struct evidence *e)
{
    const char *kind = evidence_meta(e, "kind");

    for (size_t i = 0; kind && i < COUNT_OF(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return (enum evidence_kind)i;
    return EVIDENCE_RUN;
}

const char *evidence_kind_name(enum evidence_kind k)
{
    return (unsigned)k < COUNT_OF(kinds) ? kinds[k] : "?";
}

const char *evidence_plan(const struct evidence *e)
{
    if (e->step)
        return e->step->plan;
    for (size_t i = 0; i < e->meta_count; i++)
        if (strcmp(e->meta[i].key, "plan") == 0)
            return e->meta[i].value;
    return "";
}

void evidence_close(struct evidence *e)
{
    if (!e)
        return;
    sql_close(e->db);
    arena_release(&e->words);
    free(e->meta);
    free(e->trials);
    free(e->steps);
    free(e->step_trials);
    free(e->seen);
    free(e);
}

static int check_format(struct evidence *e, struct err *err)
{
    int64_t id = 0, format = 0;
    int r = sql_int(&id, e->db, "PRAGMA application_id", err);

    if (r == 0)
        r = sql_int(&format, e->db, "PRAGMA user_version", err);
    if (r < 0 && r != -EBADMSG)
        return r;
    if (r < 0 || id != EVIDENCE_APPLICATION_ID)
        return err_set(err, -EBADMSG, "%s: is no asrun evidence", e->info.path);
    if (format != EVIDENCE_FORMAT)
        return err_set(err, -EBADMSG,
                       "%s: is evidence of format %" PRId64 ", this asrun reads format %d",
                       e->info.path, format, EVIDENCE_FORMAT);
    return 0;
}

static int load_meta(struct evidence *e, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = sql_prepare(&st, e->db, "SELECT key, value FROM meta", err);

    while (r == 0 && (r = sql_step(st, e->info.path, err)) == 1) {
        const char *key = (const char *)sqlite3_column_text(st, 0);
        const char *value = (const char *)sqlite3_column_text(st, 1);
        struct pair p = {arena_strdup(&e->words, key ? key : ""),
                         arena_strdup(&e->words, value ? value : "")};

        if (!p.key || !p.value || VEC_PUSH(e->meta, e->meta_count, e->meta_cap, p) < 0)
            return no_memory(err);
        r = 0;
    }
    return r;
}

static int64_t meta_number(struct evidence *e, const char *key)
{
    const char *text = evidence_meta(e, key);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void meta_copy(struct evidence *e, char *ret, size_t size, const char *key)
{
    const char *text = evidence_meta(e, key);

    (void)snprintf(ret, size, "%s", text ? text : "");
}

static void fill_info(struct evidence *e)
{
    struct evidence_info *i = &e->info;

    i->anchor = (struct clock_anchor){.mono_ns = meta_number(e, "anchor_mono_ns"),
                                      .real_ns = meta_number(e, "anchor_real_ns"),
                                      .width_ns = meta_number(e, "anchor_width_ns")};
    i->scheduled = (uint32_t)i64_max(0, i64_min(UINT32_MAX, meta_number(e, "scheduled")));
    i->trials = (uint32_t)i64_max(0, i64_min(UINT32_MAX, meta_number(e, "trials")));
    meta_copy(e, i->state, sizeof i->state, "state");
    if (i->state[0] == '\0')
        (void)snprintf(i->state, sizeof i->state, "running");
    meta_copy(e, i->plan_digest, sizeof i->plan_digest, "plan_digest");
    meta_copy(e, i->schedule_digest, sizeof i->schedule_digest, "schedule_digest");
    meta_copy(e, i->prompts_digest, sizeof i->prompts_digest, "prompts_digest");
}

static bool running(const struct evidence *e)
{
    return strcmp(e->info.state, "running") == 0;
}

static int open_db(struct evidence *e, enum sql_mode mode, struct err *err)
{
    int r = sql_open(&e->db, e->info.path, mode, err);

    if (r == 0)
        r = check_format(e, err);
    return r < 0 ? r : sql_exec(e->db, "PRAGMA query_only = 1; BEGIN", e->info.path, err);
}

/* Opens the file and begins the transaction that all reading happens in. What a kill left half
 * written SQLite can only roll back where it may write, so that is the second try. */
static int attach(struct evidence *e, struct err *err)
{
    int r = open_db(e, SQL_READ, err);

    if (r == -EACCES) {
        sql_close(TAKE(e->db));
        r = open_db(e, SQL_WRITE, err);
    }
    if (r == 0)
        r = load_meta(e, err);
    if (r == 0)
        fill_info(e);
    return r;
}

static void detach(struct evidence *e)
{
    sql_close(TAKE(e->db));
    arena_release(&e->words);
    e->meta_count = 0;
}

static int recover(struct evidence *e, struct err *err)
{
    struct recovery done = {0};
    const char *id = evidence_meta(e, "spool_id");
    int r = 0;

    if (!running(e)) {
        char copy[SPOOL_ID_LEN + 1];

        (void)snprintf(copy, sizeof copy, "%s", id ? id : "");
        detach(e); /* or the seal would wait for ourselves */
        evidence_tidy(e->info.path, copy);
        return attach(e, err);
    }
    detach(e);
    r = evidence_recover(&done, e->info.path, err);
    if (r < 0)
        return r;
    e->info.live = done.live;
    e->info.recovered_records = done.records;
    return attach(e, err);
}

static int trial_at(struct evidence *e, sqlite3_stmt *st, struct err *err)
{
    struct evidence_trial t = {
        .trial = (uint32_t)sqlite3_column_int64(st, 0),
        .start_ns = sqlite3_column_int64(st, 1),
        .end_ns = TIME_NONE,
        .last_due_ns = TIME_NONE,
        .first = (uint32_t)sqlite3_column_int64(st, 4),
        .count = (uint32_t)sqlite3_column_int64(st, 5),
    };
    const char *outcome = (const char *)sqlite3_column_text(st, 6);
    const char *reset = (const char *)sqlite3_column_text(st, 7);
    char skipped[32];

    (void)snprintf(skipped, sizeof skipped, "skipped.%u", t.trial);
    t.skipped = meta_number(e, skipped);
    if (sqlite3_column_type(st, 2) != SQLITE_NULL)
        t.end_ns = sqlite3_column_int64(st, 2);
    if (sqlite3_column_type(st, 3) != SQLITE_NULL)
        t.last_due_ns = sqlite3_column_int64(st, 3);
    (void)snprintf(t.outcome, sizeof t.outcome, "%s", outcome ? outcome : "");
    (void)snprintf(t.reset, sizeof t.reset, "%s", reset ? reset : "");
    if (t.first > e->info.scheduled || t.count > e->info.scheduled - t.first)
        return err_set(err, -EBADMSG, "trial %u has items that were never scheduled", t.trial);
    return VEC_PUSH(e->trials, e->trial_count, e->trial_cap, t) < 0 ? no_memory(err) : 0;
}

static int load_trials(struct evidence *e, struct err *err)
{
    AUTO(sql_done) sqlite3_stmt *st = NULL;
    int r = sql_prepare(&st, e->db,
                        "SELECT t.trial, t.start_ns, e.end_ns, e.last_due_ns, t.first, t.count,"
                        " coalesce(e.outcome, 'running'), t.reset FROM trial t"
                        " LEFT JOIN trial_end e USING (trial) ORDER BY t.trial",
                        err);

    while (r == 0 && (r = sql_step(st, e->info.path, err)) == 1)
        r = trial_at(e, st, err);
    return r;
}

/* Conservation: each sample was scheduled, in its trial, and is there once. */
static int check_sample(void *ctx, int64_t id, int64_t trial, struct err *err)
{
    struct evidence *e = ctx;
    uint64_t bit;

    if (id < 0 || id >= e->info.scheduled)
        return err_set(err, -EBADMSG, "sample %" PRId64 " was never scheduled", id);
    bit = UINT64_C(1) << (id % 64);
    if (e->seen[id / 64] & bit)
        return err_set(err, -EBADMSG, "sample %" PRId64 " is there twice", id);
    e->seen[id / 64] |= bit;
    e->info.samples++;
    for (size_t i = 0; i < e->trial_count; i++)
        if (e->trials[i].trial == trial && id >= e->trials[i].first &&
            id - e->trials[i].first < e->trials[i].count)
            return 0;
    return err_set(err, -EBADMSG, "sample %" PRId64 " is in no trial that has it", id);
}

static int verify(struct evidence *e, struct err *err)
{
    const struct chain_watch watch = {check_sample, e};
    struct digest head;
    int r;

    e->seen = calloc((size_t)e->info.scheduled / 64 + 1, sizeof *e->seen);
    if (!e->seen)
        return no_memory(err);
    r = chain_verify(&head, e->db, &watch, err);
    if (r < 0)
        return r;
    free(TAKE(e->seen));
    (void)snprintf(e->info.chain_head, sizeof e->info.chain_head, "%s", digest_hex(&head).text);
    return 0;
}

/* What an unlocked spool still holds; only a count, so that nothing of it is trusted. */
static void count_awaiting(struct evidence *e)
{
    AUTO(spool_release) struct spool spool = {.fd = -1};
    char name[PATH_MAX];
    int r = spool_path(name, e->info.path, NULL);

    if (r == 0)
        r = spool_open(&spool, name, NULL);
    e->info.live = r == -EBUSY;
    for (uint32_t i = 0; r == 0 && i < spool.rings; i++) {
        struct ring ring;
        char sql[80];
        int64_t position = 0;

        (void)snprintf(sql, sizeof sql, "SELECT position FROM spool_pos WHERE ring = %u", i);
        if (spool_ring(&ring, &spool, i, NULL) == 0 && sql_int(&position, e->db, sql, NULL) == 0)
            e->info.awaiting_records += i64_max(0, (int64_t)ring_head(&ring) - position);
    }
}

/* A witness schedules nothing: the file says how many samples there is room for, numbered without a
 * gap as they were seen. */
static void count_witnessed(struct evidence *e)
{
    e->info.scheduled = (uint32_t)e->info.samples;
    for (size_t i = 0; i < e->trial_count; i++)
        e->trials[i].count = (uint32_t)e->info.samples;
}

static int load(struct evidence *e, enum evidence_open mode, struct err *err)
{
    int r = attach(e, err);

    if (r == 0 && mode == EVIDENCE_RECOVER)
        r = recover(e, err);
    if (r == 0)
        r = load_trials(e, err);
    if (r == 0)
        r = verify(e, err);
    if (r < 0)
        return r;
    if (evidence_kind(e) == EVIDENCE_WITNESS)
        count_witnessed(e);
    r = evidence_load_steps(e, err);
    if (r < 0)
        return r;
    if (running(e) && !e->info.live)
        count_awaiting(e);
    e->info.lost_records = meta_number(e, "lost_records");
    return running(e) ? sql_int(&e->info.lost_records, e->db,
                                "SELECT coalesce(sum(lost), 0) FROM spool_pos", err)
                      : 0;
}

int evidence_open(struct evidence **ret, const char *path, enum evidence_open mode, struct err *err)
{
    AUTO(evidence_close) struct evidence *e = calloc(1, sizeof *e);
    int r;

    if (!e)
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    if (snprintf(e->info.path, sizeof e->info.path, "%s", path) >= (int)sizeof e->info.path)
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    r = load(e, mode, err);
    if (r < 0)
        return r;
    *ret = TAKE(e);
    return 0;
}
