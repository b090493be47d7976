/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/parts.h"

static bool sane(const struct row_parts *p, const struct rec *r, int fields, int64_t ns)
{
    if (r->kind >= fields || r->kind % 2 != 0 || r->value < -1 || r->user_ns < -1)
        return false;
    return r->kind == 0 ||
           (r->kind == p->next && p->next > 0 && p->time_ns == ns && p->trial == r->sample);
}

int parts_take(struct row_parts *p, const struct rec *r, int fields, uint64_t position, int64_t ns)
{
    assert(fields <= PARTS_MAX && fields % 2 == 0);
    if (ns <= p->after_ns && p->after_ns > 0)
        return 0;
    if (!sane(p, r, fields, ns)) {
        p->next = 0; /* what there was of it has lost a part: the ring was full */
        return -EBADMSG;
    }
    if (r->kind == 0) {
        p->trial = r->sample;
        p->time_ns = ns;
        p->first = position;
    }
    p->v[r->kind] = r->value;
    p->v[r->kind + 1] = r->user_ns;
    p->next = parts_last(r, fields) ? 0 : r->kind + 2;
    return 1;
}
