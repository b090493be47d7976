/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_child.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20 };

/* What a shell would give it: no ignored or blocked signals, no make above it. */
static void reset_environment(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)unsetenv("MAKEFLAGS");
    (void)unsetenv("MAKELEVEL");
}

static bool set_files(int out)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

    return in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
           dup2(out, STDERR_FILENO) >= 0 && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* In the child. A parent that died before prctl() took effect is noticed by its changed id. */
static void become(const struct child_options *o, pid_t parent, int report)
{
    int e;

    if (o->own_group)
        (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && set_files(o->out) &&
        (!o->cpus || sched_setaffinity(0, sizeof *o->cpus, o->cpus) == 0)) {
        reset_environment();
        (void)execvp(o->args[0], (char *const *)(uintptr_t)o->args);
    }
    e = errno;
    (void)!write(report, &e, sizeof e);
    _exit(127);
}

/* The pipe closes at a successful exec; otherwise it carries the child's errno. */
static int exec_result(pid_t pid, int report, const char *program, struct err *err)
{
    int e = 0;
    ssize_t n;

    do
        n = read(report, &e, sizeof e);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof e)
        return 0;
    (void)waitpid(pid, NULL, 0);
    return err_set(err, -e, "cannot run %s: %s", program, strerror(e));
}

int child_start(pid_t *ret, const struct child_options *o, struct err *err)
{
    const pid_t parent = getpid();
    AUTO(fd_close) int from = -1;
    int pipe_fds[2], r;
    pid_t pid;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "pipe: %s", strerror(errno));
    from = pipe_fds[0];
    pid = fork();
    if (pid == 0)
        become(o, parent, pipe_fds[1]);
    r = pid < 0 ? err_set(err, -errno, "fork: %s", strerror(errno)) : 0;
    (void)close(pipe_fds[1]);
    if (r == 0)
        r = exec_result(pid, from, o->args[0], err);
    if (r == 0)
        *ret = pid;
    return r;
}

static bool gone(pid_t pid, int *status, int options)
{
    pid_t r;

    do
        r = waitpid(pid, status, options);
    while (r < 0 && errno == EINTR);
    return r != 0; /* an error, too, means that there is nobody to wait for */
}

void child_stop(pid_t pid, int *status, int64_t grace_ns)
{
    const int64_t end_ns = clock_mono_ns() + grace_ns;
    const struct timespec step = {.tv_nsec = 10 * NS_PER_MS};

    (void)kill(pid, SIGTERM);
    while (clock_mono_ns() < end_ns) {
        if (gone(pid, status, WNOHANG))
            return;
        (void)nanosleep(&step, NULL);
    }
    (void)kill(pid, SIGKILL);
    (void)gone(pid, status, 0);
}

static int wait_success(pid_t pid, const char *program, struct err *err)
{
    int status = 0;

    (void)gone(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(err, -EIO, "%s failed (%s %d)", program,
                   WIFSIGNALED(status) ? "signal" : "exit code",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int child_run(const char *const *args, struct err *err)
{
    const struct child_options o = {.args = args, .out = STDERR_FILENO};
    pid_t pid;
    int r = child_start(&pid, &o, err);

    return r < 0 ? r : wait_success(pid, args[0], err);
}

static int read_output(struct str *text, int fd)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof buf)) != 0) {
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0 && text->len < OUTPUT_MAX)
            str_addn(text, buf, (size_t)n);
    }
    return 0;
}

int child_read(char **ret, const char *const *args, struct err *err)
{
    AUTO(str_release) struct str text = {0};
    AUTO(fd_close) int from = -1;
    AUTO(free) char *out = NULL;
    int fds[2], r;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "pipe: %s", strerror(errno));
    from = fds[0];
    r = child_start(&pid, &(struct child_options){.args = args, .out = fds[1]}, err);
    (void)close(fds[1]);
    if (r < 0)
        return r;
    (void)read_output(&text, from);
    r = wait_success(pid, args[0], err);
    out = str_take(&text);
    if (r == 0 && !out)
        r = err_set(err, -ENOMEM, "%s: out of memory", args[0]);
    if (r == 0)
        *ret = TAKE(out);
    return r;
}
