/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts are cumulative and about a second old; a phase is told by what grew between the
 * readings at its ends. A text that was there at the beginning counts from there, one that came
 * later from its process's start. One that no process writes any more is left alone.
 */
#include "probe/cupti.h"
#include "base/clock.h"
#include "base/fs.h"
#include "probe/facts.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { TEXT_MAX = 4 << 20, PHASE_NAME = 64, STALE_S = 5 };
#define FRESH_NS (3 * NS_PER_S)

struct probe {
    const char *folder;
    const struct probe_out *out;
    struct cupti_process process[CUPTI_PROCESSES_MAX];
    size_t count, turned_away, unreadable;
    struct kernels *reading, *sum, *run;
    char phase[PHASE_NAME];
    uint32_t rate_id, graph_rate_id, share_id;
    bool opened;
    time_t since_s;
    int failed; /* in phase(), which can't say so */
};

static void cupti_close(struct probe *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        free(p->process[i].now);
        free(p->process[i].before);
    }
    free(p->reading);
    free(p->sum);
    free(p->run);
    free(p);
}

static void close_ptr(struct probe **p)
{
    cupti_close(*p);
}

void cupti_grown(struct kernels *sum, const struct cupti_process *p)
{
    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        struct kernel grown = p->now->rows[i];
        const struct kernel *b = grown.name[0] ? kernels_find(p->before, grown.name) : NULL;

        if (b && (b->launches > grown.launches || b->of_graphs > grown.of_graphs ||
                  b->time_ns > grown.time_ns))
            continue; /* it can't shrink: not the same process's */
        if (b) {
            grown.launches -= b->launches;
            grown.of_graphs -= b->of_graphs;
            grown.time_ns -= b->time_ns;
        }
        if (grown.launches > 0)
            kernels_grow(sum, &grown);
    }
}

/* The one of @file, a new one, or NULL: no room, no memory, or nobody's any more. */
static struct cupti_process *process_of(struct probe *p, const char *file, const struct stat *st)
{
    struct cupti_process *one;

    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->process[i].file, file) == 0)
            return &p->process[i];
    if (st->st_mtim.tv_sec < p->since_s - STALE_S)
        return NULL;
    if (p->count == CUPTI_PROCESSES_MAX) {
        p->turned_away++;
        return NULL;
    }
    one = &p->process[p->count];
    *one = (struct cupti_process){.now = calloc(1, sizeof *one->now),
                                  .before = calloc(1, sizeof *one->before)};
    if (!one->now || !one->before) {
        free(one->now);
        free(one->before);
        p->failed = -ENOMEM;
        return NULL;
    }
    (void)snprintf(one->file, sizeof one->file, "%s", file);
    p->count++;
    return one;
}

static void rate(struct cupti_process *one, const struct kernels *k, uint64_t launches,
                 uint64_t of_graphs)
{
    const double s = (double)(k->time_ns - one->now->time_ns) / 1e9;
    const double n = (double)launches - (double)one->launches;

    one->rated = s > 0 && n >= 0;
    if (!one->rated)
        return;
    one->rate = n / s;
    one->graph_rate = ((double)k->graph_launches - (double)one->graph_launches) / s;
    one->graph_share = n > 0 ? ((double)of_graphs - (double)one->of_graphs) / n : 0;
}

/* @p->reading is a new text of @one. */
static void take(struct probe *p, struct cupti_process *one, int64_t now_ns)
{
    struct kernels *k = p->reading;
    uint64_t launches = 0, of_graphs = 0;

    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        launches += k->rows[i].launches;
        of_graphs += k->rows[i].of_graphs;
    }
    if (one->read_before)
        rate(one, k, launches, of_graphs);
    else if (!p->opened)
        *one->before = *k;
    one->launches = launches;
    one->of_graphs = of_graphs;
    one->graph_launches = k->graph_launches;
    one->changed_ns = now_ns;
    one->read_before = true;
    p->reading = one->now;
    one->now = k;
}

static void read_text(struct probe *p, const char *file, int64_t now_ns)
{
    struct cupti_process *one;
    AUTO(free) char *text = NULL;
    char path[1024];
    struct stat st;
    size_t n;
    const int len = snprintf(path, sizeof path, "%s/%s", p->folder, file);

    if (len < 0 || (size_t)len >= sizeof path || strlen(file) >= sizeof one->file)
        return;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    one = process_of(p, file, &st);
    if (!one)
        return;
    if (fs_read(&text, &n, path, TEXT_MAX, NULL) < 0 || kernels_read(p->reading, text, n, NULL) < 0)
        p->unreadable++;
    else if (!one->read_before || p->reading->time_ns > one->now->time_ns)
        take(p, one, now_ns);
}

static bool is_text(const char *file)
{
    static const char end[] = ".kernels";
    const size_t n = strlen(file);

    return n > sizeof end - 1 && strcmp(file + n - (sizeof end - 1), end) == 0;
}

/* -ENOENT and friends: the folder can't be read. */
static int read_texts(struct probe *p, int64_t now_ns)
{
    DIR *d = opendir(p->folder);
    struct dirent *e;

    if (!d)
        return -errno;
    while ((e = readdir(d)) != NULL)
        if (is_text(e->d_name))
            read_text(p, e->d_name, now_ns);
    (void)closedir(d);
    return 0;
}

static int declare(struct probe *p)
{
    static const char from[] = "CUPTI kernel records by libasrun-cupti";
    const struct series all[] = {
        {"engine.gpu", "kernels.launched", "1/s", from, KNOWN_MEASURED},
        {"engine.gpu", "kernels.of_graphs", "1", from, KNOWN_MEASURED},
        {"engine.gpu", "graphs.launched", "1/s", from, KNOWN_MEASURED},
    };
    uint32_t *const id[] = {&p->rate_id, &p->share_id, &p->graph_rate_id};
    int r = 0;

    for (size_t i = 0; i < COUNT_OF(all) && r >= 0; i++)
        r = p->out->series.declare(p->out->series.ctx, id[i], &all[i]);
    return r;
}

static int cupti_open(struct probe **ret, const struct probe_setup *s, const struct probe_out *out,
                      struct err *err)
{
    __attribute__((cleanup(close_ptr))) struct probe *p = calloc(1, sizeof *p);
    const struct facts f = {&out->facts, "engine.gpu"};
    int r;

    if (!s->cupti || s->cupti[0] == '\0') {
        r = facts_absent(&f, "kernels", "probe.cupti names no folder");
        if (r >= 0)
            *ret = NULL;
        return r;
    }
    if (!p || !(p->reading = calloc(1, sizeof *p->reading)) ||
        !(p->sum = calloc(1, sizeof *p->sum)) || !(p->run = calloc(1, sizeof *p->run)))
        return err_set(err, -ENOMEM, "kernels: out of memory");
    p->folder = s->cupti;
    p->out = out;
    p->since_s = time(NULL);
    r = read_texts(p, clock_mono_ns());
    if (r < 0) {
        r = facts_absent(&f, "kernels", "%s: %s", p->folder, strerror(-r));
        if (r >= 0)
            *ret = NULL;
        return r;
    }
    p->opened = true;
    r = p->failed < 0 ? p->failed : declare(p);
    if (r < 0)
        return err_set(err, r, "kernels: out of memory, or a series was not taken");
    *ret = TAKE(p);
    return 0;
}

static void put_rates(struct probe *p, int64_t now_ns)
{
    const struct series_sink *s = &p->out->series;
    double rate_sum = 0, graphs = 0, of_graphs = 0;
    bool any = false, counted = true;

    for (size_t i = 0; i < p->count; i++) {
        const struct cupti_process *one = &p->process[i];

        if (!one->rated || one->now->error[0] || now_ns - one->changed_ns > FRESH_NS)
            continue;
        any = true;
        counted = counted && one->now->graphs_counted;
        rate_sum += one->rate;
        graphs += one->graph_rate;
        of_graphs += one->graph_share * one->rate;
    }
    if (!any)
        return;
    s->put(s->ctx, p->rate_id, now_ns, rate_sum);
    if (rate_sum > 0)
        s->put(s->ctx, p->share_id, now_ns, of_graphs / rate_sum);
    if (counted)
        s->put(s->ctx, p->graph_rate_id, now_ns, graphs);
}

static int cupti_sample(struct probe *p, int64_t now_ns)
{
    (void)read_texts(p, now_ns); /* a folder that is gone has nothing new to tell */
    put_rates(p, now_ns);
    return p->failed;
}

static int put_rows(const struct probe *p)
{
    int r = 0;

    for (size_t i = 0; i < KERNEL_ROWS && r >= 0; i++) {
        const struct kernel *k = &p->sum->rows[i];
        const struct dispatch_row row = {p->phase, "[gpu]", "", k->name, k->launches, k->time_ns};

        if (k->name[0])
            r = p->out->dispatch(p->out->ctx, &row);
    }
    return r;
}

static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* Rows of what grew since the last phase began, which ends here. */
static int end_phase(struct probe *p)
{
    memset(p->sum, 0, sizeof *p->sum);
    for (size_t i = 0; i < p->count; i++) {
        struct cupti_process *one = &p->process[i];

        if (!one->read_before)
            continue;
        cupti_grown(p->sum, one);
        p->run->dropped += more(one->now->dropped, one->before->dropped);
        p->run->crowded += more(one->now->crowded, one->before->crowded);
        *one->before = *one->now;
    }
    for (size_t i = 0; i < KERNEL_ROWS; i++)
        if (p->sum->rows[i].name[0])
            kernels_grow(p->run, &p->sum->rows[i]);
    p->run->crowded += p->sum->crowded;
    return p->phase[0] ? put_rows(p) : 0;
}

static void cupti_phase(struct probe *p, const char *name, int64_t now_ns)
{
    int r;

    (void)read_texts(p, now_ns);
    r = end_phase(p);
    if (r < 0)
        p->failed = r;
    (void)snprintf(p->phase, sizeof p->phase, "%s", name);
}

/* Of all texts together, for the facts. */
static void add_up(struct probe *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct kernels *k = p->process[i].now;

        if (k->error[0])
            memcpy(p->run->error, k->error, sizeof k->error);
        for (size_t j = 0; j < k->libraries.count; j++)
            kernels_library(&p->run->libraries, k->libraries.file[j]);
    }
}

static int cupti_finish(struct probe *p)
{
    const struct facts f = {&p->out->facts, "engine.gpu"};
    int r;

    (void)read_texts(p, clock_mono_ns());
    r = end_phase(p);
    if (r < 0 || p->failed < 0)
        return r < 0 ? r : p->failed;
    if (p->count == 0)
        return facts_absent(&f, "kernels", "%s: no process left a text there", p->folder);
    add_up(p);
    r = facts_i64(&f, KNOWN_MEASURED, "processes", (int64_t)p->count, "",
                  "texts of libasrun-cupti");
    if (r >= 0 && p->turned_away + p->unreadable > 0)
        r = facts_i64(&f, KNOWN_MEASURED, "processes.unread",
                      (int64_t)(p->turned_away + p->unreadable), "",
                      "readings without room, or of no text of ours");
    return r >= 0 ? cupti_facts(p->run, p->out) : r;
}

const struct probe_ops probe_cupti = {
    .name = "cupti",
    .open = cupti_open,
    .sample = cupti_sample,
    .phase = cupti_phase,
    .finish = cupti_finish,
    .close = cupti_close,
};
