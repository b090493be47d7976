/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's text files: whatever they hold, nothing is read past their end. */
#include "probe/counters.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_number(double v)
{
    if (!isnan(v) && !(v >= 0))
        abort();
}

static void read_all(const char *text)
{
    struct counters_host host;
    struct counters_pressure pressure;
    struct counters_process process;
    struct counters_switches switches;
    struct counters_disk disk;
    double a, b;

    if (counters_host(&host, text) == 0)
        check_number(host.busy_ticks);
    if (counters_pressure(&pressure, text) == 0)
        check_number(pressure.some_us);
    (void)!counters_process(&process, text);
    if (counters_switches(&switches, text) == 0)
        check_number(switches.voluntary);
    if (counters_schedstat(&a, text) == 0)
        check_number(a);
    check_number(counters_net(text, "Tcp", "RetransSegs"));
    check_number(counters_named(text, "nr_throttled"));
    if (counters_mhz(&a, &b, text) == 0 && !(b <= a * 1.000001))
        abort();
    for (const char *at = text; counters_disk(&disk, &at);)
        if (strlen(disk.name) >= sizeof disk.name)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1); /* as long as it is: a read past its end is seen */

    if (!text)
        return 0;
    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    read_all(text);
    free(text);
    return 0;
}
