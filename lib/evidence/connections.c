/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/connections.h"
#include "base/vec.h"
#include <string.h>

static bool sane(const struct connection *c)
{
    return c->v[CONNECTION_ID] >= 0 && c->v[CONNECTION_END] < CONNECTION_ENDS_;
}

int connection_take(struct row_parts *p, struct connection_list *l, const struct rec *r,
                    uint32_t ring, uint64_t position, int64_t ns)
{
    bool last = parts_last(r, CONNECTION_FIELDS);
    struct connection c = {.thread = ring};
    int taken;

    if (last && vec_reserve((void **)&l->items, &l->cap, l->count + 1, sizeof *l->items) < 0)
        return -ENOMEM;
    taken = parts_take(p, r, CONNECTION_FIELDS, position, ns);
    if (taken != 1 || !last)
        return taken;
    c.trial = p->trial;
    c.closed_ns = p->time_ns;
    memcpy(c.v, p->v, sizeof c.v);
    if (!sane(&c))
        return -EBADMSG;
    l->items[l->count++] = c;
    return 1;
}

void connection_cells(struct cell *ret, const struct connection *c)
{
    ret[0] = cell_int(c->trial);
    ret[1] = cell_int(c->thread);
    ret[2] = cell_int(c->closed_ns);
    for (int f = 0; f < CONNECTION_FIELDS; f++) {
        ret[3 + f] = cell_int(c->v[f]);
        if (c->v[f] == CONNECTION_NONE)
            ret[3 + f].type = SQLITE_NULL;
    }
}

int connection_read(struct connection *ret, sqlite3_stmt *st)
{
    int64_t trial = sqlite3_column_int64(st, 0), thread = sqlite3_column_int64(st, 1);
    struct connection c = {.trial = (uint32_t)trial,
                           .thread = (uint32_t)thread,
                           .closed_ns = sqlite3_column_int64(st, 2)};

    if (trial < 0 || trial > UINT32_MAX || thread < 0 || thread > UINT32_MAX || c.closed_ns < 0)
        return -EBADMSG;
    for (int f = 0; f < CONNECTION_FIELDS; f++) {
        bool none = sqlite3_column_type(st, 3 + f) == SQLITE_NULL;

        c.v[f] = none ? CONNECTION_NONE : sqlite3_column_int64(st, 3 + f);
        if (!none && c.v[f] < 0)
            return -EBADMSG;
    }
    if (!sane(&c))
        return -EBADMSG;
    *ret = c;
    return 0;
}
