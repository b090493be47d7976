/* SPDX-License-Identifier: Apache-2.0 */
/* The engine over real sockets and threads, against a small server in a thread of the test. */
#include "base/clock.h"
#include "base/fs.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "load/load.h"
#include "record/second.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ITEMS = 64, MAX_CLIENTS = 128, RECORDS = 1 << 14, BIG_REQUEST = 8 * 1024 * 1024 };

#define HEAD                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TOKEN "31\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n\r\n"
#define FINISH "3b\r\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\r\n"

/* Answers each request of @request_bytes bytes with a stream, and keeps the connection. */
struct server {
    int listening, stop[2];
    struct sockaddr_in address;
    size_t request_bytes;
    pthread_t thread;
};

static void answer(int fd)
{
    const char *const parts[] = {HEAD TOKEN, TOKEN, FINISH "0\r\n\r\n"};

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        (void)send(fd, parts[i], strlen(parts[i]), MSG_NOSIGNAL);
}

/* True while the client is there. */
static bool serve_client(struct server *s, int fd, size_t *got)
{
    static _Thread_local char buf[65536];
    ssize_t n = recv(fd, buf, sizeof buf, 0);

    if (n <= 0)
        return false;
    *got += (size_t)n;
    if (*got >= s->request_bytes) {
        *got = 0;
        answer(fd);
    }
    return true;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    struct pollfd p[MAX_CLIENTS + 2] = {{.fd = s->stop[0], .events = POLLIN},
                                        {.fd = s->listening, .events = POLLIN}};
    size_t got[MAX_CLIENTS + 2] = {0}, n = 2;

    while (poll(p, n, -1) > 0 && !p[0].revents) {
        for (size_t i = 2; i < n; i++)
            if (p[i].revents && !serve_client(s, p[i].fd, &got[i])) {
                close(p[i].fd);
                p[i].fd = -1;
                p[i].revents = 0;
            }
        if (p[1].revents && n < COUNT_OF(p)) {
            got[n] = 0;
            p[n++] = (struct pollfd){.fd = accept(s->listening, NULL, NULL), .events = POLLIN};
        }
    }
    for (size_t i = 2; i < n; i++)
        fd_close(p[i].fd);
    return NULL;
}

static void server_start(struct server *s, size_t request_bytes)
{
    socklen_t len = sizeof s->address;

    s->request_bytes = request_bytes;
    s->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->listening >= 0);
    assert_int_equal(bind(s->listening, (struct sockaddr *)&s->address, sizeof s->address), 0);
    assert_int_equal(listen(s->listening, 128), 0);
    assert_int_equal(getsockname(s->listening, (struct sockaddr *)&s->address, &len), 0);
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    close(s->listening);
    close(s->stop[0]);
    close(s->stop[1]);
}

struct rig {
    struct server server;
    struct item items[ITEMS];
    struct schedule schedule;
    struct ring ring[2];
    struct ring *rings[2];
    void *memory[2];
    struct load_config config;
    struct load_control control;
    size_t request_bytes;
    int allocs[ITEMS]; /* our allocations so far when item i was rendered */
};

static size_t render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    struct rig *rig = ctx;

    assert(cap >= rig->request_bytes);
    rig->allocs[index] = fault_allocs();
    memset(buf, 'r', rig->request_bytes);
    return rig->request_bytes;
}

static struct rig *rig_new(int32_t threads, size_t request_bytes, int64_t gap_ns)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig->request_bytes = request_bytes;
    server_start(&rig->server, request_bytes);
    for (size_t i = 0; i < ITEMS; i++)
        rig->items[i] = (struct item){.at_ns = (int64_t)i * gap_ns};
    for (int i = 0; i < 2; i++) {
        rig->memory[i] = aligned_alloc(64, ring_bytes(RECORDS));
        assert_non_null(rig->memory[i]);
        memset(rig->memory[i], 0, ring_bytes(RECORDS));
        ring_create(&rig->ring[i], rig->memory[i], RECORDS);
        rig->rings[i] = &rig->ring[i];
    }
    rig->schedule = (struct schedule){.items = rig->items, .count = ITEMS};
    rig->config = (struct load_config){.schedule = &rig->schedule,
                                       .count = ITEMS,
                                       .start_ns = clock_mono_ns() + 60 * NS_PER_MS,
                                       .max_in_flight = ITEMS,
                                       .timeout_ns = 60 * NS_PER_S,
                                       .connect_timeout_ns = 30 * NS_PER_S,
                                       .stall_timeout_ns = 30 * NS_PER_S,
                                       .drain_timeout_ns = 60 * NS_PER_S,
                                       .resend_stale = true,
                                       .stream = true,
                                       .target.address_len = sizeof rig->server.address,
                                       .render = {render, rig, request_bytes},
                                       .rings = rig->rings,
                                       .threads = threads};
    memcpy(&rig->config.target.address, &rig->server.address, sizeof rig->server.address);
    return rig;
}

static void rig_free(struct rig *rig)
{
    server_stop(&rig->server);
    free(rig->memory[0]);
    free(rig->memory[1]);
    free(rig);
}
DEFINE_AUTO(struct rig *, rig_free)

static int count(const struct ring *r, int type, int kind, uint16_t flag)
{
    int n = 0;

    for (uint64_t i = 0; i < ring_head(r); i++) {
        const struct rec *rec = ring_at(r, i);

        n += rec->type == type && (kind < 0 || rec->kind == kind) && (rec->flags & flag) == flag;
    }
    return n;
}

static void a_trial_over_real_sockets(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, 2 * NS_PER_MS);
    struct load_report report = {0};
    struct err err = {0};
    int finished = 0, tokens = 0;

    (void)state;
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.started, ITEMS);
    assert_int_equal(report.ended, ITEMS);
    assert_int_equal(report.never_started, 0);
    assert_int_equal(report.connections + report.reused, ITEMS + report.resent_stale);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(count(&rig->ring[i], REC_END, OUTCOME_OK, 0), ITEMS / 2);
        finished += count(&rig->ring[i], REC_END, OUTCOME_OK, 0);
        tokens += count(&rig->ring[i], REC_EVENT, EVENT_CONTENT | EVENT_CHOICES, 0);
        for (uint64_t n = 0; n < ring_head(&rig->ring[i]); n++)
            if (ring_at(&rig->ring[i], n)->type < REC_SECOND)
                assert_int_equal(ring_at(&rig->ring[i], n)->sample % 2, i);
        assert_int_equal(count(&rig->ring[i], REC_SECOND, SECOND_FIELDS - 2, 0), 1);
    }
    assert_int_equal(finished, ITEMS);
    assert_int_equal(tokens, 2 * ITEMS);
    assert_true(report.cpu_ns > 0);
    assert_true(report.end_ns > rig->config.start_ns);
}

static void reads_carry_kernel_stamps(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(1, 400, 2 * NS_PER_MS);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.kernel_stamps + report.user_stamps,
                     count(&rig->ring[0], REC_READ, -1, 0));
    assert_int_equal(report.kernel_stamps, count(&rig->ring[0], REC_READ, -1, REC_KERNEL));
    assert_true(report.kernel_stamps > 0); /* all of them on a quiet machine */
    for (uint64_t n = 0; n < ring_head(&rig->ring[0]); n++) {
        const struct rec *r = ring_at(&rig->ring[0], n);

        if (r->type == REC_READ)
            assert_true(r->time_ns <= r->user_ns);
    }
}

static void nothing_is_allocated_once_requests_are_made(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(1, 400, NS_PER_MS);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    rig->config.max_in_flight = 2;
    fault_alloc(-1);
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.ended, ITEMS);
    assert_true(rig->allocs[0] > 0);
    for (int i = 1; i < ITEMS; i++)
        assert_int_equal(rig->allocs[i], rig->allocs[0]);
}

static void a_request_larger_than_the_socket_buffer_gets_through(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(1, BIG_REQUEST, NS_PER_MS);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    rig->config.count = 3;
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(count(&rig->ring[0], REC_END, OUTCOME_OK, 0), 3);
    for (uint64_t n = 0; n < ring_head(&rig->ring[0]); n++) {
        const struct rec *r = ring_at(&rig->ring[0], n);

        if (r->type == REC_POINT && r->kind == POINT_SENT_LAST)
            assert_int_equal(r->value, BIG_REQUEST);
    }
}

static void a_closed_loop_over_real_sockets(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, 0);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    rig->config.concurrency = 5;
    rig->config.keep = LOAD_KEEP_ALWAYS;
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.ended, ITEMS);
    assert_int_equal(report.connections, 5);
    assert_int_equal(report.reused, ITEMS - 5);
}

static void a_port_that_nobody_listens_on_refuses(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(1, 400, NS_PER_MS);
    AUTO(fd_close) int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(bind(bound, (struct sockaddr *)&a, sizeof a), 0); /* bound, not listening */
    assert_int_equal(getsockname(bound, (struct sockaddr *)&a, &len), 0);
    memcpy(&rig->config.target.address, &a, sizeof a);
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(count(&rig->ring[0], REC_END, OUTCOME_REFUSED, 0), ITEMS);
}

static void stopping_before_the_start_starts_nothing(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, NS_PER_MS);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    atomic_store(&rig->control.stop, 1);
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.started, 0);
    assert_int_equal(report.never_started, ITEMS);
}

static void more_threads_than_slots_are_not_started(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, 0);
    struct load_report report = {0};
    struct err err = {0};

    (void)state;
    rig->config.concurrency = 1;
    assert_int_equal(load_run(&report, &rig->config, &rig->control, &err), 0);
    assert_int_equal(report.ended, ITEMS);
    assert_int_equal(count(&rig->ring[0], REC_END, OUTCOME_OK, 0), ITEMS);
}

/* Limits are the whole process's: tried in a child. */
static void too_few_descriptors_are_an_error_that_names_the_number(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(1, 400, 0);
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct rlimit limit = {40, 40};
        struct load_report report = {.started = 77};
        struct err err = {0};
        int r;

        rig->config.max_in_flight = 1000;
        rig->config.count = ITEMS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        r = load_run(&report, &rig->config, &rig->control, &err);
        _exit(r == -EMFILE && strstr(err.text, "file descriptors are needed") &&
                      strstr(err.text, "hard limit is 40") && report.started == 77
                  ? 0
                  : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_cpu_that_is_not_there_is_an_error(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, 0);
    const int cpus[] = {0, 1 << 20};
    struct load_report report = {.started = 77};
    struct err err = {0};

    (void)state;
    rig->config.cpus = cpus;
    assert_true(load_run(&report, &rig->config, &rig->control, &err) < 0);
    assert_non_null(strstr(err.text, "CPU 1048576"));
    assert_int_equal(report.started, 77);
}

static void starting_survives_every_failed_allocation(void **state)
{
    AUTO(rig_free) struct rig *rig = rig_new(2, 400, 0);
    int r = -ENOMEM, nth = 0;

    (void)state;
    for (; r == -ENOMEM && nth < 100; nth++) {
        struct load_report report = {.started = 77};
        struct err err = {0};

        fault_alloc(nth);
        r = load_run(&report, &rig->config, &rig->control, &err);
        fault_alloc(-1);
        assert_int_equal(report.started, r == 0 ? ITEMS : 77);
    }
    assert_int_equal(r, 0);
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_over_real_sockets),
        cmocka_unit_test(reads_carry_kernel_stamps),
        cmocka_unit_test(nothing_is_allocated_once_requests_are_made),
        cmocka_unit_test(a_request_larger_than_the_socket_buffer_gets_through),
        cmocka_unit_test(a_closed_loop_over_real_sockets),
        cmocka_unit_test(a_port_that_nobody_listens_on_refuses),
        cmocka_unit_test(stopping_before_the_start_starts_nothing),
        cmocka_unit_test(more_threads_than_slots_are_not_started),
        cmocka_unit_test(too_few_descriptors_are_an_error_that_names_the_number),
        cmocka_unit_test(a_cpu_that_is_not_there_is_an_error),
        cmocka_unit_test(starting_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
