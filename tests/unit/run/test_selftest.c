/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/units.h"
#include "harness/unit.h"
#include "load/null_server.h"
#include "run/selftest.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLAN(load, more)                                                                           \
    "asrun: 1\n"                                                                                   \
    "workload: {fixed: {input_tokens: 20, output_tokens: 100}}\n"                                  \
    "target: {url: \"http://127.0.0.1:1/v1\", model: m" more "}\n"                                 \
    "load: {self_test: {for: 400ms}, " load "}\n"                                                  \
    "exclude: {warm_up: none}\n"

struct scene {
    struct plan *plan;
    struct schedule *schedule;
};

static void scene_release(struct scene *s)
{
    schedule_free(s->schedule);
    plan_free(s->plan);
}
DEFINE_AUTO_HELD(struct scene, scene_release)

static struct scene scene_of(const char *yaml)
{
    struct scene s = {0};
    struct err err = {0};

    if (plan_parse(&s.plan, yaml, "plan", NULL, 0, &err) < 0 ||
        schedule_build(&s.schedule, s.plan, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static struct selftest_load load_of(const char *yaml)
{
    AUTO(scene_release) struct scene s = scene_of(yaml);
    struct selftest_load l;

    selftest_load(&l, s.plan, s.schedule);
    return l;
}

static void about(double got, double want)
{
    if (fabs(got - want) > 0.01 * want)
        fail_msg("%g, expected %g", got, want);
}

static void the_planned_load_is_the_schedules(void **state)
{
    struct selftest_load l = load_of(PLAN("arrivals: constant, rate: 40/s, duration: 20s", ""));

    (void)state;
    about(l.requests_per_s, 40);
    about(l.events_per_s, 4000);
    about(l.streams, 80); /* 100 events at 50/s take 2 s */
    l = load_of(PLAN("arrivals: constant, rate: 40/s, duration: 20s, max_in_flight: 16", ""));
    about(l.streams, 16);
    l = load_of(PLAN("arrivals: constant, rate: 40/s, duration: 20s", ", stream: false"));
    about(l.events_per_s, 40);
    l = load_of(
        PLAN("arrivals: constant, stages: [{rate: 10/s, for: 20s}, {rate: 100/s, for: 20s}, "
             "{rate: 1/s, for: 10s}]",
             ""));
    about(l.requests_per_s, 100); /* the busiest, not the mean */
}

static void a_closed_loop_is_planned_at_a_pace(void **state)
{
    struct selftest_load l = load_of(PLAN("arrivals: closed, concurrency: 8, requests: 50", ""));

    (void)state;
    about(l.streams, 8);
    about(l.events_per_s, 400);
    about(l.requests_per_s, 4);
    l = load_of(PLAN("arrivals: closed, concurrency: 8, requests: 50, think_time: 2s", ""));
    about(l.streams, 4);
    about(l.events_per_s, 200);
}

static void one_request_is_a_load_too(void **state)
{
    struct selftest_load l = load_of(PLAN("arrivals: constant, rate: 40/s, requests: 1", ""));

    (void)state;
    about(l.requests_per_s, 1);
    about(l.streams, 2);
}

/* All that comes until the other side says nothing more for a while. */
static size_t talk(const struct null_server *s, const char *request, char *buf, size_t size)
{
    const struct timeval patience = {.tv_usec = 300000};
    AUTO(fd_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t len = 0;
    ssize_t n;

    assert_int_equal(connect(fd, (const struct sockaddr *)&s->address, s->address_len), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    while (len + 1 < size && (n = read(fd, buf + len, size - 1 - len)) > 0)
        len += (size_t)n;
    buf[len] = '\0';
    return len;
}

static int times(const char *text, const char *word)
{
    int n = 0;

    for (const char *at = text; (at = strstr(at, word)); at++)
        n++;
    return n;
}

static void the_null_server_answers_as_told_and_knows_when(void **state)
{
    const struct null_item items[] = {{.events = 1, .stamps = 1},
                                      {.events = 5, .stamps = 5, .first_stamp = 1}};
    int64_t *sent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct null_config c = {
        .items = items, .count = 2, .period_ns = 10 * NS_PER_MS, .stream = true, .sent_ns = sent};
    AUTO(null_server_stop) struct null_server s = {0};
    static char text[65536];
    struct err err = {0};
    pid_t pid;

    (void)state;
    assert_int_equal(null_server_start(&s, &c, &err), 0);
    (void)talk(&s, "POST /1/3 HTTP/1.1\r\n\r\nabc", text, sizeof text);
    assert_int_equal(times(text, " word"), 5);
    assert_int_equal(times(text, "[DONE]"), 1);
    assert_int_equal(times(text, "\r\n0\r\n\r\n"), 1);
    for (int i = 2; i <= 5; i++)
        assert_true(sent[i] - sent[i - 1] >= 0 && sent[i] - sent[1] >= (i - 1) * 9 * NS_PER_MS);
    (void)talk(&s, "POST /0/1 HTTP/1.1\r\n\r\nxPOST /0/1 HTTP/1.1\r\n\r\ny", text, sizeof text);
    assert_int_equal(times(text, "HTTP/1.1 200"), 2);
    assert_int_equal(talk(&s, "POST /2/1 HTTP/1.1\r\n\r\nx", text, sizeof text), 0);
    assert_int_equal(talk(&s, "GET / HTTP/1.1\r\n\r\n", text, sizeof text), 0);
    pid = s.pid;
    null_server_stop(&s);
    assert_int_equal(kill(pid, 0), -1);
    (void)munmap(sent, 4096);
}

static double fact(const struct fact_list *l, const char *name)
{
    double v = NAN;

    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0 && l->items[i].value)
            assert_int_equal(units_double(&v, l->items[i].value), 0);
    return v;
}

static void test_of(struct fact_list *ret, const char *yaml)
{
    AUTO(scene_release) struct scene s = scene_of(yaml);
    struct load_control control = {0};
    const struct selftest t = {.plan = s.plan, .schedule = s.schedule, .control = &control};
    struct err err = {0};
    char says[300];

    if (selftest_run(&t, ret, says, sizeof says, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ret->count; i++)
        if (strcmp(ret->items[i].name, "headroom") == 0 && !ret->items[i].value &&
            s.plan->load.self_test_ns > 0)
            fail_msg("%s", ret->items[i].source);
}

/* Figures that hold on any machine, however busy it is. */
static void check_facts(const struct fact_list *l)
{
    assert_true(fact(l, "capacity.events_per_s") > 0);
    assert_true(fact(l, "requests") > 4);
    assert_true(fact(l, "cpu_per_event") > 0);
    assert_true(fact(l, "full.events_per_s") > 0);
    assert_true(fact(l, "full.cpu_share") > 0 && fact(l, "full.cpu_share") <= 1.01);
    about(fact(l, "headroom") * fact(l, "planned.events_per_s"), fact(l, "capacity.events_per_s"));
}

static void a_test_says_what_the_client_can_do_and_what_it_adds(void **state)
{
    AUTO(fact_list_release) struct fact_list l = {0};

    (void)state;
    test_of(&l, PLAN("arrivals: poisson, rate: 40/s, duration: 20s", ""));
    check_facts(&l);
    assert_true(fact(&l, "added.p50") > 0);
    assert_true(fact(&l, "lateness.p50") >= 0);
    assert_true(fact(&l, "added.p50") <= fact(&l, "added.p99") * 1.02);
    assert_true(fact(&l, "paced.events_per_s") > 0);
}

static void documents_and_closed_loops_are_tested_alike(void **state)
{
    AUTO(fact_list_release) struct fact_list closed = {0}, document = {0};

    (void)state;
    test_of(&closed, PLAN("arrivals: closed, concurrency: 8, requests: 50, threads: 2", ""));
    check_facts(&closed);
    test_of(&document, PLAN("arrivals: poisson, rate: 200/s, duration: 20s", ", stream: false"));
    check_facts(&document);
}

static void no_test_is_a_fact_as_well(void **state)
{
    AUTO(fact_list_release) struct fact_list l = {0};

    (void)state;
    test_of(&l, "asrun: 1\nworkload: {fixed: {input_tokens: 2, output_tokens: 1}}\n"
                "target: {url: \"http://127.0.0.1:1/v1\", model: m}\n"
                "load: {arrivals: constant, rate: 1/s, requests: 1, self_test: {for: 0}}\n"
                "exclude: {warm_up: none}\n");
    assert_int_equal(l.count, 1);
    assert_int_equal(l.items[0].known, KNOWN_UNKNOWN);
    assert_non_null(strstr(l.items[0].source, "not run"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_planned_load_is_the_schedules),
        cmocka_unit_test(a_closed_loop_is_planned_at_a_pace),
        cmocka_unit_test(one_request_is_a_load_too),
        cmocka_unit_test(the_null_server_answers_as_told_and_knows_when),
        cmocka_unit_test(a_test_says_what_the_client_can_do_and_what_it_adds),
        cmocka_unit_test(documents_and_closed_loops_are_tested_alike),
        cmocka_unit_test(no_test_is_a_fact_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
