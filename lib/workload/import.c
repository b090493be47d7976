/* SPDX-License-Identifier: Apache-2.0 */
/* One pass: rows are put in order within a window, written to a nameless file, and published behind
 * the header, which needs the counts and the digest. Every row of the source is used or counted
 * under a reason; profile_import() asserts that the sums agree. */
#include "workload/azure.h"
#include "workload/header.h"
#include "workload/profile.h"
#include "workload/reorder.h"
#include "workload/source.h"
#include "workload/spill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOONCAKE_BLOCK = 512, SPILL_ABOVE = 1 << 16 };

struct import {
    struct profile_header h;
    struct source source;
    struct row row;
    struct azure azure;
    struct reorder reorder;
    struct spill spill;
    int64_t first_ns, last_ns; /* of the rows written */
    int (*parse)(struct import *im);
    struct err *err;
};

static void import_release(struct import *im)
{
    source_release(&im->source);
    row_release(&im->row);
    reorder_release(&im->reorder);
    spill_release(&im->spill);
}
DEFINE_AUTO_HELD(struct import, import_release)

static int out_of_memory(const struct import *im)
{
    return err_set(im->err, -ENOMEM, "%s: out of memory", im->source.name);
}

/* Milliseconds, exactly: trailing zeros of the fraction cut. */
static void add_ms(struct str *s, int64_t ns)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%" PRId64 ".%06" PRId64, ns / NS_PER_MS, ns % NS_PER_MS);

    while (text[n - 1] == '0')
        n--;
    n -= text[n - 1] == '.';
    str_addn(s, text, (size_t)n);
}

static void add_line(struct str *s, const struct pending *p, int64_t first_ns)
{
    str_add(s, "{\"timestamp\": ");
    add_ms(s, p->at_ns - first_ns);
    str_addf(s, ", \"input_length\": %" PRId32 ", \"output_length\": %" PRId32, p->input_tokens,
             p->output_tokens);
    for (uint32_t i = 0; i < p->id_count; i++)
        str_addf(s, "%s%" PRIu32, i ? ", " : ", \"hash_ids\": [", p->ids[i]);
    str_add(s, p->id_count ? "]}\n" : "}\n");
}

static int write_earliest(struct import *im)
{
    struct pending p = reorder_pop(&im->reorder);

    if (im->h.rows_used == 0)
        im->first_ns = p.at_ns;
    im->last_ns = p.at_ns;
    im->h.rows_used++;
    add_line(&im->spill.text, &p, im->first_ns);
    free(p.ids);
    return spill_flush(&im->spill, SPILL_ABOVE, im->err);
}

static int take_row(struct import *im)
{
    struct row *row = &im->row;
    struct pending p = {row->at_ns, im->source.line, row->input_tokens, row->output_tokens, NULL,
                        0};

    if (im->h.rows_used > 0 && row->at_ns < im->last_ns) {
        header_drop(&im->h, "over 65536 rows out of order", im->source.line);
        return 0;
    }
    if (row->id_count > 0) {
        p.ids = malloc(row->id_count * sizeof *p.ids);
        if (!p.ids)
            return out_of_memory(im);
        memcpy(p.ids, row->ids, row->id_count * sizeof *p.ids);
        p.id_count = (uint32_t)row->id_count;
    }
    if (reorder_push(&im->reorder, p) < 0) {
        free(p.ids);
        return out_of_memory(im);
    }
    return im->reorder.count == REORDER_WINDOW ? write_earliest(im) : 0;
}

static int read_line(struct import *im)
{
    const char *problem = im->source.too_long   ? "line over 1 MiB"
                          : im->source.len == 0 ? "empty line"
                                                : NULL;
    int ok;

    im->h.rows_read++;
    if (!problem) {
        ok = im->parse(im);
        if (ok < 0)
            return ok;
        problem = ok ? NULL : im->row.problem;
    }
    if (!problem)
        return take_row(im);
    header_drop(&im->h, problem, im->source.line);
    return 0;
}

static int parse_azure(struct import *im)
{
    return azure_parse(&im->azure, &im->row, im->source.text, im->source.len);
}

static void note_ignored(struct profile_header *h, const char *key)
{
    size_t len = strlen(h->ignored), n = strlen(key);
    const char *found = *key ? strstr(h->ignored, key) : NULL;

    if (*key && (!found || (found[n] && found[n] != ',')) && len + n + 3 < sizeof h->ignored)
        (void)snprintf(h->ignored + len, sizeof h->ignored - len, "%s%s", len ? ", " : "", key);
}

static int parse_mooncake(struct import *im)
{
    int ok = row_parse(&im->row, im->source.text, im->source.len);

    if (ok < 0)
        return out_of_memory(im);
    if (strcmp(im->row.other, "asrun_profile") == 0)
        return err_set(im->err, -EINVAL,
                       "%s:%" PRId64 ": is a profile already; import takes the trace itself",
                       im->source.name, im->source.line);
    if (ok)
        note_ignored(&im->h, im->row.other);
    return ok;
}

static int start_azure(struct import *im)
{
    struct source *s = &im->source;
    int r = source_line(s, im->err);

    if (r == 0)
        return err_set(im->err, -EINVAL, "%s: empty; wanted: a trace with a line of column names",
                       s->name);
    if (r > 0)
        r = azure_columns(&im->azure, s->text, s->len, s->name, im->err);
    im->parse = parse_azure;
    return r;
}

static int start_mooncake(struct import *im)
{
    im->parse = parse_mooncake;
    im->h.block_tokens = MOONCAKE_BLOCK;
    return 0;
}

static void format_time(char *buf, size_t size, int64_t ns, bool utc)
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm;
    char date[24] = "";

    if (gmtime_r(&t, &tm))
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(buf, size, "%s.%07" PRId64 "%s", date, ns % NS_PER_S / 100, utc ? "Z" : "");
}

static void finish_header(struct import *im, const char *format)
{
    struct profile_header *h = &im->h;
    struct digest digest = source_digest(&im->source);
    const char *slash = strrchr(im->source.name, '/');
    const char *base = slash ? slash + 1 : im->source.name;

    (void)snprintf(h->name, sizeof h->name, "%.*s", (int)strcspn(base, "."), base);
    (void)snprintf(h->source, sizeof h->source, "%s", base);
    (void)snprintf(h->source_sha256, sizeof h->source_sha256, "%s", digest_hex(&digest).text);
    (void)snprintf(h->format, sizeof h->format, "%s", format);
    (void)snprintf(h->tokenizer, sizeof h->tokenizer, "unknown");
    (void)snprintf(h->time_zone, sizeof h->time_zone, "unstated");
    (void)snprintf(h->modified, sizeof h->modified, "%s",
                   im->h.block_tokens ? "reduced to times, lengths and prefix blocks"
                                      : "reduced to times and lengths");
    if (im->parse == parse_azure) {
        format_time(h->window_from, sizeof h->window_from, im->first_ns, im->azure.zone == 1);
        format_time(h->window_to, sizeof h->window_to, im->last_ns, im->azure.zone == 1);
        memcpy(h->ignored, im->azure.ignored, sizeof h->ignored);
        if (im->azure.zone == 1)
            (void)snprintf(h->time_zone, sizeof h->time_zone, "UTC");
    }
    header_recognise(h);
}

static int check_counts(const struct import *im)
{
    const struct profile_drop *most = im->h.drops;
    int64_t dropped = 0;

    for (size_t i = 0; i < im->h.drop_count; i++) {
        dropped += im->h.drops[i].rows;
        if (im->h.drops[i].rows > most->rows)
            most = &im->h.drops[i];
    }
    assert(im->h.rows_read == im->h.rows_used + dropped);
    (void)dropped;
    if (im->h.rows_read == 0)
        return err_set(im->err, -EINVAL, "%s: no rows; wanted: a trace with at least one request",
                       im->source.name);
    if (im->h.rows_used == 0)
        return err_set(im->err, -EINVAL,
                       "%s:%" PRId64 ": none of %" PRId64 " rows could be used; here: %s; wanted: "
                       "%s",
                       im->source.name, most->first_line, im->h.rows_read, most->reason,
                       im->parse == parse_azure
                           ? "TIMESTAMP,ContextTokens,GeneratedTokens"
                           : "{\"timestamp\": ms, \"input_length\": n, \"output_length\": n}");
    return 0;
}

static int run_import(struct import *im, const char *format)
{
    AUTO(str_release) struct str first = {0};
    int r;

    while ((r = source_line(&im->source, im->err)) > 0) {
        r = read_line(im);
        if (r < 0)
            return r;
    }
    while (r == 0 && im->reorder.count > 0)
        r = write_earliest(im);
    if (r == 0)
        r = check_counts(im);
    if (r < 0)
        return r;
    finish_header(im, format);
    header_add(&first, &im->h, false);
    return str_ok(&first) ? spill_publish(&im->spill, &first, im->err) : out_of_memory(im);
}

static int check_not_same(const char *in_path, const char *out_path, struct err *err)
{
    struct stat in, out;

    if (stat(in_path, &in) == 0 && stat(out_path, &out) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return err_set(err, -EINVAL, "%s: is the trace itself; name another file for the profile",
                       out_path);
    return 0;
}

int profile_import(struct profile_header *ret, const char *format, const char *in_path,
                   const char *out_path, struct err *err)
{
    AUTO(import_release)
    struct import im = {.source.fd = -1, .spill.fd = -1, .err = err, .azure.zone = -1};
    bool azure = strcmp(format, "azure") == 0;
    int r;

    if (!azure && strcmp(format, "mooncake") != 0)
        return err_set(err, -EINVAL, "no trace format '%s'; there are: azure, mooncake", format);
    r = check_not_same(in_path, out_path, err);
    if (r == 0)
        r = source_open(&im.source, in_path, err);
    if (r == 0)
        r = azure ? start_azure(&im) : start_mooncake(&im);
    if (r >= 0)
        r = spill_open(&im.spill, out_path, err);
    if (r == 0)
        r = run_import(&im, format);
    if (r == 0)
        *ret = im.h;
    return r;
}
