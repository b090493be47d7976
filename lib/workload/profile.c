/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/profile.h"
#include "base/str.h"
#include "base/vec.h"
#include "workload/header.h"
#include "workload/learned.h"
#include "workload/read.h"
#include "workload/row.h"
#include "workload/waits.h"
#include <stdlib.h>
#include <string.h>

enum { LEARNED_MAX = 1 << 20 };

struct loading {
    struct profile p;
    size_t row_cap, block_cap;
    struct waits waits;
    struct source *source;
    struct err *err;
};

static int out_of_memory(const struct loading *l)
{
    return err_set(l->err, -ENOMEM, "%s: out of memory", l->source->name);
}

static int bad_line(const struct loading *l, const char *problem, const char *want)
{
    return err_set(l->err, -EINVAL, "%s:%" PRId64 ": %s; wanted: %s", l->source->name,
                   l->source->line, problem, want);
}

static int add_blocks(struct loading *l, const struct row *row)
{
    struct profile *p = &l->p;

    if (row->id_count > 0 && p->header.block_tokens == 0)
        return bad_line(l, "hash_ids: without block_tokens in the header",
                        "block_tokens over 0 in line 1");
    if (p->block_count + row->id_count > UINT32_MAX)
        return bad_line(l, "hash_ids: too many", "at most 4294967295 ids in a profile");
    for (size_t i = 0; i < row->id_count; i++)
        if (VEC_PUSH(p->blocks, p->block_count, l->block_cap, row->ids[i]) < 0)
            return out_of_memory(l);
    return 0;
}

static int add_row(struct loading *l, const struct row *row, int64_t *first_ns)
{
    struct profile *p = &l->p;
    struct profile_row r = {.input_tokens = row->input_tokens,
                            .output_tokens = row->output_tokens,
                            .block_first = (uint32_t)p->block_count,
                            .block_count = (uint32_t)row->id_count};
    int ok;

    if (p->row_count == 0)
        *first_ns = row->at_ns;
    r.at_ns = row->at_ns - *first_ns;
    if (r.at_ns < (p->row_count ? p->rows[p->row_count - 1].at_ns : 0))
        return bad_line(l, "timestamp: earlier than the row before", "rows in order of time");
    if (add_blocks(l, row) < 0)
        return l->err ? l->err->code : -EINVAL;
    ok = waits_add(&l->waits, p, &r, row);
    if (ok == 0)
        return bad_line(l, l->waits.problem, l->waits.want);
    if (ok < 0)
        return out_of_memory(l);
    return VEC_PUSH(p->rows, p->row_count, l->row_cap, r) < 0 ? out_of_memory(l) : 0;
}

static int check_row(const struct loading *l, const struct row *row)
{
    if (row->other[0])
        return err_set(l->err, -EINVAL,
                       "%s:%" PRId64 ": %s: no such key; a row has timestamp, input_length, "
                       "output_length, hash_ids, session_id, delay, id, after",
                       l->source->name, l->source->line, row->other);
    return 0;
}

static int read_row(struct loading *l, struct row *row, int64_t *first_ns)
{
    struct source *s = l->source;
    int r;

    if (s->too_long)
        return bad_line(l, "line over 1 MiB", "one row a line");
    if (s->len == 0)
        return bad_line(l, "empty line", "one row a line");
    r = row_parse(row, s->text, s->len);
    if (r < 0)
        return out_of_memory(l);
    if (r == 0)
        return bad_line(l, row->problem, row->want);
    r = check_row(l, row);
    return r < 0 ? r : add_row(l, row, first_ns);
}

/* A header that counts its rows tells a file that was cut off. */
static int check_rows(const struct loading *l)
{
    if (l->p.row_count == 0)
        return err_set(l->err, -EINVAL, "%s: no rows after the header; a profile has at least one",
                       l->source->name);
    if (l->p.header.rows_used > 0 && l->p.header.rows_used != (int64_t)l->p.row_count)
        return err_set(l->err, -EINVAL,
                       "%s:%" PRId64 ": the file ends after %zu rows, but rows_used in line 1 says "
                       "%" PRId64 "; a whole file is wanted",
                       l->source->name, l->source->line, l->p.row_count, l->p.header.rows_used);
    return 0;
}

static int read_rows(struct loading *l)
{
    AUTO(row_release) struct row row = {.waits = true};
    int64_t first_ns = 0;
    int r;

    while ((r = source_line(l->source, l->err)) > 0) {
        r = read_row(l, &row, &first_ns);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : check_rows(l);
}

/* The rest of the file as one JSON text; the header stands in it as an empty line. */
static int read_learned(struct loading *l)
{
    AUTO(str_release) struct str text = {0};
    int r;

    str_add(&text, "\n");
    while ((r = source_line(l->source, l->err)) > 0) {
        if (l->source->too_long || text.len + l->source->len > LEARNED_MAX)
            return err_set(l->err, -EINVAL, "%s: a learned profile has at most 1 MiB",
                           l->source->name);
        str_addn(&text, l->source->text, l->source->len);
        str_add(&text, "\n");
    }
    if (r < 0)
        return r;
    if (!str_ok(&text))
        return out_of_memory(l);
    return learned_parse(&l->p.model, text.data, l->source->name, l->err);
}

static int read_header(struct loading *l)
{
    int r = source_line(l->source, l->err);

    if (r < 0)
        return r;
    if (r == 0)
        return err_set(l->err, -EINVAL, "%s: empty; a profile begins with its asrun_profile header",
                       l->source->name);
    return header_parse(&l->p.header, &l->p.learned, l->source->text, l->source->name, l->err);
}

int profile_read(struct profile *ret, struct source *s, struct err *err)
{
    struct loading l = {.source = s, .err = err};
    int r = read_header(&l);

    if (r == 0)
        r = l.p.learned ? read_learned(&l) : read_rows(&l);
    waits_release(&l.waits);
    if (r < 0) {
        profile_release(&l.p);
        return r;
    }
    l.p.digest = source_digest(s);
    *ret = l.p;
    return 0;
}

int profile_load(struct profile *ret, const char *path, struct err *err)
{
    AUTO(source_release) struct source s = {.fd = -1};
    int r = source_open(&s, path, err);

    return r < 0 ? r : profile_read(ret, &s, err);
}

int profile_find(struct profile *ret, const char *ref, struct err *err)
{
    int r;

    for (size_t i = 0; profile_shipped_name(i); i++)
        if (strcmp(profile_shipped_name(i), ref) == 0)
            return profile_load_shipped(ret, ref, err);
    r = profile_load(ret, ref, err);
    return r == -ENOENT ? profile_load_shipped(ret, ref, err) : r; /* which lists the names */
}

void profile_release(struct profile *p)
{
    free(p->rows);
    free(p->blocks);
    free(p->after);
    *p = (struct profile){0};
}

int profile_slice(struct profile *p, int64_t from_ns, int64_t for_ns, struct err *err)
{
    size_t first = 0, last;
    int64_t span_ns = p->row_count ? p->rows[p->row_count - 1].at_ns : 0;

    if (p->learned)
        return err_set(
            err, -EINVAL,
            "a learned profile has no rows to cut a slice from; import the trace itself");
    while (first < p->row_count && p->rows[first].at_ns < from_ns)
        first++;
    for (last = first; last < p->row_count && p->rows[last].at_ns - from_ns < for_ns; last++)
        p->rows[last].at_ns -= from_ns;
    if (last == first)
        return err_set(err, -EINVAL, "the slice holds no request; the profile has %zu over %.3f s",
                       p->row_count, (double)span_ns / 1e9);
    waits_cut(p, first, last);
    memmove(p->rows, p->rows + first, (last - first) * sizeof *p->rows);
    p->row_count = last - first;
    return 0;
}
