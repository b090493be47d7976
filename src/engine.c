/* SPDX-License-Identifier: Apache-2.0 */
/* src/engine.c - the process: a free port, a child that cannot outlive us, health, a clean end. */
#include "engine.h"
#include "base/clock.h"
#include "base/fs.h"
#include "engine_child.h"
#include "engine_proc.h"
#include "probe/probe.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT_TRIES = 3, LOG_TAIL = 1500 };

static void sleep_ms(int ms)
{
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

/* The port can be taken by another program before the engine binds it; engine_start() tries
 * again then. */
static int free_port(uint16_t *ret, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof at;

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0)
        return err_set(err, -errno, "no free port on 127.0.0.1: %s", strerror(errno));
    *ret = ntohs(at.sin_port);
    return 0;
}

/* An option that the server's own --help does not list is left out: releases differ. */
static void add_if_known(struct engine_proc *e, size_t *n, const char *help, const char *option,
                         const char *value)
{
    if (!strstr(help, option))
        return;
    assert(*n + 3 < ENGINE_ARGS_MAX);
    e->args[(*n)++] = option;
    if (value)
        e->args[(*n)++] = value;
}

static void set_args(struct engine_proc *e, const char *help)
{
    const char *const needed[] = {
        e->files.server, "-m",        e->files.model, "--alias", e->files.alias,
        "--host",        "127.0.0.1", "--port",       e->port,   "-np",
        e->slots,        "-c",        e->context,     "-t",      "1",
        "-tb",           "1",
    };
    size_t n = 0;

    for (; n < COUNT_OF(needed); n++)
        e->args[n] = needed[n];
    add_if_known(e, &n, help, "--cache-ram", "0");
    add_if_known(e, &n, help, "--metrics", NULL);
    add_if_known(e, &n, help, "--slots", NULL);
    add_if_known(e, &n, help, "--no-ui", NULL);
    add_if_known(e, &n, help, "--offline", NULL);
    e->args[n] = NULL;
}

static int spawn(struct engine_proc *e, struct err *err)
{
    AUTO(fd_close) int log = open(e->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const struct child_options o = {
        .args = e->args, .out = log, .cpus = e->pinned ? &e->cpus.engine : NULL, .own_group = true};

    if (log < 0)
        return err_set(err, -errno, "%s: %s", e->log, strerror(errno));
    return child_start(&e->pid, &o, err);
}

/* The log's last lines, on one line, short enough for a message. */
static void last_words(char *buf, size_t size, const char *path)
{
    AUTO(free) char *text = NULL;
    size_t n, from;

    buf[0] = '\0';
    if (fs_read(&text, &n, path, 64 << 20, NULL) < 0 || n == 0)
        return;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        text[--n] = '\0';
    from = n > size - 1 ? n - (size - 1) : 0;
    (void)snprintf(buf, size, "%s", text + from);
    for (char *c = buf; *c; c++)
        if (*c == '\n')
            *c = '|';
}

static int died(const struct engine_proc *e, struct err *err)
{
    char words[140], how[32];

    last_words(words, sizeof words, e->log);
    if (WIFSIGNALED(e->status))
        (void)snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(e->status));
    else
        (void)snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(e->status));
    return err_set(err, -EIO, "the engine died (%s): ...%s (log: %s)", how, words, e->log);
}

int engine_alive(struct engine_proc *e, struct err *err)
{
    if (e->pid > 0 && waitpid(e->pid, &e->status, WNOHANG) == 0)
        return 1;
    e->pid = 0;
    (void)died(e, err);
    return 0;
}

/* 503 while the model loads. */
static bool healthy(const struct engine_proc *e)
{
    AUTO(free) char *body = NULL;
    char url[96];
    long status = 0;

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%s/health", e->port);
    return probe_http(&body, &status, url, NULL, NULL, NULL, NS_PER_S, NULL) == 0 && status == 200;
}

static int wait_healthy(struct engine_proc *e, int64_t timeout_ns, struct err *err)
{
    const int64_t end_ns = clock_mono_ns() + timeout_ns;

    while (clock_mono_ns() < end_ns) {
        if (!engine_alive(e, err))
            return -EIO;
        if (healthy(e))
            return engine_alive(e, err) ? 0 : -EIO; /* it was ours that answered */
        sleep_ms(20);
    }
    return err_set(err, -ETIMEDOUT, "the engine was not healthy after %.0f s (log: %s)",
                   (double)timeout_ns / 1e9, e->log);
}

static void stop_process(struct engine_proc *e)
{
    if (e->pid > 0)
        child_stop(e->pid, &e->status, 5 * NS_PER_S);
    e->pid = 0;
}

static int start_once(struct engine_proc *e, int64_t timeout_ns, struct err *err)
{
    uint16_t port = 0;
    int r = free_port(&port, err);

    if (r < 0)
        return r;
    (void)snprintf(e->port, sizeof e->port, "%u", port);
    (void)snprintf(e->url, sizeof e->url, "http://127.0.0.1:%u/v1", port);
    r = spawn(e, err);
    return r < 0 ? r : wait_healthy(e, timeout_ns, err);
}

static bool port_was_taken(const struct engine_proc *e)
{
    char words[LOG_TAIL];

    last_words(words, sizeof words, e->log);
    return e->pid == 0 && strstr(words, "couldn't bind");
}

static void set_options(struct engine_proc *e, const struct engine_options *o)
{
    const int slots = o->slots > 0 ? o->slots : 4;

    e->files = *o->files;
    e->pinned = o->cpus != NULL;
    if (o->cpus)
        e->cpus = *o->cpus;
    (void)snprintf(e->slots, sizeof e->slots, "%d", slots);
    (void)snprintf(e->context, sizeof e->context, "%d", o->context > 0 ? o->context : 1024 * slots);
}

int engine_start(struct engine_proc **ret, const struct engine_options *o, struct err *err)
{
    AUTO(engine_stop) struct engine_proc *e = calloc(1, sizeof *e);
    const int64_t timeout_ns = o->timeout_ns > 0 ? o->timeout_ns : 60 * NS_PER_S;
    AUTO(free) char *help = NULL;
    int r;

    if (!e || snprintf(e->log, sizeof e->log, "%s", o->log) >= (int)sizeof e->log)
        return err_set(err, -ENOMEM, "starting the engine: out of memory");
    set_options(e, o);
    r = child_read(&help, (const char *[]){e->files.server, "--help", NULL}, err);
    if (r < 0)
        return r;
    set_args(e, help);
    for (int i = 0; i < PORT_TRIES; i++) {
        r = start_once(e, timeout_ns, err);
        if (r != -EIO || !port_was_taken(e))
            break;
    }
    if (r < 0)
        return r;
    *ret = TAKE(e);
    return 0;
}

const char *engine_url(const struct engine_proc *e)
{
    return e->url;
}

pid_t engine_pid(const struct engine_proc *e)
{
    return e->pid;
}

void engine_stop(struct engine_proc *e)
{
    if (!e)
        return;
    stop_process(e);
    free(e);
}
