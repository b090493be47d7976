/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that hang up, and the figures. The answer of such a request has no end, and to drop only
 * those that did hang up would keep the quick ones: so the draw decides, which knows nothing of the
 * target. Drawn to hang up after so many content events, a request still shows its first content
 * and its gaps; drawn to hang up after a time, a slow target shows less than a quick one, and
 * nothing that was received counts. The wait at the client, errors and throughput are of all.
 */
#include "analysis/row.h"
#include <string.h>

bool hang_up_hides(enum hang_up h, const struct metric *m)
{
    if (h == HANG_UP_NONE || strcmp(m->id, "wait.client@1") == 0)
        return false;
    return h == HANG_UP_TIME || strncmp(m->id, "ttft.", 5) != 0;
}

bool hang_up_hides_part(enum hang_up h, enum part p)
{
    return (p == PART_STREAMING && h != HANG_UP_NONE) || (p == PART_WAITING && h == HANG_UP_TIME);
}

bool hang_up_hides_gaps(enum hang_up h)
{
    return h == HANG_UP_TIME;
}
