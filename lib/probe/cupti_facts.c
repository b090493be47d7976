/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen, and how: nothing here is concluded from a setting.
 *   torch.compile   kernels whose names Inductor makes: triton_poi_, _red_, _per_, _tem_, _for_,
 *                   _mm_; a Triton kernel that somebody wrote has its function's name.
 *   CUDA graphs     kernels with a graph id, launches of graphs.
 *   TensorRT        its library in the process.
 */
#include "base/str.h"
#include "probe/cupti.h"
#include "probe/facts.h"
#include <stdio.h>
#include <string.h>

enum { HOTTEST = 5 };

static bool by_inductor(const char *name)
{
    static const char *const begins[] = {"triton_poi_", "triton_red_", "triton_per_",
                                         "triton_tem_", "triton_for_", "triton_mm"};

    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

struct sums {
    uint64_t launches, of_graphs, inductor;
    double time_ns; /* as foreign numbers may add up to anything */
};

static struct sums sums_of(const struct kernels *k)
{
    struct sums s = {0};

    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel *r = &k->rows[i];

        s.launches += r->launches;
        s.of_graphs += r->of_graphs;
        s.time_ns += (double)r->time_ns;
        if (by_inductor(r->name))
            s.inductor += r->launches;
    }
    return s;
}

static int seen(const struct facts *f, const char *name, uint64_t n, uint64_t of, const char *what)
{
    char source[160];

    (void)snprintf(source, sizeof source, "%" PRIu64 " of %" PRIu64 " launches %s", n, of, what);
    return facts_put(f, KNOWN_MEASURED, name, n > 0 ? "seen" : "not seen", "", source);
}

/* The next one in order of time after @last; ties by place. */
static const struct kernel *next_hottest(const struct kernels *k, const struct kernel *last)
{
    const struct kernel *best = NULL;

    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel *r = &k->rows[i];

        if (r->launches == 0)
            continue;
        if (last && (r->time_ns > last->time_ns || (r->time_ns == last->time_ns && r <= last)))
            continue;
        if (!best || r->time_ns > best->time_ns)
            best = r;
    }
    return best;
}

static int put_hottest(const struct facts *f, const struct kernels *k, double time_ns)
{
    AUTO(str_release) struct str text = {0};
    const struct kernel *r = NULL;

    for (int i = 0; i < HOTTEST && (r = next_hottest(k, r)) != NULL; i++)
        str_addf(&text,
                 "%s%.1f %% of the time, %" PRIu64 " launches, %" PRIu64 " to %" PRIu64
                 " blocks: %s",
                 i > 0 ? "; " : "", time_ns > 0 ? 100.0 * (double)r->time_ns / time_ns : 0,
                 r->launches, r->least_blocks, r->most_blocks, r->name);
    if (!str_ok(&text))
        return -ENOMEM;
    return facts_put(f, KNOWN_MEASURED, "kernels.hottest", text.data, "", "CUPTI kernel records");
}

static int put_libraries(const struct facts *f, const struct kernel_libraries *l)
{
    AUTO(str_release) struct str text = {0};
    bool tensorrt = false;
    int r;

    for (size_t i = 0; i < l->count; i++) {
        str_addf(&text, "%s%s", i > 0 ? " " : "", l->file[i]);
        tensorrt = tensorrt || strncmp(l->file[i], "libnvinfer", 10) == 0;
    }
    if (!str_ok(&text))
        return -ENOMEM;
    if (l->count == 0)
        return facts_absent(f, "libraries", "no GPU library was named");
    r = facts_put(f, KNOWN_MEASURED, "libraries", text.data, "", "objects loaded in the process");
    if (r < 0)
        return r;
    return facts_put(f, KNOWN_MEASURED, "tensorrt", tensorrt ? "seen" : "not seen", "",
                     "objects loaded in the process: libnvinfer*");
}

int cupti_facts(const struct kernels *run, const struct probe_out *out)
{
    const struct facts f = {&out->facts, "engine.gpu"};
    const struct sums s = sums_of(run);
    int r = put_libraries(&f, &run->libraries);

    if (r < 0)
        return r;
    if (s.launches == 0)
        return facts_absent(&f, "kernels", "%s",
                            run->error[0] ? run->error : "no kernel was launched");
    r = facts_i64(&f, KNOWN_MEASURED, "kernels", (int64_t)s.launches, "", "CUPTI kernel records");
    if (r >= 0)
        r = facts_i64(&f, KNOWN_MEASURED, "kernels.lost", (int64_t)(run->dropped + run->crowded),
                      "", "records that CUPTI dropped, launches without a row");
    if (r >= 0)
        r = seen(&f, "torch_compile", s.inductor, s.launches, "of kernels that Inductor named");
    if (r >= 0)
        r = seen(&f, "cuda_graphs", s.of_graphs, s.launches, "of kernels within a graph");
    return r >= 0 ? put_hottest(&f, run, s.time_ns) : r;
}
