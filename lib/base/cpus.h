/* SPDX-License-Identifier: Apache-2.0 */
/* lib/base/cpus.h - lists of CPUs as Linux writes them: "0", "1,3", "2-5,8". */
#pragma once
#include "base/base.h"

enum { CPUS_MAX = 1024 }; /* what a cpu_set_t holds */

/* Puts the CPUs into @ret, in their order, and returns how many; -EINVAL: not such a list, a CPU
 * named twice or beyond CPUS_MAX, or more than @cap of them. */
int cpus_parse(int *ret, int cap, const char *text);
