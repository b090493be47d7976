/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the packets that load.witness would watch can be read. */
#include "plan/reading.h"
#include <strings.h>

int witness_check(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->load.witness == WITNESS_NONE)
        return 0;
    if (strncasecmp(p->target.url, "https:", 6) == 0)
        return check_fail(
            r, "load.witness",
            "reads plain HTTP/1.1 out of the packets; leave it out for an https:// target");
    if (p->target.http != PLAN_HTTP_1)
        return check_fail(r, "load.witness", "reads HTTP/1.1 only; leave it out, or target.http");
    if (*p->target.unix_socket || p->target.proxy)
        return check_fail(r, "load.witness",
                          "watches the TCP packets of the target itself; leave it out with "
                          "target.unix_socket or target.proxy");
    return 0;
}
