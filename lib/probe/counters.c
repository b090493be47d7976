/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/counters.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *next_line(const char *at)
{
    at = strchr(at, '\n');
    return at ? at + 1 : NULL;
}

/* What follows "@name" at the beginning of a line of @text, over spaces and a colon; NULL: none. */
static const char *after_name(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = text; line && *line; line = next_line(line)) {
        const char *at = line + n;

        if (strncmp(line, name, n) != 0 || (*at != ' ' && *at != '\t' && *at != ':'))
            continue;
        return at + strspn(at, " \t:");
    }
    return NULL;
}

/* Numbers at *@at, up to @max of the line; how many. */
static size_t numbers(double *ret, size_t max, const char *at)
{
    size_t n = 0;

    for (; n < max; n++) {
        char *end;

        at += strspn(at, " \t");
        if (!isdigit((unsigned char)*at))
            break;
        ret[n] = (double)strtoull(at, &end, 10);
        at = end;
    }
    return n;
}

double counters_named(const char *text, const char *name)
{
    const char *at = after_name(text, name);
    double v;

    return at && numbers(&v, 1, at) == 1 ? v : COUNTER_NONE;
}

int counters_host(struct counters_host *ret, const char *text)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
    const char *at = after_name(text, "cpu");
    double v[FIELDS] = {0};

    if (!at || numbers(v, FIELDS, at) < IOWAIT)
        return -EBADMSG;
    *ret = (struct counters_host){
        .busy_ticks = v[USER] + v[NICE] + v[SYSTEM] + v[IRQ] + v[SOFTIRQ] + v[STEAL],
        .idle_ticks = v[IDLE],
        .iowait_ticks = v[IOWAIT],
        .steal_ticks = v[STEAL],
        .context_switches = counters_named(text, "ctxt"),
        .running = counters_named(text, "procs_running"),
        .blocked = counters_named(text, "procs_blocked"),
    };
    return 0;
}

static double pressure_total(const char *text, const char *line)
{
    const char *at = after_name(text, line), *end = at ? strchr(at, '\n') : NULL;
    const char *total = at ? strstr(at, "total=") : NULL;
    double v;

    if (!total || (end && total > end) || numbers(&v, 1, total + 6) != 1)
        return COUNTER_NONE;
    return v;
}

int counters_pressure(struct counters_pressure *ret, const char *text)
{
    struct counters_pressure p = {pressure_total(text, "some"), pressure_total(text, "full")};

    if (__builtin_isnan(p.some_us))
        return -EBADMSG;
    *ret = p;
    return 0;
}

/* The name in brackets may hold anything, brackets and spaces too: the last ')' ends it. */
int counters_process(struct counters_process *ret, const char *text)
{
    enum { FIRST = 10 /* minflt, counted from 1 */, LAST = 24 };
    const char *at = strrchr(text, ')');
    char *end;
    double v[LAST - FIRST + 1];

    if (!at || at[1] != ' ')
        return -EBADMSG;
    at += 2;
    for (int field = 3; field <= LAST; field++) {
        at += strspn(at, " ");
        if (field >= FIRST) {
            v[field - FIRST] = (double)strtoll(at, &end, 10);
            if (end == at)
                return -EBADMSG;
        }
        at += strcspn(at, " \n");
    }
    *ret = (struct counters_process){.minor_faults = v[0],
                                     .major_faults = v[12 - FIRST],
                                     .cpu_ticks = v[14 - FIRST] + v[15 - FIRST],
                                     .threads = v[20 - FIRST],
                                     .resident_pages = v[24 - FIRST]};
    return 0;
}

int counters_switches(struct counters_switches *ret, const char *text)
{
    struct counters_switches s = {counters_named(text, "voluntary_ctxt_switches"),
                                  counters_named(text, "nonvoluntary_ctxt_switches")};

    if (__builtin_isnan(s.voluntary) || __builtin_isnan(s.involuntary))
        return -EBADMSG;
    *ret = s;
    return 0;
}

int counters_schedstat(double *delay_ns, const char *text)
{
    double v[2];

    if (numbers(v, 2, text) != 2)
        return -EBADMSG;
    *delay_ns = v[1];
    return 0;
}

double counters_net(const char *text, const char *table, const char *name)
{
    const char *names = after_name(text, table), *line = names ? next_line(names) : NULL;
    const char *values = line ? after_name(line, table) : NULL;
    size_t n = strlen(name);
    double v;

    while (values && *names && *names != '\n' && *values && *values != '\n') {
        size_t len = strcspn(names, " \n");

        if (len == n && strncmp(names, name, n) == 0)
            return numbers(&v, 1, values) == 1 ? v : COUNTER_NONE;
        names += len;
        names += strspn(names, " ");
        values += strcspn(values, " \n");
        values += strspn(values, " ");
    }
    return COUNTER_NONE;
}

bool counters_disk(struct counters_disk *ret, const char **at)
{
    enum { READ_SECTORS = 2, WRITTEN_SECTORS = 6, BUSY_MS = 9, FIELDS = 10 };

    while (*at && **at) {
        const char *line = *at + strspn(*at, " 0123456789");
        size_t n = strcspn(line, " \n");
        double v[FIELDS];

        *at = next_line(*at);
        if (n == 0 || n >= sizeof ret->name || numbers(v, FIELDS, line + n) < FIELDS)
            continue;
        *ret = (struct counters_disk){.read_sectors = v[READ_SECTORS],
                                      .written_sectors = v[WRITTEN_SECTORS],
                                      .busy_ms = v[BUSY_MS]};
        memcpy(ret->name, line, n);
        return true;
    }
    return false;
}

int counters_mhz(double *mean, double *least, const char *text)
{
    double sum = 0, low = 0;
    int n = 0;

    for (const char *at = text; (at = after_name(at, "cpu MHz")); at = next_line(at)) {
        double v = strtod(at, NULL);

        if (v > 0 && v < 1e9) {
            low = n == 0 || v < low ? v : low;
            sum += v;
            n++;
        }
        if (!next_line(at))
            break;
    }
    if (n == 0)
        return -ENODATA;
    *mean = sum / n;
    *least = low;
    return 0;
}
