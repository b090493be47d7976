/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/str.h"
#include "workload/series.h"
#include "workload/header.h"
#include "workload/learned.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void fill_table(double table[PROFILE_QUANTILES], double *v, size_t n)
{
    series_sort(v, n);
    for (size_t i = 0; i < PROFILE_QUANTILES; i++)
        table[i] = series_quantile(v, n, profile_level(i));
}

static double gamma_shape(double cv)
{
    double shape = 1 / (cv * cv);

    return shape < 1e-9 ? 1e-9 : shape > 1e9 ? 1e9 : shape; /* the bounds of the format */
}

/* @c is used up: sorted, ranked. */
static int learn_columns(struct profile_learned *m, struct columns *c)
{
    m->arrival_cv = series_cv(c->gap, c->n - 1);
    m->arrival_gamma_shape = gamma_shape(m->arrival_cv);
    fill_table(m->inter_arrival_q, c->gap, c->n - 1);
    return series_spearman(&m->rank_correlation, c->input, c->output, c->n);
}

static int model_of(struct profile_learned *ret, const struct profile *p)
{
    AUTO(columns_release) struct columns c = {0};
    AUTO(columns_release) struct columns ranked = {0};
    struct profile_learned m = {0};

    if (columns_of(&c, p) < 0 || columns_of(&ranked, p) < 0)
        return -ENOMEM;
    m.span_s = (double)p->rows[p->row_count - 1].at_ns / 1e9;
    m.rate_per_s = (double)(p->row_count - 1) / m.span_s;
    fill_table(m.input_q, c.input, c.n);
    fill_table(m.output_q, c.output, c.n);
    if (profile_dispersion(&m.dispersion_10s, p, 10 * NS_PER_S) < 0 ||
        profile_reuse(&m.prefix_reuse_share, p) < 0 || learn_columns(&m, &ranked) < 0)
        return -ENOMEM;
    *ret = m;
    return 0;
}

static int check_rows(const struct profile *p, struct err *err)
{
    if (p->learned)
        return err_set(err, -EINVAL, "%s: is learned already; give the imported rows",
                       p->header.name);
    if (p->row_count < 3 || p->rows[p->row_count - 1].at_ns == 0)
        return err_set(err, -EINVAL,
                       "%s: three rows or more, not all at one time, are needed to learn from",
                       p->header.name);
    return 0;
}

int profile_learn(const struct profile *rows, const char *out_path, struct err *err)
{
    AUTO(str_release) struct str text = {0};
    struct profile_header header = rows->header;
    struct profile_learned model;
    int r = check_rows(rows, err);

    if (r < 0)
        return r;
    if (model_of(&model, rows) < 0)
        return err_set(err, -ENOMEM, "%s: out of memory", header.name);
    (void)snprintf(header.modified, sizeof header.modified, "reduced to quantile tables");
    header.block_tokens = 0; /* the blocks stay behind; their share of reuse is kept */
    header_add(&text, &header, true);
    learned_add(&text, &model);
    if (!str_ok(&text))
        return err_set(err, -ENOMEM, "%s: out of memory", header.name);
    return fs_write(out_path, text.data, text.len, err);
}
