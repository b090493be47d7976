/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/seconds.h"
#include "base/vec.h"
#include <string.h>

int second_take(struct row_parts *p, struct second_list *l, const struct rec *r, uint32_t ring,
                uint64_t position, int64_t ns)
{
    bool last = parts_last(r, SECOND_FIELDS);
    int taken;

    if (last && vec_reserve((void **)&l->items, &l->cap, l->count + 1, sizeof *l->items) < 0)
        return -ENOMEM;
    taken = parts_take(p, r, SECOND_FIELDS, position, ns);
    if (taken == 1 && last) {
        struct second *s = &l->items[l->count++];

        *s = (struct second){.trial = p->trial, .thread = ring, .start_ns = p->time_ns};
        memcpy(s->v, p->v, sizeof s->v);
    }
    return taken;
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
