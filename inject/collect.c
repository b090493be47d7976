/* SPDX-License-Identifier: Apache-2.0 */
#include "collect.h"
#include "record/kernels.h"
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 1024, PERIOD_S = 1 };

static struct {
    pthread_mutex_t lock; /* of the table */
    pthread_mutex_t writing;
    struct kernels *table;
    void (*flush)(bool last);
    char path[PATH_ROOM], beside[PATH_ROOM + 8];
    pid_t pid;
    bool stopped; /* under @writing */
} c = {.lock = PTHREAD_MUTEX_INITIALIZER, .writing = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A child of the process has no thread of ours, and must not write over its parent's text. */
static bool ours(void)
{
    return c.flush && getpid() == c.pid;
}

void collect_kernel(const char *name, uint64_t blocks, int64_t time_ns, bool of_graph)
{
    if (!c.table)
        return;
    (void)pthread_mutex_lock(&c.lock);
    kernels_add(c.table, name, blocks, time_ns, of_graph);
    (void)pthread_mutex_unlock(&c.lock);
}

void collect_graphs_counted(void)
{
    if (!c.table)
        return;
    (void)pthread_mutex_lock(&c.lock);
    c.table->graphs_counted = true;
    (void)pthread_mutex_unlock(&c.lock);
}

void collect_graph_launch(void)
{
    if (!c.table)
        return;
    (void)pthread_mutex_lock(&c.lock);
    c.table->graph_launches++;
    (void)pthread_mutex_unlock(&c.lock);
}

void collect_dropped(uint64_t records)
{
    if (!c.table)
        return;
    (void)pthread_mutex_lock(&c.lock);
    c.table->dropped += records;
    (void)pthread_mutex_unlock(&c.lock);
}

void collect_error(const char *words)
{
    if (!c.table)
        return;
    (void)pthread_mutex_lock(&c.lock);
    (void)snprintf(c.table->error, sizeof c.table->error, "%s", words);
    for (char *p = c.table->error; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    (void)pthread_mutex_unlock(&c.lock);
}

static int loaded(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    if (info->dlpi_name && info->dlpi_name[0])
        kernels_library(ctx, info->dlpi_name);
    return 0;
}

/* The libraries are asked for outside of our lock: the loader has one of its own, and may be in it
 * on its way to us. */
static void note_libraries(void)
{
    static struct kernel_libraries seen; /* under c.writing */

    (void)dl_iterate_phdr(loaded, &seen);
    (void)pthread_mutex_lock(&c.lock);
    c.table->libraries = seen;
    (void)pthread_mutex_unlock(&c.lock);
}

static int put(void *ctx, const char *text, size_t n)
{
    return fwrite(text, 1, n, ctx) == n ? 0 : -EIO;
}

static void write_text(void)
{
    int fd = open(c.beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    bool good;

    if (!f) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    (void)pthread_mutex_lock(&c.lock);
    c.table->time_ns = now_ns();
    good = kernels_write(c.table, put, f) == 0;
    (void)pthread_mutex_unlock(&c.lock);
    if (fclose(f) != 0 || !good || rename(c.beside, c.path) < 0)
        (void)unlink(c.beside);
}

/* False: the last one was left. */
static bool leave_text(bool last)
{
    bool more;

    (void)pthread_mutex_lock(&c.writing);
    if (!c.stopped) {
        c.flush(last);
        note_libraries();
        write_text();
        c.stopped = last;
    }
    more = !c.stopped;
    (void)pthread_mutex_unlock(&c.writing);
    return more;
}

void collect_stop(void)
{
    if (ours())
        (void)leave_text(true);
}

static void *writer(void *nothing)
{
    (void)nothing;
    while (ours() && leave_text(false))
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_sec = PERIOD_S}, NULL);
    return NULL;
}

/* The process's signals are not for our thread. */
static bool start_writer(void)
{
    sigset_t all, before;
    pthread_t thread;
    int r;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread, NULL, writer, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        (void)pthread_detach(thread);
    return r == 0;
}

bool collect_open(const char *folder)
{
    struct stat st;
    int n;

    if (c.table || stat(folder, &st) < 0 || !S_ISDIR(st.st_mode))
        return false;
    c.pid = getpid();
    n = snprintf(c.path, sizeof c.path, "%s/%d-%" PRId64 ".kernels", folder, (int)c.pid, now_ns());
    if (n < 0 || (size_t)n >= sizeof c.path)
        return false;
    (void)snprintf(c.beside, sizeof c.beside, "%s.new", c.path);
    c.table = calloc(1, sizeof *c.table);
    if (c.table)
        c.table->pid = c.pid;
    return c.table != NULL;
}

bool collect_start(void (*flush)(bool last))
{
    if (!c.table || c.flush)
        return false;
    c.flush = flush;
    (void)atexit(collect_stop);
    return start_writer();
}
