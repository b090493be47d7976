/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/packer.h"
#include "base/vec.h"
#include "evidence/blob.h"
#include "evidence/columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int prepare_all(struct packer *r, struct err *err)
{
    const struct {
        sqlite3_stmt **st;
        const char *sql;
    } others[] = {
        {&r->put_pending, "INSERT OR REPLACE INTO pending (sample, ring, packed_to, state)"
                          " VALUES (?, ?, ?, ?)"},
        {&r->drop_pending, "DELETE FROM pending WHERE sample = ?"},
        {&r->put_position, "INSERT OR REPLACE INTO spool_pos (ring, position, lost)"
                           " VALUES (?, ?, ?)"},
    };
    int rc = 0;

    for (enum table t = 0; t < TABLE_COUNT_ && rc == 0; t++)
        rc = table_insert(&r->insert[t], r->db, t, err);
    for (size_t i = 0; i < COUNT_OF(others) && rc == 0; i++)
        rc = sql_prepare(others[i].st, r->db, others[i].sql, err);
    return rc < 0 ? rc : table_insert_chain(&r->put_chain, r->db, err);
}

int packer_init(struct packer *r, sqlite3 *db, uint32_t rings, struct err *err)
{
    int rc;

    *r = (struct packer){.db = db};
    rc = table_upgrade(db, err);
    if (rc < 0) {
        packer_release(r);
        return rc;
    }
    r->rings = calloc(rings, sizeof *r->rings);
    r->cursor = calloc(rings, sizeof *r->cursor);
    if (!r->rings || !r->cursor || chain_init(&r->chain) < 0 || flight_init(&r->flight, rings) < 0)
        rc = err_set(err, -ENOMEM, "packer: out of memory");
    else
        rc = prepare_all(r, err);
    if (rc < 0)
        packer_release(r);
    return rc;
}

void packer_release(struct packer *r)
{
    for (size_t i = 0; i < TABLE_COUNT_; i++)
        sql_done(r->insert[i]);
    sql_done(r->put_pending);
    sql_done(r->drop_pending);
    sql_done(r->put_position);
    sql_done(r->put_chain);
    sql_close(r->db);
    chain_release(&r->chain);
    flight_release(&r->flight);
    free(r->rings);
    free(r->cursor);
    free(r->blob);
    free(r->remarks);
    arena_release(&r->words);
    telemetry_release(&r->telemetry);
    *r = (struct packer){0};
}

_Static_assert(CELLS_MAX <= 64, "a bit each");

/* What was bound stays bound; half of a sample's cells are NULL in row after row. */
static int bind_row(struct packer *r, enum table t, const struct cell *cells)
{
    int count = sqlite3_bind_parameter_count(r->insert[t]);

    for (int i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        bool null = cells[i].type == SQLITE_NULL;

        if (!null || (r->bound[t] & bit))
            cell_bind(r->insert[t], i + 1, &cells[i]);
        r->bound[t] = null ? r->bound[t] & ~bit : r->bound[t] | bit;
    }
    return count;
}

int packer_row(struct packer *r, enum table t, const struct cell *cells, struct err *err)
{
    int count = bind_row(r, t, cells);

    chain_add(&r->chain, t, cells, (size_t)count);
    return sql_run(r->insert[t], table_name(t), err);
}

/* The head can't be in the chain that it closes: the one row of meta outside every block. */
static int write_head(struct packer *r, const struct digest *head, struct err *err)
{
    struct digest_hex hex = digest_hex(head);
    struct cell cells[] = {cell_text("chain_head"), cell_text(hex.text)};

    (void)bind_row(r, TABLE_META, cells);
    return sql_run(r->insert[TABLE_META], "meta", err);
}

static int close_block(struct packer *r, struct digest *digest, bool last, struct err *err)
{
    int rc = 0;

    *digest = r->chain.head;
    if (chain_open(&r->chain))
        rc = chain_write(&r->chain, digest, r->put_chain, err);
    if (rc == 0 && last)
        rc = write_head(r, digest, err);
    return rc < 0 ? rc : sql_exec(r->db, "COMMIT", "commit", err);
}

int packer_block(struct packer *r, block_fill fill, void *ctx, bool last, struct err *err)
{
    struct digest digest;
    int rc = sql_exec(r->db, "BEGIN IMMEDIATE", "begin", err);
    bool rows;

    if (rc < 0)
        return rc;
    rc = fill(r, ctx, err);
    rows = chain_open(&r->chain);
    if (rc == 0)
        rc = close_block(r, &digest, last, err);
    if (rc != 0) { /* best effort: the first error is the one worth reporting */
        (void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
        chain_abort(&r->chain);
    } else if (rows) {
        chain_commit(&r->chain, &digest);
    }
    return rc;
}

int packer_fact(struct packer *r, const struct fact *f)
{
    struct remark m = {.table = TABLE_FACT, .fact = *f};

    m.fact.scope = arena_strdup(&r->words, f->scope);
    m.fact.name = arena_strdup(&r->words, f->name);
    m.fact.value = f->value ? arena_strdup(&r->words, f->value) : NULL;
    m.fact.unit = arena_strdup(&r->words, f->unit ? f->unit : "");
    m.fact.source = arena_strdup(&r->words, f->source ? f->source : "");
    if (!m.fact.scope || !m.fact.name || (f->value && !m.fact.value) || !m.fact.unit ||
        !m.fact.source)
        return -ENOMEM;
    return VEC_PUSH(r->remarks, r->remark_count, r->remark_cap, m);
}

int packer_note(struct packer *r, int64_t time_ns, const char *kind, const char *text)
{
    struct remark m = {.table = TABLE_NOTE, .time_ns = time_ns};

    m.kind = arena_strdup(&r->words, kind);
    m.text = arena_strdup(&r->words, text);
    if (!m.kind || !m.text)
        return -ENOMEM;
    return VEC_PUSH(r->remarks, r->remark_count, r->remark_cap, m);
}

int packer_drain(struct packer *r, int64_t now_ns)
{
    for (uint32_t i = 0; i < r->ring_count; i++) {
        uint64_t head = ring_head(&r->rings[i]);

        for (; r->cursor[i] < head; r->cursor[i]++)
            if (flight_apply(&r->flight, ring_at(&r->rings[i], r->cursor[i]), i, r->cursor[i],
                             now_ns) == -ENOMEM)
                return -ENOMEM;
    }
    return 0;
}

uint64_t packer_lost(const struct packer *r)
{
    uint64_t lost = r->lost_before;

    for (uint32_t i = 0; i < r->ring_count; i++)
        lost += ring_lost(&r->rings[i]);
    return lost;
}

static int write_remarks(struct packer *r, enum table t, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->remark_count && rc == 0; i++) {
        const struct remark *m = &r->remarks[i];
        const struct fact *f = &m->fact;
        const struct cell note[] = {cell_time(m->time_ns), cell_text(m->kind), cell_text(m->text)};
        const struct cell fact[] = {cell_text(f->scope),  cell_text(f->name),
                                    cell_text(f->value),  cell_text(f->unit),
                                    cell_text(f->source), cell_text(known_name(f->known)),
                                    cell_time(f->time_ns)};

        if (m->table == t)
            rc = packer_row(r, t, t == TABLE_FACT ? fact : note, err);
    }
    return rc;
}

/* What the sample is called in its table. */
static int64_t id_in_table(const struct packer *r, const struct stream *st, bool wire)
{
    return st->sample.id - (wire ? (int64_t)r->flight.scheduled : 0);
}

static int write_sample(struct packer *r, const struct stream *st, bool wire, struct err *err)
{
    struct cell cells[CELLS_MAX];
    int rc;

    sample_cells(cells, &st->sample);
    cells[0] = cell_int(id_in_table(r, st, wire));
    rc = packer_row(r, wire ? TABLE_WIRE_SAMPLE : TABLE_SAMPLE, cells, err);
    if (rc < 0 || !st->stored)
        return rc;
    (void)sqlite3_bind_int64(r->drop_pending, 1, st->sample.id);
    return sql_run(r->drop_pending, "pending", err);
}

static int write_part(struct packer *r, const struct stream *st, bool wire, struct err *err)
{
    struct cell cells[5];

    if (st->tail_count == 0)
        return 0;
    if (vec_reserve((void **)&r->blob, &r->blob_cap, blob_bound(st->tail_count), 1) < 0)
        return err_set(err, -ENOMEM, "pack events: out of memory");
    cells[0] = cell_int(id_in_table(r, st, wire));
    cells[1] = cell_int(st->parts);
    cells[2] = cell_int(st->sample.events - (int64_t)st->tail_count);
    cells[3] = cell_int((int64_t)st->tail_count);
    cells[4] = cell_blob(r->blob, blob_encode(r->blob, st->tail, st->tail_count));
    return packer_row(r, wire ? TABLE_WIRE_PART : TABLE_EVENT_PART, cells, err);
}

static int write_pending(struct packer *r, const struct stream *st, struct err *err)
{
    uint8_t state[STATE_BYTES_MAX];
    size_t n = state_encode(state, &st->sample, st->parts + (st->tail_count > 0));

    (void)sqlite3_bind_int64(r->put_pending, 1, st->sample.id);
    (void)sqlite3_bind_int64(r->put_pending, 2, st->ring);
    (void)sqlite3_bind_int64(r->put_pending, 3, (int64_t)r->cursor[st->ring]);
    (void)sqlite3_bind_blob64(r->put_pending, 4, state, n, SQLITE_TRANSIENT);
    return sql_run(r->put_pending, "pending", err);
}

static struct stream *first_due(const struct packer *r, uint32_t ring, int64_t due_ns)
{
    struct stream *st = r->flight.rings[ring].oldest;

    return st && st->unpacked_since_ns <= due_ns ? st : NULL;
}

static struct stream *next_due(const struct stream *st, int64_t due_ns)
{
    return st->newer && st->newer->unpacked_since_ns <= due_ns ? st->newer : NULL;
}

/* The oldest record of @ring that will not be in the store after a commit of what is due. */
static uint64_t position_after(const struct packer *r, uint32_t ring, int64_t due_ns)
{
    const struct stream *st = r->flight.rings[ring].oldest;
    const struct flight_ring *own = &r->flight.rings[ring];
    uint64_t at = r->cursor[ring];

    while (st && st->unpacked_since_ns <= due_ns)
        st = st->newer;
    if (st)
        at = st->first_unpacked;
    if (own->second.next > 0 && own->second.first < at)
        at = own->second.first;
    return own->connection.next > 0 && own->connection.first < at ? own->connection.first : at;
}

static int write_positions(struct packer *r, int64_t due_ns, struct err *err)
{
    int rc = 0;

    for (uint32_t i = 0; i < r->ring_count && rc == 0; i++) {
        (void)sqlite3_bind_int64(r->put_position, 1, i);
        (void)sqlite3_bind_int64(r->put_position, 2, (int64_t)position_after(r, i, due_ns));
        (void)sqlite3_bind_int64(r->put_position, 3, (int64_t)ring_lost(&r->rings[i]));
        rc = sql_run(r->put_position, "spool_pos", err);
    }
    return rc;
}

static int write_seconds(struct packer *r, struct err *err)
{
    struct cell cells[SECOND_CELLS];
    int rc = 0;

    for (size_t i = 0; i < r->flight.seconds.count && rc == 0; i++) {
        second_cells(cells, &r->flight.seconds.items[i]);
        rc = packer_row(r, TABLE_SECOND, cells, err);
    }
    return rc;
}

static int write_connections(struct packer *r, struct err *err)
{
    struct cell cells[CONNECTION_CELLS];
    int rc = 0;

    for (size_t i = 0; i < r->flight.connections.count && rc == 0; i++) {
        connection_cells(cells, &r->flight.connections.items[i]);
        rc = packer_row(r, TABLE_CONNECTION, cells, err);
    }
    return rc;
}

/* Of one of the two series: a block holds its tables one after the other. */
static int write_series(struct packer *r, int64_t due_ns, bool wire, struct err *err)
{
    int rc = 0;

    for (struct stream *st = r->flight.finished; st && rc == 0; st = st->next_finished)
        if (flight_of_wire(&r->flight, st->sample.id) == wire)
            rc = write_sample(r, st, wire, err);
    for (struct stream *st = r->flight.finished; st && rc == 0; st = st->next_finished)
        if (flight_of_wire(&r->flight, st->sample.id) == wire)
            rc = write_part(r, st, wire, err);
    for (uint32_t i = 0; i < r->ring_count; i++) {
        for (struct stream *st = first_due(r, i, due_ns); st && rc == 0;
             st = next_due(st, due_ns)) {
            if (flight_of_wire(&r->flight, st->sample.id) != wire)
                continue;
            rc = write_part(r, st, wire, err);
            if (rc == 0)
                rc = write_pending(r, st, err);
        }
    }
    return rc;
}

static int write_streams(struct packer *r, int64_t due_ns, struct err *err)
{
    int rc = write_series(r, due_ns, false, err);

    if (rc == 0)
        rc = write_seconds(r, err);
    if (rc == 0)
        rc = write_connections(r, err);
    if (rc == 0 && r->flight.ids > r->flight.scheduled)
        rc = write_series(r, due_ns, true, err);
    return rc < 0 ? rc : write_positions(r, due_ns, err);
}

static int write_telemetry(struct packer *r, struct err *err)
{
    struct cell cells[TELEMETRY_CELLS];
    enum table t;
    int rc = 0;

    for (size_t i = 0; rc == 0 && telemetry_cells(cells, &t, &r->telemetry, i); i++)
        rc = packer_row(r, t, cells, err);
    return rc;
}

static int fill_due(struct packer *r, void *ctx, struct err *err)
{
    int rc = write_remarks(r, TABLE_FACT, err);

    if (rc == 0)
        rc = write_remarks(r, TABLE_NOTE, err);
    if (rc == 0)
        rc = write_streams(r, *(const int64_t *)ctx, err);
    return rc < 0 ? rc : write_telemetry(r, err);
}

/* What a committed block means for the memory and the rings. */
static void settle(struct packer *r, int64_t due_ns)
{
    r->remark_count = r->flight.seconds.count = r->flight.connections.count = 0;
    arena_release(&r->words);
    telemetry_release(&r->telemetry);
    flight_drop_finished(&r->flight);
    for (uint32_t i = 0; i < r->ring_count; i++) {
        for (struct stream *st; (st = first_due(r, i, due_ns));)
            flight_packed(&r->flight, st, r->cursor[i]);
        ring_free_to(&r->rings[i], position_after(r, i, due_ns));
    }
}

static bool anything_due(const struct packer *r, int64_t due_ns)
{
    if (r->remark_count > 0 || r->flight.finished || r->flight.seconds.count > 0 ||
        r->flight.connections.count > 0 || telemetry_waits(&r->telemetry))
        return true;
    for (uint32_t i = 0; i < r->ring_count; i++)
        if (first_due(r, i, due_ns) ||
            (due_ns == INT64_MAX && r->cursor[i] > ring_tail(&r->rings[i])))
            return true; /* records that came to nothing fill a ring, too */
    return false;
}

int packer_commit(struct packer *r, int64_t due_ns, struct err *err)
{
    int rc;

    if (!anything_due(r, due_ns))
        return 0;
    rc = packer_block(r, fill_due, &due_ns, false, err);
    if (rc == 0)
        settle(r, due_ns);
    return rc;
}

static int write_meta_number(struct packer *r, const char *key, uint64_t v, struct err *err)
{
    char text[24];
    struct cell cells[2];

    (void)snprintf(text, sizeof text, "%" PRIu64, v);
    cells[0] = cell_text(key);
    cells[1] = cell_text(text);
    return packer_row(r, TABLE_META, cells, err);
}

static int write_trial_ends(struct packer *r, const struct ending *end, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->flight.trial_count && rc == 0; i++) {
        const struct flight_trial *t = &r->flight.trials[i];
        const struct cell cells[] = {cell_int(t->trial), cell_time(r->flight.last_ns),
                                     cell_time(TIME_NONE), cell_text(end->trial_outcome)};

        if (!t->ended)
            rc = packer_row(r, TABLE_TRIAL_END, cells, err);
    }
    return rc;
}

int packer_fill_end(struct packer *r, const struct ending *end, struct err *err)
{
    const struct cell state[] = {cell_text("state"), cell_text(end->state)};
    int64_t all = INT64_MAX;
    int rc = packer_row(r, TABLE_META, state, err);

    if (rc == 0)
        rc = write_meta_number(r, "lost_records", packer_lost(r), err);
    if (rc == 0)
        rc = write_meta_number(r, "bad_records", r->flight.bad, err);
    if (rc == 0)
        rc = write_trial_ends(r, end, err);
    if (rc == 0)
        rc = fill_due(r, &all, err);
    if (rc == 0)
        rc = table_index(r->db, err);
    return rc < 0 ? rc
                  : sql_exec(r->db, "DELETE FROM pending; DELETE FROM spool_pos", "pending", err);
}

static int fill_last(struct packer *r, void *ctx, struct err *err)
{
    return packer_fill_end(r, ctx, err);
}

int packer_end(struct packer *r, const struct ending *end, struct err *err)
{
    struct ending copy = *end;
    int rc;

    flight_interrupt(&r->flight);
    rc = packer_block(r, fill_last, &copy, true, err);
    if (rc == 0)
        settle(r, INT64_MAX);
    return rc;
}
