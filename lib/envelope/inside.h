/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/inside.h - private to envelope: one measurement after another. */
#pragma once
#include "envelope/blas.h"
#include "envelope/envelope.h"
#include "envelope/team.h"

struct room { /* what this process may use */
    int cpus[TEAM_MOST], cpu_count;
    int64_t memory_bytes; /* half of what is available, within the cgroup's limit */
    int64_t llc_bytes;    /* one last-level cache */
    int64_t llcs_bytes;   /* all of those of the CPUs together */
};
/* @host: the facts of this host. */
void room_look(struct room *ret, const struct fact_list *host);

struct measuring {
    const struct envelope_options *options;
    const struct envelope_sink *sink;
    struct room room;
    struct blas *blas;   /* NULL: there is none, by @blas_why */
    struct err blas_why; /* before anything is measured */
    struct ceiling c;    /* the one at work */
};

/* Begins a ceiling: its name by @fmt. */
void ceiling_begin(struct measuring *m, const char *unit, int threads, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Whether another repetition is due. */
bool ceiling_goes_on(const struct measuring *m);
void ceiling_add(struct measuring *m, struct repetition r);
/* Hands it to the sink. */
NODISCARD int ceiling_end(struct measuring *m);

/* Facts of scope "envelope". */
int envelope_fact(struct measuring *m, enum known known, const char *name, const char *unit,
                  const char *source, const char *fmt, ...) PRINTF_LIKE(6, 7);
int envelope_absent(struct measuring *m, const char *name, const char *why, ...) PRINTF_LIKE(3, 4);

/* Pages of its own, huge ones where the kernel gives them on demand; NULL: no memory. */
void *pages_new(int64_t bytes);
void pages_free(void *p, int64_t bytes);

/* Finds the BLAS. -ENOENT, -EINVAL: the one that was named. */
NODISCARD int gemm_open(struct measuring *m, struct err *err);
/* Each puts its ceilings and facts; a negative errno is the sink's or -ENOMEM. */
NODISCARD int measure_memory(struct measuring *m, struct err *err);
NODISCARD int measure_latency(struct measuring *m, struct err *err);
NODISCARD int measure_gemm(struct measuring *m, struct err *err);
NODISCARD int measure_gpus(struct measuring *m, struct err *err);
