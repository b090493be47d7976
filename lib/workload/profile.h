/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/profile.h - what production looks like. Two forms, told apart by the header line:
 * rows (a Mooncake-style JSON line a request) and learned (quantile tables, dependence, arrival
 * model, prefix statistics; a few kB; can be published and drawn from).
 *
 * Memory: the profile owns everything; release frees it. Row text is never kept.
 */
#pragma once
#include "base/base.h"
#include "base/digest.h"

struct profile_row {
    int64_t at_ns; /* since the profile's first row */
    int32_t input_tokens, output_tokens;
    uint32_t block_first,
        block_count; /* into profile->blocks: ids of its prefix blocks, in order */
    uint32_t after_first, after_count; /* into profile->after: rows whose answers it waits for */
    int64_t delay_ns;                  /* after the last of these */
    bool history; /* its input is what the first of these had, the answer, and new text */
};

struct profile_drop { /* rows of the source that were not taken, by reason */
    char reason[64];
    int64_t rows;
    int64_t first_line; /* where the first of them stands */
};

enum { PROFILE_TOKENS_MAX = 100000000, PROFILE_DROPS = 32 };

struct profile_header {
    char name[96];
    char source[256]; /* file name or description of origin */
    char source_sha256[65];
    char format[24];                     /* azure, mooncake, learned, ... */
    char tokenizer[64];                  /* "unknown" where the source does not say */
    char time_zone[32];                  /* "UTC", "unstated", ... */
    char window_from[40], window_to[40]; /* RFC 3339 where the source has absolute times, else "" */
    int64_t rows_read, rows_used;
    struct profile_drop drops[PROFILE_DROPS];
    size_t drop_count;
    int32_t block_tokens;  /* tokens a prefix block stands for; 0: no prefix information */
    char ignored[256];     /* names of the source's fields that were not used, "" if none */
    char license[128];     /* SPDX id of the source's licence, "" if not known */
    char attribution[512]; /* author, title, link; "" if not known */
    char modified[128];    /* what was changed on the way from the source */
};

enum { PROFILE_QUANTILES = 73 }; /* at 0, 1/64, ..., 1, and 1/128 ... 1/1024 from either end */
double profile_level(size_t i);  /* the i-th quantile's probability */
/* The value below which a share @u of the table's mass lies: linear between its quantiles. */
double profile_quantile(const double table[PROFILE_QUANTILES], double u);
/* Its inverse: the share of the mass at or below @value. */
double profile_share_at(const double table[PROFILE_QUANTILES], double value);
double profile_table_mean(const double table[PROFILE_QUANTILES]);

struct profile_learned {
    double input_q[PROFILE_QUANTILES], output_q[PROFILE_QUANTILES]; /* tokens */
    double inter_arrival_q[PROFILE_QUANTILES];                      /* seconds */
    double rank_correlation; /* Spearman, input against output; drawn by a Gaussian copula */
    double rate_per_s, arrival_cv;
    double arrival_gamma_shape; /* 1 / cv^2: by moments, since real traces have equal times */
    double dispersion_10s;      /* as in profile_stats */
    double span_s;
    double prefix_reuse_share; /* share of input tokens in blocks seen before; -1: unknown */
};

struct profile {
    struct profile_header header;
    bool learned;
    struct profile_row *rows;
    size_t row_count;
    uint32_t *blocks;
    size_t block_count;
    uint32_t *after; /* rows, each before the one that waits */
    size_t after_count;
    struct profile_learned model; /* if learned */
    struct digest digest;         /* of the profile file's bytes */
};

/* Reads a profile file (rows or learned). Errors name file, line and key; -EINVAL for bad content,
 * -EBADMSG is not used here. */
NODISCARD int profile_load(struct profile *ret, const char *path, struct err *err);
/* A shipped profile by name (profile_shipped_name(i)); -ENOENT lists the names. */
NODISCARD int profile_load_shipped(struct profile *ret, const char *name, struct err *err);
const char *profile_shipped_name(size_t i); /* NULL past the last */
/* A shipped name if @ref is one, else the file @ref; -ENOENT lists the shipped names. */
NODISCARD int profile_find(struct profile *ret, const char *ref, struct err *err);
void profile_release(struct profile *p);
DEFINE_AUTO_HELD(struct profile, profile_release)

/* Imports streaming: rows go to @out_path (written whole or not at all); @ret describes what was
 * read and dropped. @format: "azure" or "mooncake". */
NODISCARD int profile_import(struct profile_header *ret, const char *format, const char *in_path,
                             const char *out_path, struct err *err);
/* Reduces rows to the learned form, written to @out_path. */
NODISCARD int profile_learn(const struct profile *rows, const char *out_path, struct err *err);

/* Cuts a window [from, from + for) of a row profile; times start again at 0. */
NODISCARD int profile_slice(struct profile *p, int64_t from_ns, int64_t for_ns, struct err *err);

enum { PROFILE_BINS = 27 }; /* bin k: lengths from 2^k to 2^(k+1) - 1 tokens */

struct profile_stats { /* what `profile show` prints */
    int64_t requests;
    double span_s, rate_per_s;
    double arrival_cv; /* of inter-arrival times; 1 for Poisson */
    double
        dispersion_10s; /* variance / mean of counts in 10 s windows; 1 for Poisson; NAN: short */
    double input_q[9], output_q[9]; /* 0 1 10 25 50 75 90 99 100 % */
    double input_mean, output_mean;
    double input_bins[PROFILE_BINS], output_bins[PROFILE_BINS]; /* shares of the requests */
    double rank_correlation;
    double prefix_reuse_share; /* -1: not known */
};
NODISCARD int profile_describe(struct profile_stats *ret, const struct profile *p, struct err *err);
/* Header and stats as a document for `profile show --json`. Caller frees; NULL: no memory. */
char *profile_document(const struct profile *p, const struct profile_stats *s);
