/* SPDX-License-Identifier: Apache-2.0 */
/* A child that spins in a function of ours, and what the probe makes of it. */
#include "base/clock.h"
#include "probe/perf.h"
#include "probe/perf_event.h"
#include "sink.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 512 };

struct told {
    struct seen facts;
    struct {
        char phase[32], library[128], build_id[129], function[256];
        uint64_t samples;
    } rows[ROWS];
    size_t count;
};

static int told_dispatch(void *ctx, const struct dispatch_row *row)
{
    struct told *t = ctx;

    assert_true(t->count < ROWS);
    assert_true(row->samples > 0);
    assert_int_equal(row->time_ns, TIME_NONE);
    (void)snprintf(t->rows[t->count].phase, 32, "%s", row->phase);
    (void)snprintf(t->rows[t->count].library, 128, "%s", row->library);
    (void)snprintf(t->rows[t->count].build_id, 129, "%s", row->build_id);
    (void)snprintf(t->rows[t->count].function, 256, "%s", row->function);
    t->rows[t->count++].samples = row->samples;
    return 0;
}

static uint64_t samples_of(const struct told *t, const char *phase, const char *function)
{
    uint64_t n = 0;

    for (size_t i = 0; i < t->count; i++)
        if ((!phase || strcmp(t->rows[i].phase, phase) == 0) &&
            (!function || strcmp(t->rows[i].function, function) == 0))
            n += t->rows[i].samples;
    return n;
}

/* Named in the symbol table, and in no other function. */
__attribute__((noinline, used, no_sanitize("thread"))) static void spin_in_the_first(void)
{
    for (volatile uint64_t i = 0;; i++)
        ;
}

__attribute__((noinline, used, no_sanitize("thread"))) static void *spin_in_the_second(void *ctx)
{
    for (volatile uint64_t i = 0;; i++)
        ;
    return ctx;
}

/* A child that dies with its parent, and of itself after 30 s of CPU. */
static pid_t child(bool with_thread)
{
    static const struct itimerval limit = {.it_value.tv_sec = 30};
    pid_t pid = fork();
    pthread_t thread;

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
    if (with_thread) {
        (void)usleep(300000);
        (void)pthread_create(&thread, NULL, spin_in_the_second, NULL);
        for (;;)
            (void)pause();
    }
    spin_in_the_first();
    _exit(1);
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void need_perf(void)
{
    struct perf_way way;
    char why[240];
    int r = perf_way_find(&way, getpid(), 99);

    if (r == 0)
        return;
    perf_remedy(why, sizeof why, r);
    printf("SKIPPED, NO SAMPLING HERE: %s\n", why);
    exit(77);
}

static int64_t cpu_ns(pid_t pid)
{
    struct timespec t = {0};
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &t), 0);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Samples until @pid has computed for @cpu more. */
static void watch(struct probe *p, pid_t pid, int64_t cpu)
{
    static const struct timespec step = {.tv_nsec = 20 * NS_PER_MS};
    const int64_t until = cpu_ns(pid) + cpu;

    while (cpu_ns(pid) < until) {
        (void)nanosleep(&step, NULL);
        assert_int_equal(probe_perf.sample(p, clock_mono_ns()), 0);
    }
}

static struct probe *opened(struct told *t, const struct probe_setup *s, struct probe_out *out)
{
    struct probe *p = NULL;
    struct err err = {0};

    t->facts.left = -1;
    *out = (struct probe_out){.facts = {seen_put, &t->facts}, .dispatch = told_dispatch, .ctx = t};
    if (probe_perf.open(&p, s, out, &err) < 0)
        fail_msg("%s", err.text);
    return p;
}

/* What the probe should say; a sanitizer's own threads are among them. */
static void name_threads(char ret[64], pid_t pid, int least)
{
    int count = -2; /* . and .. */
    char path[64];
    DIR *tasks;

    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    tasks = opendir(path);
    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    (void)closedir(tasks);
    assert_true(count >= least);
    (void)snprintf(ret, 64, "engine.dispatch.threads=%d ", count);
}

static void finds_the_function_and_its_phase(void **state)
{
    static struct told t;
    const pid_t pid = child(false);
    const struct probe_setup s = {.root = "", .engine_pid = pid, .dispatch_hz = 499};
    struct probe_out out;
    struct probe *p = opened(&t, &s, &out);
    char threads[64];

    (void)state;
    assert_non_null(p);
    watch(p, pid, 60 * NS_PER_MS);
    probe_perf.phase(p, "trial 1", clock_mono_ns());
    watch(p, pid, 200 * NS_PER_MS);
    name_threads(threads, pid, 1);
    end(pid);
    assert_int_equal(probe_perf.finish(p), 0);
    probe_perf.close(p);
    assert_true(samples_of(&t, "start", "spin_in_the_first") > 10);
    assert_true(samples_of(&t, "trial 1", "spin_in_the_first") > 50);
    assert_true(samples_of(&t, NULL, "spin_in_the_first") * 10 > samples_of(&t, NULL, NULL) * 9);
    for (size_t i = 0; i < t.count; i++)
        if (strcmp(t.rows[i].function, "spin_in_the_first") == 0) {
            assert_string_equal(t.rows[i].library, "test_unit_probe_perf");
            assert_true(strlen(t.rows[i].build_id) >= 16);
        }
    assert_seen(&t.facts, "engine.dispatch.top=test_unit_probe_perf spin_in_the_first ");
    assert_seen(&t.facts, "engine.dispatch.event=c");
    assert_seen(&t.facts, "engine.dispatch.lost=0 ");
    assert_seen(&t.facts, threads);
    assert_seen(&t.facts, "engine.dispatch.overhead=0.");
    assert_seen(&t.facts, "engine.dispatch.unsymbolised_share=0");
    assert_seen(&t.facts, "engine.dispatch.coverage=");
}

/* A child that spins, and listens at *@port. */
static pid_t listening_child(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (bind(s, (struct sockaddr *)&at, len) == 0 && listen(s, 1) == 0 &&
            getsockname(s, (struct sockaddr *)&at, &len) == 0)
            (void)!write(fds[1], &at.sin_port, sizeof at.sin_port);
        spin_in_the_second(NULL);
    }
    assert_int_equal(read(fds[0], port, sizeof *port), sizeof *port);
    *port = ntohs(*port);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return pid;
}

static void follows_an_engine_that_restarts(void **state)
{
    static struct told t;
    struct url target = {.host = "127.0.0.1"};
    pid_t pid = child(false);
    const struct probe_setup s = {
        .root = "", .engine_pid = pid, .target = &target, .dispatch_hz = 499};
    struct probe_out out;
    struct probe *p = opened(&t, &s, &out);

    (void)state;
    assert_non_null(p);
    watch(p, pid, 60 * NS_PER_MS);
    end(pid);
    assert_int_equal(probe_perf.sample(p, clock_mono_ns() + 10 * NS_PER_S), 0); /* nobody */
    pid = listening_child(&target.port);
    assert_int_equal(probe_perf.sample(p, clock_mono_ns() + 20 * NS_PER_S), 0);
    watch(p, pid, 100 * NS_PER_MS);
    end(pid);
    assert_int_equal(probe_perf.finish(p), 0);
    probe_perf.close(p);
    assert_true(samples_of(&t, NULL, "spin_in_the_first") > 10);
    assert_true(samples_of(&t, NULL, "spin_in_the_second") > 10);
}

static void finds_a_thread_that_comes_later(void **state)
{
    static struct told t;
    const pid_t pid = child(true);
    const struct probe_setup s = {.root = "", .engine_pid = pid, .dispatch_hz = 499};
    struct probe_out out;
    struct probe *p = opened(&t, &s, &out);
    char threads[64];

    (void)state;
    assert_non_null(p);
    watch(p, pid, 200 * NS_PER_MS);
    name_threads(threads, pid, 2);
    end(pid);
    assert_int_equal(probe_perf.finish(p), 0);
    probe_perf.close(p);
    assert_true(samples_of(&t, "start", "spin_in_the_second") > 30);
    assert_seen(&t.facts, threads);
}

static void says_why_it_can_not(void **state)
{
    static const struct probe_setup off = {.root = "", .engine_pid = 1},
                                    nobody = {.root = "",
                                              .dispatch_hz = 99,
                                              .engine_why = "the target is another host"},
                                    gone = {.root = "", .dispatch_hz = 99, .engine_pid = 1 << 30};
    static struct told t;
    struct probe_out out;

    (void)state;
    assert_null(opened(&t, &off, &out));
    assert_seen(&t.facts, "engine.dispatch.samples=? [5] probe.dispatch is 0\n");
    assert_null(opened(&t, &nobody, &out));
    assert_seen(&t.facts, "engine.dispatch.samples=? [5] the target is another host\n");
    assert_null(opened(&t, &gone, &out));
    assert_seen(&t.facts, "engine.dispatch.samples=? [5] perf_event_open: No such process");
}

/* Another user's engine: the kernel refuses, and that is a fact. */
static void goes_on_without_permission(void **state)
{
    static struct told t;
    const pid_t engine = child(false);
    const struct probe_setup s = {.root = "", .engine_pid = engine, .dispatch_hz = 99};
    struct probe_out out;
    int status = 0;
    pid_t pid;

    (void)state;
    if (geteuid() != 0) {
        end(engine);
        print_message("not root: nobody's permission can be taken away\n");
        skip();
    }
    pid = fork();
    if (pid == 0) {
        bool refused = setgid(65534) == 0 && setuid(65534) == 0 && !opened(&t, &s, &out) &&
                       strstr(t.facts.text, "engine.dispatch.samples=? [5] perf_event_open: ") &&
                       strstr(t.facts.text, "CAP_PERFMON");

        (void)fprintf(stderr, "%s", t.facts.text);
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    end(engine);
    assert_int_equal(status, 0);
}

static void knows_a_remedy(void **state)
{
    static const int codes[] = {-EACCES, -EPERM, -ENOBUFS, -EMFILE};
    static const char *const words[] = {"CAP_PERFMON", "seccomp", "perf_event_mlock_kb",
                                        "RLIMIT_NOFILE"};
    char text[240];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        perf_remedy(text, sizeof text, codes[i]);
        assert_non_null(strstr(text, words[i]));
        assert_true(strlen(text) < sizeof text - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_it_can_not),
        cmocka_unit_test(goes_on_without_permission),
        cmocka_unit_test(knows_a_remedy),
        cmocka_unit_test(finds_the_function_and_its_phase),
        cmocka_unit_test(follows_an_engine_that_restarts),
        cmocka_unit_test(finds_a_thread_that_comes_later),
    };

    need_perf();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
