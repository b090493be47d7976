/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's text files, as kernels of several versions write them. */
#include "probe/counters.h"
#include "harness/unit.h"
#include <math.h>

static void the_host_counts_ticks(void **state)
{
    struct counters_host h;

    (void)state;
    assert_int_equal(counters_host(&h, "cpu  10 2 30 400 50 1 2 7 0 0\ncpu0 10 2 30 400 50 1 2 7\n"
                                       "intr 99 0 1\nctxt 1234\nbtime 1\nprocesses 5\n"
                                       "procs_running 3\nprocs_blocked 1\n"),
                     0);
    assert_close(h.busy_ticks, 52, 0);
    assert_close(h.steal_ticks, 7, 0);
    assert_close(h.idle_ticks, 400, 0);
    assert_close(h.iowait_ticks, 50, 0);
    assert_close(h.context_switches, 1234, 0);
    assert_close(h.running, 3, 0);
    assert_close(h.blocked, 1, 0);
    assert_int_equal(counters_host(&h, "cpu0 1 2 3 4 5\n"), -EBADMSG); /* no line of all CPUs */
    assert_int_equal(counters_host(&h, "cpu  1 2\n"), -EBADMSG);
    assert_int_equal(counters_host(&h, ""), -EBADMSG);
}

static void pressure_has_one_line_or_two(void **state)
{
    struct counters_pressure p;

    (void)state;
    assert_int_equal(counters_pressure(&p, "some avg10=0.00 avg60=0.12 avg300=0.20 total=12345\n"
                                           "full avg10=0.00 avg60=0.00 avg300=0.00 total=6\n"),
                     0);
    assert_close(p.some_us, 12345, 0);
    assert_close(p.full_us, 6, 0);
    /* Of CPUs before Linux 5.13. */
    assert_int_equal(counters_pressure(&p, "some avg10=0.00 avg60=0.12 avg300=0.20 total=7\n"), 0);
    assert_close(p.some_us, 7, 0);
    assert_true(isnan(p.full_us));
    assert_int_equal(counters_pressure(&p, "some avg10=0.00\nfull avg10=0.00 total=6\n"), -EBADMSG);
}

static void a_process_may_be_called_anything(void **state)
{
    struct counters_process p;

    (void)state;
    assert_int_equal(
        counters_process(&p, "42 (a) (b 1) S 1 42 42 0 -1 4194304 100 200 3 4 50 25 6 7 20 0 9 0 "
                             "777 8192000 321 18446744073709551615 1 1 0\n"),
        0);
    assert_close(p.minor_faults, 100, 0);
    assert_close(p.major_faults, 3, 0);
    assert_close(p.cpu_ticks, 75, 0);
    assert_close(p.threads, 9, 0);
    assert_close(p.resident_pages, 321, 0);
    assert_int_equal(counters_process(&p, "42 (a) S 1 42"), -EBADMSG);
    assert_int_equal(counters_process(&p, "42 (a)"), -EBADMSG);
    assert_int_equal(counters_process(&p, ""), -EBADMSG);
}

static void threads_tell_waits_and_switches(void **state)
{
    struct counters_switches s;
    double delay;

    (void)state;
    assert_int_equal(counters_schedstat(&delay, "767753 98977 3\n"), 0);
    assert_close(delay, 98977, 0);
    assert_int_equal(counters_schedstat(&delay, "767753\n"), -EBADMSG);
    assert_int_equal(counters_switches(&s, "Name:\tx\nvoluntary_ctxt_switches:\t150\n"
                                           "nonvoluntary_ctxt_switches:\t545\n"),
                     0);
    assert_close(s.voluntary, 150, 0);
    assert_close(s.involuntary, 545, 0);
    assert_int_equal(counters_switches(&s, "voluntary_ctxt_switches:\t150\n"), -EBADMSG);
}

static void network_values_stand_below_their_names(void **state)
{
    static const char text[] = "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
                               "Tcp: RtoAlgorithm MaxConn OutSegs RetransSegs InErrs\n"
                               "Tcp: 1 -1 4000 55 0\n";

    (void)state;
    assert_close(counters_net(text, "Tcp", "OutSegs"), 4000, 0);
    assert_close(counters_net(text, "Tcp", "RetransSegs"), 55, 0);
    assert_true(isnan(counters_net(text, "Tcp", "Retrans")));
    assert_true(isnan(counters_net(text, "Tcp", "MaxConn"))); /* -1: no number of things */
    assert_true(isnan(counters_net(text, "TcpExt", "OutSegs")));
    assert_true(isnan(counters_net("Tcp: OutSegs RetransSegs\nTcp: 1", "Tcp", "RetransSegs")));
    assert_true(isnan(counters_net("Tcp: OutSegs", "Tcp", "OutSegs")));
}

static void disks_are_taken_line_by_line(void **state)
{
    const char *at = " 254 0 vda 10 1 2000 3 20 2 4000 5 0 600 700 1 1 1 1\n"
                     " 8 16 short 1 2 3\n 254 1 vda1 1 1 1 1 1 1 1 1 1 1 1\n";
    struct counters_disk d;

    (void)state;
    assert_true(counters_disk(&d, &at));
    assert_string_equal(d.name, "vda");
    assert_close(d.read_sectors, 2000, 0);
    assert_close(d.written_sectors, 4000, 0);
    assert_close(d.busy_ms, 600, 0);
    assert_true(counters_disk(&d, &at));
    assert_string_equal(d.name, "vda1");
    assert_false(counters_disk(&d, &at));
}

static void clocks_and_named_values(void **state)
{
    double mean, least;

    (void)state;
    assert_int_equal(counters_mhz(&mean, &least, "cpu MHz\t\t: 1000.5\nx\ncpu MHz\t\t: 2000.5"), 0);
    assert_close(mean, 1500.5, 1e-9);
    assert_close(least, 1000.5, 1e-9);
    assert_int_equal(counters_mhz(&mean, &least, "BogoMIPS : 1\n"), -ENODATA); /* arm64 */
    assert_close(counters_named("a 1\nnr_throttled 5\n", "nr_throttled"), 5, 0);
    assert_true(isnan(counters_named("nr_throttled_x 5\n", "nr_throttled")));
    assert_true(isnan(counters_named("nr_throttled\n", "nr_throttled")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_counts_ticks),
        cmocka_unit_test(pressure_has_one_line_or_two),
        cmocka_unit_test(a_process_may_be_called_anything),
        cmocka_unit_test(threads_tell_waits_and_switches),
        cmocka_unit_test(network_values_stand_below_their_names),
        cmocka_unit_test(disks_are_taken_line_by_line),
        cmocka_unit_test(clocks_and_named_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
