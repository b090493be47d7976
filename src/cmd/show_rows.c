/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/units.h"
#include "cmd/show.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    const struct show *show;
    struct rows rows;
    const char *run_id;
};

static const char *run_id(const struct show *s)
{
    const char *id = evidence_meta(s->evidence, "run_id");

    return id ? id : "";
}

static void print_id(char ret[64], const struct walk *w, uint32_t sample)
{
    (void)snprintf(ret, 64, "asrun-%s-%u", w->run_id, sample);
}

static const char *const sample_columns_csv[] = {"request_id",       "trial",
                                                 "outcome",          "due_ns",
                                                 "released_ns",      "connect_ns",
                                                 "sent_ns",          "first_byte_ns",
                                                 "first_content_ns", "last_content_ns",
                                                 "end_ns",           "input_requested",
                                                 "input_reported",   "output_requested",
                                                 "output_reported",  "connect_start_ns",
                                                 "sent_last_ns",     "first_choice_ns",
                                                 "cached_reported",  "reuse_expected",
                                                 "content_events",   "events",
                                                 "http_status",      "request_bytes",
                                                 "response_bytes",   "finish",
                                                 "reused",           "resent",
                                                 "kernel",           "error",
                                                 "tls_end_ns",       "connection",
                                                 "hang_up",          "component",
                                                 "session",          "turn",
                                                 "sent_kernel_ns"};

static int put_sample(void *ctx, const struct sample *s)
{
    struct walk *w = ctx;
    char id[64];

    if (w->show->sample != UINT32_MAX && s->id != w->show->sample)
        return 0;
    print_id(id, w, s->id);
    const struct rows_value values[COUNT_OF(sample_columns_csv)] = {
        rows_text(id),
        rows_number(s->trial),
        rows_text(outcome_name(s->outcome)),
        rows_maybe(s->due_ns, TIME_NONE),
        rows_maybe(s->released_ns, TIME_NONE),
        rows_maybe(s->connect_end_ns, TIME_NONE),
        rows_maybe(s->sent_ns, TIME_NONE),
        rows_maybe(s->first_byte_ns, TIME_NONE),
        rows_maybe(s->first_content_ns, TIME_NONE),
        rows_maybe(s->last_content_ns, TIME_NONE),
        rows_maybe(s->end_ns, TIME_NONE),
        rows_maybe(s->input_requested, COUNT_NONE),
        rows_maybe(s->input_reported, COUNT_NONE),
        rows_maybe(s->output_requested, COUNT_NONE),
        rows_maybe(s->output_reported, COUNT_NONE),
        rows_maybe(s->connect_start_ns, TIME_NONE),
        rows_maybe(s->sent_last_ns, TIME_NONE),
        rows_maybe(s->first_choice_ns, TIME_NONE),
        rows_maybe(s->cached_reported, COUNT_NONE),
        rows_number(s->reuse_expected),
        rows_number(s->content_events),
        rows_number(s->events),
        rows_maybe(s->http_status, 0),
        rows_number(s->request_bytes),
        rows_number(s->response_bytes),
        rows_text(finish_name(s->finish)),
        rows_number(s->reused),
        rows_number(s->resent),
        rows_number(s->kernel),
        rows_text(s->error),
        rows_maybe(s->tls_end_ns, TIME_NONE),
        rows_maybe(s->connection, COUNT_NONE),
        rows_text(hang_up_name((enum hang_up)s->hang_up)),
        rows_maybe(s->component, COUNT_NONE),
        rows_maybe(s->session, COUNT_NONE),
        rows_maybe(s->turn, COUNT_NONE),

        rows_maybe(s->sent_kernel_ns, TIME_NONE)};

    return rows_put(&w->rows, values);
}

static const char *const sample_columns_text[] = {"request_id", "trial", "outcome", "due", "wait",
                                                  "ttft",       "total", "in",      "out", "error"};
static const int sample_widths[] = {-28, 5, -12, 9, 9, 9, 9, 6, 6, -1};

/* The span as people read it; "-" when an end is missing. */
static struct units_text span(int64_t from, int64_t to)
{
    return from == TIME_NONE || to == TIME_NONE ? (struct units_text){"-"}
                                                : units_show_ns((double)(to - from));
}

static int put_sample_text(void *ctx, const struct sample *s)
{
    int64_t from = s->due_ns != TIME_NONE ? s->due_ns : s->sent_ns; /* a witness knows no due */
    struct units_text due = span(0, from), wait = span(s->due_ns, s->sent_ns);
    struct units_text ttft = span(from, s->first_content_ns), total = span(from, s->end_ns);
    struct walk *w = ctx;
    char id[64];

    if (w->show->sample != UINT32_MAX && s->id != w->show->sample)
        return 0;
    print_id(id, w, s->id);
    const struct rows_value values[] = {rows_text(id),
                                        rows_number(s->trial),
                                        rows_text(outcome_name(s->outcome)),
                                        rows_text(due.text),
                                        rows_text(wait.text),
                                        rows_text(ttft.text),
                                        rows_text(total.text),
                                        rows_maybe(s->input_reported, COUNT_NONE),
                                        rows_maybe(s->output_reported, COUNT_NONE),
                                        rows_text(s->error)};

    return rows_put(&w->rows, values);
}

int show_samples(const struct show *s, struct err *err)
{
    bool text = s->format == ROWS_TEXT;
    struct walk w = {s, {.format = s->format}, run_id(s)};
    int r;

    w.rows.columns = text ? sample_columns_text : sample_columns_csv;
    w.rows.column_count = text ? COUNT_OF(sample_columns_text) : COUNT_OF(sample_columns_csv);
    w.rows.widths = sample_widths;
    rows_begin(&w.rows);
    r = evidence_each_sample(s->evidence, text ? put_sample_text : put_sample, &w, err);
    rows_end(&w.rows);
    return r;
}

static const char *const kind_names[] = {"role",   "content", "reasoning", "tool",
                                         "finish", "usage",   "error",     "choices"};

static void print_bits(char ret[96], unsigned bits)
{
    size_t n = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(kind_names); i++)
        if (bits >> i & 1)
            n += (size_t)snprintf(ret + n, 96 - n, "%s%s", n ? "+" : "", kind_names[i]);
}

static int put_event(void *ctx, uint32_t sample, uint32_t index, const struct event *e)
{
    struct walk *w = ctx;
    char id[64], kinds[96];

    print_id(id, w, sample);
    print_bits(kinds, e->kind);
    const struct rows_value values[] = {
        rows_text(id),         rows_number(index),    rows_number(e->time_ns), rows_text(kinds),
        rows_number(e->bytes), rows_number(e->flags), rows_number(e->lag_us)};

    return rows_put(&w->rows, values);
}

int show_events(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"request_id", "index", "time_ns", "kind",
                                          "bytes",      "flags", "lag_us"};
    static const int widths[] = {-28, 6, 16, -20, 6, 5, 6};
    struct walk w = {s, {s->format, columns, COUNT_OF(columns), widths, 0}, run_id(s)};
    int r;

    rows_begin(&w.rows);
    r = evidence_each_event(s->evidence, s->sample, put_event, &w, err);
    rows_end(&w.rows);
    return r;
}

static int put_note(void *ctx, int64_t time_ns, const char *kind, const char *text)
{
    struct walk *w = ctx;
    const struct rows_value values[] = {rows_maybe(time_ns, TIME_NONE), rows_text(kind),
                                        rows_text(text)};

    return rows_put(&w->rows, values);
}

int show_notes(const struct show *s, struct err *err)
{
    static const char *const columns[] = {"time_ns", "kind", "text"};
    static const int widths[] = {16, -14, -1};
    struct walk w = {s, {s->format, columns, COUNT_OF(columns), widths, 0}, run_id(s)};
    int r;

    rows_begin(&w.rows);
    r = evidence_each_note(s->evidence, put_note, &w, err);
    rows_end(&w.rows);
    return r;
}
