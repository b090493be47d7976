/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpus.h"
#include <stdlib.h>

/* 0 to CPUS_MAX - 1, without sign or space; -1: no such number. */
static int take_number(const char **at)
{
    char *end;
    long v;

    if (**at < '0' || **at > '9')
        return -1;
    v = strtol(*at, &end, 10);
    *at = end;
    return v < CPUS_MAX ? (int)v : -1;
}

static bool is_named(const int *cpus, int n, int cpu)
{
    for (int i = 0; i < n; i++)
        if (cpus[i] == cpu)
            return true;
    return false;
}

int cpus_parse(int *ret, int cap, const char *text)
{
    const char *at = text;
    int n = 0;

    for (;; at++) {
        int first = take_number(&at), last = first;

        if (first >= 0 && *at == '-') {
            at++;
            last = take_number(&at);
        }
        if (first < 0 || last < first)
            return -EINVAL;
        for (int cpu = first; cpu <= last; cpu++) {
            if (n == cap || is_named(ret, n, cpu))
                return -EINVAL;
            ret[n++] = cpu;
        }
        if (*at != ',')
            return *at ? -EINVAL : n;
    }
}
