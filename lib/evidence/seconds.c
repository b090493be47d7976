/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/seconds.h"
#include "base/vec.h"

static bool sane(const struct second_open *o, const struct rec *r, int64_t ns)
{
    if (r->kind >= SECOND_FIELDS || r->kind % 2 != 0 || r->value < SECOND_NONE ||
        r->user_ns < SECOND_NONE)
        return false;
    return r->kind == 0 || (r->kind == o->next && o->next > 0 && o->so_far.start_ns == ns &&
                            o->so_far.trial == r->sample);
}

int second_take(struct second_open *o, struct second_list *l, const struct rec *r, uint32_t ring,
                uint64_t position, int64_t ns)
{
    bool last = r->kind + 2 == SECOND_FIELDS;

    if (ns <= o->after_ns && o->after_ns > 0)
        return 0;
    if (!sane(o, r, ns)) {
        o->next = 0; /* what there was of it has lost a part: the ring was full */
        return -EBADMSG;
    }
    if (last && vec_reserve((void **)&l->items, &l->cap, l->count + 1, sizeof *l->items) < 0)
        return -ENOMEM;
    if (r->kind == 0) {
        o->so_far = (struct second){.trial = r->sample, .thread = ring, .start_ns = ns};
        o->first = position;
    }
    o->so_far.v[r->kind] = r->value;
    o->so_far.v[r->kind + 1] = r->user_ns;
    o->next = last ? 0 : r->kind + 2;
    if (last)
        l->items[l->count++] = o->so_far;
    return 1;
}

void second_cells(struct cell *ret, const struct second *s)
{
    ret[0] = cell_int(s->trial);
    ret[1] = cell_int(s->thread);
    ret[2] = cell_int(s->start_ns);
    for (int f = 0; f < SECOND_FIELDS; f++) {
        ret[3 + f] = cell_int(s->v[f]);
        if (s->v[f] == SECOND_NONE)
            ret[3 + f].type = SQLITE_NULL;
    }
}

int second_read(struct second *ret, sqlite3_stmt *st)
{
    int64_t trial = sqlite3_column_int64(st, 0), thread = sqlite3_column_int64(st, 1);
    struct second s = {.trial = (uint32_t)trial,
                       .thread = (uint32_t)thread,
                       .start_ns = sqlite3_column_int64(st, 2)};

    if (trial < 0 || trial > UINT32_MAX || thread < 0 || thread > UINT32_MAX || s.start_ns < 0)
        return -EBADMSG;
    for (int f = 0; f < SECOND_FIELDS; f++) {
        bool none = sqlite3_column_type(st, 3 + f) == SQLITE_NULL;

        s.v[f] = none ? SECOND_NONE : sqlite3_column_int64(st, 3 + f);
        if (!none && s.v[f] < 0)
            return -EBADMSG;
    }
    *ret = s;
    return 0;
}
