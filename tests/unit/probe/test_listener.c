/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/listener.h"
#include "root.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char header[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                             "retrnsmt   uid  timeout inode\n";

static struct sockaddr_storage v4(const char *ip, uint16_t port)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    assert_int_equal(inet_pton(AF_INET, ip, &in.sin_addr), 1);
    memcpy(&s, &in, sizeof in);
    return s;
}

static struct sockaddr_storage v6(const char *ip, uint16_t port)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    assert_int_equal(inet_pton(AF_INET6, ip, &in.sin6_addr), 1);
    memcpy(&s, &in, sizeof in);
    return s;
}

static struct sockaddr_storage local(const char *path)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
    memcpy(&s, &un, sizeof un);
    return s;
}

/* Lines as the kernel of a little-endian host prints them. */
static void write_tables(void)
{
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "%s   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
                   "  1000        0 111 1 0000000000000000 100 0 0 10 0\n"
                   "   1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
                   "     0        0 222 1 0000000000000000 100 0 0 10 0\n"
                   "   2: 0100007F:1F92 0100007F:C000 01 00000000:00000000 00:00000000 00000000"
                   "     0        0 333 1 0000000000000000 100 0 0 10 0\n"
                   "   3: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
                   "     0        0 999 1 0000000000000000 100 0 0 10 0\n"
                   "   4: 0100007F:1F9",
                   header);
    write_file("/proc/net/tcp", text);
    (void)snprintf(text, sizeof text,
                   "%s   0: 00000000000000000000000000000000:1F93 00000000000000000000000000000000:"
                   "0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0 100\n"
                   "   1: 00000000000000000000000001000000:1F94 00000000000000000000000000000000:"
                   "0000 0A 00000000:00000000 00:00000000 00000000     0        0 555 1 0 100\n",
                   header);
    write_file("/proc/net/tcp6", text);
    write_file("/proc/net/unix",
               "Num       RefCount Protocol Flags    Type St Inode Path\n"
               "0000000000000000: 00000002 00000000 00010000 0001 01 666 /run/engine.sock\n"
               "0000000000000000: 00000003 00000000 00000000 0001 03 777 /run/engine.sock\n"
               "0000000000000000: 00000002 00000000 00010000 0001 01 888 @abstract\n"
               "0000000000000000: 00000002 00000000 00010000 0001 01 890\n");
}

static void hold(int pid, int parent, const char *name, const char *inode)
{
    char path[64], link[64];

    write_process(pid, parent, name, pid);
    (void)snprintf(path, sizeof path, "/proc/%d/fd/3", pid);
    (void)snprintf(link, sizeof link, "socket:[%s]", inode);
    make_link(path, link);
}

static void assert_found(const struct sockaddr_storage *a, int pid)
{
    char why[160] = "";
    pid_t found = -1;

    if (probe_listener_pid(&found, root, (const struct sockaddr *)a, why, sizeof why) < 0)
        fail_msg("not found: %s", why);
    assert_int_equal(found, pid);
}

static void assert_not_found(const struct sockaddr_storage *a, int code, const char *words)
{
    char why[160] = "";
    pid_t found = -1;

    assert_int_equal(probe_listener_pid(&found, root, (const struct sockaddr *)a, why, sizeof why),
                     code);
    assert_int_equal(found, -1);
    if (!strstr(why, words))
        fail_msg("no \"%s\" in: %s", words, why);
}

static void finds_internet_listeners(void **state)
{
    const struct sockaddr_storage exact = v4("127.0.0.1", 0x1f90), any = v4("127.0.0.1", 0x1f91),
                                  both = v4("127.0.0.1", 0x1f93), any6 = v6("::1", 0x1f93),
                                  one6 = v6("::1", 0x1f94), by_any = v4("127.0.0.1", 0x1f94),
                                  connected = v4("127.0.0.1", 0x1f92);

    (void)state;
    write_tables();
    hold(10, 1, "exact", "111");
    hold(11, 1, "any", "222");
    hold(12, 1, "both", "444");
    hold(13, 1, "one6", "555");
    hold(14, 1, "connected", "333");
    assert_found(&exact, 10); /* not the wildcard of the same port */
    assert_found(&any, 11);
    assert_found(&both, 12); /* "::" takes IPv4, too */
    assert_found(&any6, 12);
    assert_found(&one6, 13);
    assert_not_found(&by_any, -ENOENT, "nothing listens there");
    assert_not_found(&connected, -ENOENT, "nothing listens there");
}

static void finds_listeners_of_unix_sockets(void **state)
{
    const struct sockaddr_storage there = local("/run/engine.sock"), gone = local("/run/engine");
    struct sockaddr_storage abstract = local(" abstract");

    (void)state;
    ((struct sockaddr_un *)&abstract)->sun_path[0] = '\0';
    write_tables();
    hold(20, 1, "engine", "666");
    assert_found(&there, 20);
    assert_not_found(&gone, -ENOENT, "nothing listens on /run/engine here");
    assert_not_found(&abstract, -ENOENT, "the kernel's"); /* "@abstract": nobody holds it */
}

static void names_the_one_that_started_the_others(void **state)
{
    const struct sockaddr_storage a = v4("127.0.0.1", 0x1f91);

    (void)state;
    write_tables();
    hold(1, 0, "systemd", "222");
    hold(30, 1, "server", "222");
    hold(25, 30, "worker", "222");
    hold(26, 25, "worker", "222");
    assert_found(&a, 30);
}

static void says_why_there_is_none(void **state)
{
    const struct sockaddr_storage here = v4("127.0.0.1", 0x1f91), other = v4("192.0.2.7", 0x1f91);
    const struct sockaddr_storage odd = {.ss_family = AF_PACKET};

    (void)state;
    write_file("/proc/1/stat", "1 (init) S 0");
    assert_not_found(&here, -ENOENT, "/proc/net/tcp: No such file");
    write_tables();
    assert_not_found(&here, -ENOENT, "no process here holds the socket");
    assert_not_found(&other, -ENOENT, "not on this host");
    assert_not_found(&odd, -EAFNOSUPPORT, "neither");
    hold(40, 1, "docker-proxy", "222");
    assert_not_found(&here, -ENOENT, "docker-proxy listens for a container");
}

static void another_users_process_is_not_permitted(void **state)
{
    const struct sockaddr_storage theirs = v4("127.0.0.1", 0x1f90);
    char path[64];

    (void)state;
    if (geteuid() == 0 && seteuid(65534) < 0)
        skip();
    (void)seteuid(0);
    write_tables();
    hold(50, 1, "theirs", "111");
    (void)snprintf(path, sizeof path, "%s/proc/50/fd", root);
    assert_int_equal(chmod(path, 0), 0);
    (void)snprintf(path, sizeof path, "%s", root);
    assert_int_equal(chmod(path, 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    assert_not_found(&theirs, -EACCES, "owned by another user (uid 1000): not permitted");
    if (geteuid() != getuid())
        assert_int_equal(seteuid(getuid()), 0);
    (void)snprintf(path, sizeof path, "%s/proc/50/fd", root);
    assert_int_equal(chmod(path, 0700), 0);
}

static void finds_this_very_process(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof in;
    char why[160] = "";
    pid_t found = 0;

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    assert_int_equal(listen(fd, 1), 0);
    if (probe_listener_pid(&found, "", (struct sockaddr *)&in, why, sizeof why) < 0)
        fail_msg("not found: %s", why);
    assert_int_equal(found, getpid());
}

#define ROOT_TEST(f) cmocka_unit_test_setup_teardown(f, new_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOT_TEST(finds_internet_listeners),
        ROOT_TEST(finds_listeners_of_unix_sockets),
        ROOT_TEST(names_the_one_that_started_the_others),
        ROOT_TEST(says_why_there_is_none),
        ROOT_TEST(another_users_process_is_not_permitted),
        cmocka_unit_test(finds_this_very_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
