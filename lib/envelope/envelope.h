/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/envelope/envelope.h - measured ceilings of this host: memory bandwidth and latency, the rate
 * of matrix products through a BLAS, and the same of NVIDIA GPUs. The envelope bounds what a
 * workload can reach here; it does not predict what one will reach. What each ceiling is, and what
 * it counts: docs/method.md, "The envelope".
 *
 * Order: envelope_measure() gives one struct ceiling after another to a sink, and facts beside
 * them. A ceiling that can't be measured here is an absent fact with its reason, never an error.
 *
 * Errors: a negative errno with words. -ENOMEM; -EINVAL, -ENOENT: a BLAS that was named can't be
 * used; or what the sink returned.
 */
#pragma once
#include "base/base.h"
#include "base/json.h"
#include "evidence/evidence.h"
#include "record/fact_list.h"
#include "stats/stats.h"

enum {
    CEILING_REPETITIONS_LEAST = 11, /* whatever `for` says: the median's interval needs 6 */
    CEILING_REPETITIONS_MOST = 400,
    ENVELOPE_THREAD_COUNTS = 32,
};

struct repetition {
    int64_t start_ns; /* CLOCK_MONOTONIC; since the anchor in a file */
    int64_t length_ns;
};

struct ceiling {
    char name[40]; /* memory.triad, memory.latency, gemm.f32, gpu.0.copy.device ... */
    char unit[12]; /* "bytes/s", "flop/s"; "s": the time of one load */
    int threads;   /* that worked together; 0: not ours to know, as on a GPU */
    int64_t size;  /* bytes of memory touched by one repetition */
    int64_t order; /* of square matrices; 0: there are none */
    double work;   /* of one repetition: bytes, floating-point operations or loads */
    size_t n;
    struct repetition rep[CEILING_REPETITIONS_MOST];
};

/* The figure of one repetition in the ceiling's unit. */
double ceiling_figure(const struct ceiling *c, size_t i);
struct ceiling_estimate {
    double median, lo, hi; /* interval of order statistics; NAN: too few repetitions */
    double best;           /* of all repetitions: the fastest */
};
struct ceiling_estimate ceiling_estimate(const struct ceiling *c);

struct envelope_sink {
    int (*ceiling)(void *ctx, const struct ceiling *c);
    int (*fact)(void *ctx, const struct fact *f);
    void (*next)(void *ctx, const char *what); /* about to be measured; may be NULL */
    void *ctx;
};

struct envelope_options {
    int64_t for_ns; /* least time of one ceiling's repetitions together */
    int threads[ENVELOPE_THREAD_COUNTS], thread_counts; /* 0: 1, 2, 4 ... all CPUs allowed */
    const char *blas;                                   /* path; NULL: the one found */
    const char *cuda, *cublas;                          /* the same; tests name doubles */
};

NODISCARD int envelope_measure(const struct envelope_options *o, const struct envelope_sink *sink,
                               struct err *err);
/* The same into a new evidence file at @path (-EEXIST if it is there), ceiling by ceiling; what
 * the options rule out leaves no file. @also gets what the file gets, and may be NULL. */
NODISCARD int envelope_write(const char *path, const struct envelope_options *o,
                             const struct envelope_sink *also, struct err *err);

/* An envelope as a document: built while one is measured, or read from its file. */
struct envelope_document {
    json_t *ceilings;
    struct fact_list facts;
    int64_t real_ns; /* when it began */
};
NODISCARD int envelope_document_init(struct envelope_document *d);
struct envelope_sink envelope_document_sink(struct envelope_document *d);
/* {asrunEnvelope, time, words, ceilings: [...], facts, notMeasured}. docs/formats/envelope.md.
 * Caller unrefs; NULL: no memory. */
json_t *envelope_document_json(const struct envelope_document *d);
void envelope_document_release(struct envelope_document *d);
DEFINE_AUTO_HELD(struct envelope_document, envelope_document_release)
/* -EINVAL: @e is no envelope's file; -EBADMSG: it contradicts itself. */
NODISCARD int envelope_read(json_t **ret, struct evidence *e, struct err *err);

#define ENVELOPE_WORDS                                                                             \
    "The envelope bounds what a workload can reach on this host; it does not predict what one "    \
    "will reach."
