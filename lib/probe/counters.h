/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/counters.h - what the kernel's text files count, taken out of their text: pure
 * functions, private to probe. @text is NUL-terminated. -EBADMSG: not the text of that file; what
 * a kernel leaves out is COUNTER_NONE.
 */
#pragma once
#include "base/base.h"

#define COUNTER_NONE ((double)__builtin_nan(""))

enum {
    TICKS_PER_S = 100
}; /* USER_HZ: what /proc counts CPU time in, on every Linux port of ours */

struct counters_host { /* /proc/stat */
    double busy_ticks, idle_ticks, iowait_ticks,
        steal_ticks; /* of all CPUs; busy has steal in it */
    double context_switches, running, blocked;
};
NODISCARD int counters_host(struct counters_host *ret, const char *text);

struct counters_pressure { /* /proc/pressure/X */
    double some_us, full_us;
};
NODISCARD int counters_pressure(struct counters_pressure *ret, const char *text);

struct counters_process { /* /proc/PID/stat */
    double cpu_ticks, minor_faults, major_faults, threads, resident_pages;
};
NODISCARD int counters_process(struct counters_process *ret, const char *text);

struct counters_switches { /* /proc/PID/task/TID/status */
    double voluntary, involuntary;
};
NODISCARD int counters_switches(struct counters_switches *ret, const char *text);

/* /proc/PID/task/TID/schedstat: time waited for a CPU. */
NODISCARD int counters_schedstat(double *delay_ns, const char *text);
/* A line of names, then one of values, both after "@table:": /proc/net/snmp and netstat. */
double counters_net(const char *text, const char *table, const char *name);
/* "@name VALUE" lines, with or without a colon: cpu.stat, memory.stat, meminfo. */
double counters_named(const char *text, const char *name);

struct counters_disk { /* a line of /proc/diskstats */
    char name[32];
    double read_sectors, written_sectors, busy_ms;
};
/* Takes the line at *@at and moves it on; false: there are no more. */
bool counters_disk(struct counters_disk *ret, const char **at);
/* The mean and the least of the "cpu MHz" lines of /proc/cpuinfo; -ENODATA: it has none. */
NODISCARD int counters_mhz(double *mean, double *least, const char *text);
