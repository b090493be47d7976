/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps of sending on a real socket: beside stamps of arrival, errors and the end. */
#include "base/clock.h"
#include "base/fs.h"
#include "harness/unit.h"
#include "load/loop_epoll.h"
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct pair { /* a connection of a loop, and its peer */
    struct loop_epoll *loop;
    int keeper, fd, peer;
};

static void pair_open(struct pair *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof at;
    struct loop_event event;
    struct err err = {0};

    p->keeper = loop_epoll_keeper();
    assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(loop_epoll_open(&p->loop, &err), 0);
    loop_epoll_stamp_sends(p->loop, true);
    p->fd = loop_epoll_ops.connect(p->loop, 7, (struct sockaddr *)&at, sizeof at);
    assert_true(p->fd >= 0);
    p->peer = accept(listening, NULL, NULL);
    assert_int_equal(loop_epoll_ops.wait(p->loop, &event, 1, clock_mono_ns() + 10 * NS_PER_S), 1);
    assert_int_equal(loop_epoll_ops.connected(p->loop, p->fd), 0);
    loop_epoll_ops.watch(p->loop, p->fd, 7, false);
    close(listening);
}

static void pair_close(struct pair *p)
{
    loop_epoll_ops.close(p->loop, p->fd);
    fd_close(p->peer);
    fd_close(p->keeper);
    loop_epoll_close(p->loop);
}

static bool ready(const struct pair *p, struct loop_event *event, int64_t wait_ns)
{
    return loop_epoll_ops.wait(p->loop, event, 1, clock_mono_ns() + wait_ns) == 1;
}

static void a_stamp_names_its_byte_and_lies_between_the_write_and_its_reading(void **state)
{
    const int64_t slack_ns = 50 * NS_PER_US;
    struct loop_event event;
    struct loop_sent sent;
    struct pair p;

    (void)state;
    pair_open(&p);
    assert_false(loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent));
    for (uint32_t i = 0; i < 3; i++) {
        int64_t before_ns = clock_mono_ns();

        assert_int_equal(loop_epoll_ops.send(p.loop, p.fd, "not asked", 9), 9);
        assert_int_equal(loop_epoll_ops.send_stamped(p.loop, p.fd, "asked", 5), 5);
        assert_true(ready(&p, &event, 10 * NS_PER_S));
        assert_true(event.error);
        assert_true(loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent));
        assert_int_equal(sent.last, 14 * i + 13);
        assert_true(sent.kernel_ns >= before_ns - slack_ns);
        assert_true(sent.kernel_ns <= clock_mono_ns() + slack_ns);
        assert_false(loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent)); /* one a wish */
        assert_false(ready(&p, &event, 0));                           /* the queue is empty */
    }
    pair_close(&p);
}

static void arrivals_keep_their_stamps(void **state)
{
    struct loop_stamp stamp;
    struct loop_event event;
    struct loop_sent sent;
    char buf[16];
    struct pair p;

    (void)state;
    pair_open(&p);
    usleep(60000); /* the kernel begins to stamp a moment after the first wish */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(loop_epoll_ops.send_stamped(p.loop, p.fd, "asked", 5), 5);
        (void)loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent);
        assert_int_equal(send(p.peer, "answer", 6, MSG_NOSIGNAL), 6);
        assert_true(ready(&p, &event, 10 * NS_PER_S));
        assert_true(event.in);
        assert_false(event.error);
        assert_int_equal(loop_epoll_ops.recv(p.loop, p.fd, buf, sizeof buf, &stamp), 6);
        assert_int_not_equal(stamp.kernel_ns, TIME_NONE);
        assert_true(stamp.kernel_ns <= stamp.user_ns + NS_PER_MS);
    }
    pair_close(&p);
}

static void a_reset_is_told_whether_a_stamp_waits_or_not(void **state)
{
    const struct linger now = {.l_onoff = 1};
    struct loop_stamp stamp;
    struct loop_event event;
    struct loop_sent sent;
    char buf[16];

    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        struct pair p;

        pair_open(&p);
        assert_int_equal(loop_epoll_ops.send_stamped(p.loop, p.fd, "asked", 5), 5);
        if (taken)
            assert_true(loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent));
        assert_int_equal(setsockopt(p.peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(p.peer);
        p.peer = -1;
        assert_true(ready(&p, &event, 10 * NS_PER_S));
        assert_true(event.error);
        assert_int_equal(loop_epoll_ops.sent_stamp(p.loop, p.fd, &sent), !taken);
        assert_true(ready(&p, &event, 10 * NS_PER_S)); /* still */
        assert_true(event.in);
        assert_int_equal(loop_epoll_ops.recv(p.loop, p.fd, buf, sizeof buf, &stamp), -ECONNRESET);
        pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_names_its_byte_and_lies_between_the_write_and_its_reading),
        cmocka_unit_test(arrivals_keep_their_stamps),
        cmocka_unit_test(a_reset_is_told_whether_a_stamp_waits_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
