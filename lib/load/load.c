/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load.h"
#include "base/fs.h"
#include "load/limits.h"
#include "load/loop_epoll.h"
#include "load/engine.h"
#include "load/tls.h"
#include "load/worker.h"
#include <fcntl.h>

static int check(const struct load_config *c, struct err *err)
{
    if (c->threads < 1)
        return err_set(err, -EINVAL, "load: at least one I/O thread is needed");
    if (c->first + c->count > c->schedule->count)
        return err_set(err, -EINVAL, "load: the trial's items are not all in the schedule");
    if (c->concurrency < 0 || c->max_in_flight < 0)
        return err_set(err, -EINVAL, "load: concurrency and max_in_flight cannot be negative");
    if (c->h2_connections > 0 && c->h2_connections < c->threads)
        return err_set(err, -EINVAL, "load: HTTP/2 needs at least one connection a thread");
    if (c->render.max_bytes == 0 || c->target.address_len == 0)
        return err_set(err, -EINVAL, "load: no request size or no target address");
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
    struct load_limits limits;
    int32_t cap, threads;
    int r = check(config, err);

    if (r == 0)
        r = load_limits(&limits, config, err);
    if (r < 0)
        return r;
    cap = load_cap(config);
    threads = (int32_t)i64_min(config->threads, cap); /* one without a slot would only wait */
    keeper = loop_epoll_keeper(); /* without it the first reads may carry no stamp: counted */
    if (keeper >= 0)
        grow_descriptor_table(keeper, limits.descriptors);
    if (config->target.tls && tls_pools(threads, (size_t)(cap / threads) + ENGINE_WATCHED) < 0)
        return err_set(err, -ENOMEM, "load: out of memory for TLS");
    r = crew_new(&crew, config, threads, cap, err);
    return r < 0 ? r : crew_run(ret, crew, control, err);
}
