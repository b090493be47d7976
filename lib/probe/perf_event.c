/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/perf_event.c - perf_event_open(2), its ring, its records. */
#include "probe/perf_event.h"
#include "base/fs.h"
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_PAGES = 2, RECORD_MAX = 8192 };
/* A sample's record is 16 bytes; a quarter of the ring is left to maps and lateness. */
#define RING_SAMPLES(page) (RING_PAGES * (page) / 16 * 3 / 4)

static int open_event(const struct perf_way *way, pid_t tid)
{
    struct perf_event_attr a = {
        .size = sizeof a,
        .type = way->source == PERF_CYCLES ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
        .config = way->source == PERF_CYCLES ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK,
        .sample_freq = (uint64_t)lround(way->hz),
        .freq = 1,
        .sample_type = PERF_SAMPLE_IP,
        .exclude_kernel = !way->kernel,
        .exclude_hv = 1,
        .mmap = 1,
        .mmap2 = 1,
    };
    long fd = syscall(SYS_perf_event_open, &a, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

    return fd < 0 ? -errno : (int)fd;
}

int perf_way_find(struct perf_way *ret, pid_t tid, double hz)
{
    static const struct perf_way ways[] = {{PERF_CYCLES, true, 0},
                                           {PERF_CYCLES, false, 0},
                                           {PERF_CPU_CLOCK, true, 0},
                                           {PERF_CPU_CLOCK, false, 0}};
    int r = -ENOSYS;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct perf_way way = ways[i];

        way.hz = hz;
        r = open_event(&way, tid);
        if (r >= 0) {
            fd_close(r);
            *ret = way;
            return 0;
        }
    }
    return r;
}

int perf_event_start(struct perf_event *ret, const struct perf_way *way, pid_t tid)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    AUTO(fd_close) int fd = open_event(way, tid);
    void *ring;

    if (fd < 0)
        return fd;
    ring = mmap(NULL, (1 + RING_PAGES) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED)
        return errno == EPERM ? -ENOBUFS : -errno; /* the user's locked memory is used up */
    ret->ring = ring;
    ret->fd = fd;
    fd = -1;
    return 0;
}

int64_t perf_drain_ns(double hz)
{
    return (int64_t)((double)RING_SAMPLES(sysconf(_SC_PAGESIZE)) / hz * 1e9);
}

void perf_event_stop(struct perf_event *e)
{
    if (!e->ring)
        return;
    (void)munmap(e->ring, (1 + RING_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
    fd_close(e->fd);
    *e = (struct perf_event){.fd = -1};
}

/* @n bytes at @at, which may lie across the ring's end. */
static void copy_out(void *to, const unsigned char *data, uint64_t size, uint64_t at, size_t n)
{
    const size_t from = (size_t)(at & (size - 1)), first = n < size - from ? n : size - from;

    memcpy(to, data + from, first);
    memcpy((unsigned char *)to + first, data, n - first);
}

struct map_record { /* PERF_RECORD_MMAP2 after its header; the path follows */
    uint32_t pid, tid;
    uint64_t start, len, offset;
    uint32_t major, minor;
    uint64_t inode, generation;
    uint32_t prot, flags;
};

static void tell_map(const struct perf_visitor *v, const unsigned char *body, size_t n)
{
    struct map_record m;

    if (n <= sizeof m || body[n - 1] != '\0')
        return;
    memcpy(&m, body, sizeof m);
    v->map(v->ctx, &(struct perf_map){m.start, m.len, m.offset, m.major, m.minor, m.inode,
                                      (const char *)body + sizeof m});
}

static void tell(const struct perf_visitor *v, const struct perf_event_header *h,
                 const unsigned char *body, size_t n)
{
    const int mode = h->misc & PERF_RECORD_MISC_CPUMODE_MASK;
    uint64_t word[2] = {0};

    memcpy(word, body, n < sizeof word ? n : sizeof word);
    if (h->type == PERF_RECORD_SAMPLE && n >= sizeof word[0] && v->sample)
        v->sample(v->ctx, word[0], mode == PERF_RECORD_MISC_USER);
    if (h->type == PERF_RECORD_LOST && n >= sizeof word && v->lost)
        v->lost(v->ctx, word[1]);
    if (h->type == PERF_RECORD_MMAP2 && v->map)
        tell_map(v, body, n);
}

void perf_records(const unsigned char *data, uint64_t size, uint64_t tail, uint64_t head,
                  const struct perf_visitor *v)
{
    unsigned char body[RECORD_MAX];
    struct perf_event_header h;

    for (; head - tail >= sizeof h; tail += h.size) {
        copy_out(&h, data, size, tail, sizeof h);
        if (h.size < sizeof h || h.size > head - tail)
            return;
        if (h.size - sizeof h > sizeof body)
            continue;
        copy_out(body, data, size, tail + sizeof h, h.size - sizeof h);
        tell(v, &h, body, h.size - sizeof h);
    }
}

void perf_event_drain(struct perf_event *e, const struct perf_visitor *v)
{
    struct perf_event_mmap_page *page = e->ring;
    const uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);

    if (head == page->data_tail)
        return;
    perf_records((const unsigned char *)page + page->data_offset, page->data_size, page->data_tail,
                 head, v);
    __atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
}

void perf_remedy(char *buf, size_t size, int code)
{
    char paranoid[16];

    if (fs_read_line(paranoid, sizeof paranoid, "/proc/sys/kernel/perf_event_paranoid") < 0)
        (void)snprintf(paranoid, sizeof paranoid, "unknown");
    if (code == -EACCES || code == -EPERM)
        (void)snprintf(buf, size,
                       "perf_event_open: %s (kernel.perf_event_paranoid: %s). Give asrun "
                       "CAP_PERFMON, or run it as the engine's user where that is at most 2; in a "
                       "container also allow the call by seccomp",
                       strerror(-code), paranoid);
    else if (code == -ENOBUFS)
        (void)snprintf(buf, size,
                       "no locked memory left for its ring: raise "
                       "kernel.perf_event_mlock_kb or RLIMIT_MEMLOCK");
    else if (code == -EMFILE)
        (void)snprintf(buf, size, "no descriptor left: raise RLIMIT_NOFILE");
    else if (code == -E2BIG)
        (void)snprintf(buf, size, "no more are followed");
    else
        (void)snprintf(buf, size, "perf_event_open: %s%s", strerror(-code),
                       code == -EINVAL ? ": is the rate over kernel.perf_event_max_sample_rate?"
                                       : "");
}
