/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/settings.h"
#include "root.h"
#include "sink.h"

struct watched {
    struct seen seen;
    char changed[1024];
    struct probe_out out;
};

static int changed(void *ctx, int64_t time_ns, const char *text)
{
    struct watched *w = ctx;
    const size_t n = strlen(w->changed);

    (void)snprintf(w->changed + n, sizeof w->changed - n, "%d %s\n", (int)time_ns, text);
    return 0;
}

static struct probe *open_probe(struct watched *w, const struct url *target)
{
    const struct probe_setup s = {.root = root, .target = target};
    struct probe *p = NULL;
    struct err err = {0};

    w->seen.left = -1;
    w->out = (struct probe_out){.facts = {seen_put, &w->seen}, .changed = changed, .ctx = w};
    assert_int_equal(probe_settings.open(&p, &s, &w->out, &err), 0);
    return p;
}

#define CPU "/sys/devices/system/cpu/"

static void tells_what_is_changed_meanwhile(void **state)
{
    struct watched w = {0};
    struct probe *p;

    (void)state;
    write_file(CPU "online", "0-1\n");
    write_file(CPU "cpu0/cpufreq/scaling_governor", "performance\n");
    write_file(CPU "cpu1/cpufreq/scaling_governor", "performance\n");
    write_file(CPU "intel_pstate/no_turbo", "0\n");
    write_file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    p = open_probe(&w, NULL);
    assert_seen(&w.seen, "host.net.interface=? [5] the target's address is not known\n");
    assert_int_equal(probe_settings.sample(p, 1), 0);
    assert_string_equal(w.changed, "");
    write_file(CPU "cpu1/cpufreq/scaling_governor", "powersave\n");
    write_file(CPU "intel_pstate/no_turbo", "1\n");
    write_file("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
    assert_int_equal(probe_settings.sample(p, 2), 0);
    assert_int_equal(probe_settings.sample(p, 3), 0);
    assert_string_equal(w.changed, "2 cpu.governor: performance -> performance x1, powersave x1\n"
                                   "2 cpu.boost: on -> off\n"
                                   "2 memory.thp: madvise -> always\n");
    assert_seen(&w.seen, "host.cpu.governor=performance x1, powersave x1 [0]");
    probe_settings.close(p);
}

static void knows_the_interface_to_the_target(void **state)
{
    const struct url loopback = {.host = "127.0.0.1", .port = 80}, named = {.host = "x.test"};
    struct watched w = {0};
    struct probe *p;

    (void)state;
    write_file("/sys/class/net/lo/mtu", "65536\n");
    p = open_probe(&w, &loopback);
    assert_seen(&w.seen, "host.net.interface=lo ");
    assert_seen(&w.seen, "host.net.mtu=65536 [0] /sys/class/net/lo/mtu\n");
    assert_seen(&w.seen, "host.net.speed=? [5] /sys/class/net/lo/speed: it does not say\n");
    assert_seen(&w.seen, "host.net.driver=? [5] lo has no device below it\n");
    probe_settings.close(p);
    p = open_probe(&w, &named);
    assert_seen(&w.seen, "host.net.interface=? [5] the target's address is not known\n");
    probe_settings.close(p);
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT_TEST(tells_what_is_changed_meanwhile),
        ROOT_TEST(knows_the_interface_to_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
