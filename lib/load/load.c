/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load.h"
#include "base/fs.h"
#include "load/engine.h"
#include "load/loop_epoll.h"
#include "load/worker.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

enum { SPARE_DESCRIPTORS = 32 }; /* for whatever the rest of the program opens meanwhile */

static int check(const struct load_config *c, struct err *err)
{
    if (c->threads < 1)
        return err_set(err, -EINVAL, "load: at least one I/O thread is needed");
    if (c->first + c->count > c->schedule->count)
        return err_set(err, -EINVAL, "load: the trial's items are not all in the schedule");
    if (c->concurrency < 0 || c->max_in_flight < 0)
        return err_set(err, -EINVAL, "load: concurrency and max_in_flight cannot be negative");
    if (c->render.max_bytes == 0 || c->target.address_len == 0)
        return err_set(err, -EINVAL, "load: no request size or no target address");
    return 0;
}

/* How many may be in flight at once: more than there are items never are. */
static int32_t cap_of(const struct load_config *c)
{
    int64_t items = i64_min(i64_max((int64_t)c->count, 1), INT32_MAX);
    int64_t limit = c->concurrency > 0     ? c->concurrency
                    : c->max_in_flight > 0 ? c->max_in_flight
                                           : items;

    return (int32_t)i64_min(limit, items);
}

static size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    if (!d)
        return 64;
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n;
}

/* Raises the soft limit where the hard one allows it. */
static int want_descriptors(size_t need, struct err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_set(err, -errno, "RLIMIT_NOFILE: %s", strerror(errno));
    if (limit.rlim_cur >= need)
        return 0;
    if (limit.rlim_max < need)
        return err_set(err, -EMFILE,
                       "load: %zu file descriptors are needed for so many connections, the hard "
                       "limit is %llu: lower max_in_flight or concurrency, or raise it with "
                       "ulimit -Hn %zu",
                       need, (unsigned long long)limit.rlim_max, need);
    limit.rlim_cur = need;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_set(err, -errno, "RLIMIT_NOFILE %zu: %s", need, strerror(errno));
    return 0;
}

/* The kernel grows a threaded process's descriptor table behind synchronize_rcu(): 10 ms and more,
 * in the middle of a connect(). Grown once before the start, it never shrinks. */
static void grow_descriptor_table(int fd, size_t need)
{
    fd_close(fcntl(fd, F_DUPFD_CLOEXEC, (int)i64_min((int64_t)need - 1, INT32_MAX)));
}

int load_run(struct load_report *ret, const struct load_config *config,
             struct load_control *control, struct err *err)
{
    AUTO(fd_close) int keeper = -1;
    AUTO(crew_free) struct crew *crew = NULL;
    int32_t cap, threads;
    size_t need;
    int r = check(config, err);

    if (r < 0)
        return r;
    cap = cap_of(config);
    threads = (int32_t)i64_min(config->threads, cap); /* one without a slot would only wait */
    need = open_descriptors() + (size_t)cap + (size_t)threads * (ENGINE_WATCHED + 1) +
           SPARE_DESCRIPTORS;
    r = want_descriptors(need, err);
    if (r < 0)
        return r;
    keeper = loop_epoll_keeper(); /* without it the first reads may carry no stamp: counted */
    if (keeper >= 0)
        grow_descriptor_table(keeper, need);
    r = crew_new(&crew, config, threads, cap, err);
    return r < 0 ? r : crew_run(ret, crew, control, err);
}
