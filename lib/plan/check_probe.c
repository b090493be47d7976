/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes are told. */
#include "base/units.h"
#include "plan/reading.h"
#include <string.h>

int probe_check(struct reading *r)
{
    const char *pid = r->plan->probe.engine_pid;
    int64_t n;

    if (strcmp(pid, "listen") == 0 || strcmp(pid, "none") == 0)
        return 0;
    if (units_i64(&n, pid) < 0 || n < 1 || n > INT32_MAX)
        return check_fail(r, "probe.engine_pid", "is no process: write its pid, listen, or none");
    return 0;
}
