/* SPDX-License-Identifier: Apache-2.0 */
/* asrun show FILE connections: what each connection came to; and their sums, for the summary. */
#include "base/units.h"
#include "cmd/show.h"
#include <stdio.h>

enum { COLUMNS = 3 + CONNECTION_FIELDS };

static struct rows_value end_name(const struct connection *c)
{
    int64_t end = c->v[CONNECTION_END];

    return rows_text(end < 0 ? NULL : connection_end_name((enum connection_end)end));
}

static int put(void *ctx, const struct connection *c)
{
    struct rows_value values[COLUMNS] = {rows_number(c->trial), rows_number(c->thread),
                                         rows_number(c->closed_ns)};

    for (int f = 0; f < CONNECTION_FIELDS; f++)
        values[3 + f] = rows_maybe(c->v[f], CONNECTION_NONE);
    values[3 + CONNECTION_END] = end_name(c);
    return rows_put(ctx, values);
}

static struct units_text span(int64_t ns)
{
    return ns < 0 ? (struct units_text){"-"} : units_show_ns((double)ns);
}

static int put_text(void *ctx, const struct connection *c)
{
    const int64_t *v = c->v;
    struct units_text opened = units_show_ns((double)(c->closed_ns - v[CONNECTION_LASTED]));
    struct units_text lasted = span(v[CONNECTION_LASTED]), connect = span(v[CONNECTION_CONNECT]);
    struct units_text tls = span(v[CONNECTION_HANDSHAKE]), rtt = span(v[CONNECTION_RTT_MIN]);
    const struct rows_value values[] = {rows_number(c->trial),
                                        rows_number(v[CONNECTION_ID]),
                                        rows_text(opened.text),
                                        rows_text(lasted.text),
                                        end_name(c),
                                        rows_text(connect.text),
                                        rows_text(tls.text),
                                        rows_number(v[CONNECTION_REQUESTS]),
                                        rows_maybe(v[CONNECTION_BYTES_OUT], CONNECTION_NONE),
                                        rows_maybe(v[CONNECTION_BYTES_IN], CONNECTION_NONE),
                                        rows_maybe(v[CONNECTION_RETRANSMITS], CONNECTION_NONE),
                                        rows_text(rtt.text)};

    return rows_put(ctx, values);
}

int show_connections(const struct show *s, struct err *err)
{
    static const char *const brief[] = {"trial",     "connection", "opened",  "lasted",
                                        "ended",     "connect",    "tls",     "requests",
                                        "bytes_out", "bytes_in",   "retrans", "rtt_min"};
    static const int widths[] = {5, 10, 9, 9, -15, 9, 9, 8, 10, 11, 7, 9};
    const char *full[COLUMNS] = {"trial", "thread", "closed_ns"};
    bool text = s->format == ROWS_TEXT;
    struct rows rows = {.format = s->format,
                        .columns = text ? brief : full,
                        .column_count = text ? COUNT_OF(brief) : COLUMNS,
                        .widths = widths};
    int r;

    for (int f = 0; f < CONNECTION_FIELDS; f++)
        full[3 + f] = connection_name((enum connection_field)f);
    rows_begin(&rows);
    r = evidence_each_connection(s->evidence, text ? put_text : put, &rows, err);
    rows_end(&rows);
    return r;
}

static void add(int64_t *sum, int64_t v)
{
    int64_t wider;

    if (v > 0 && !__builtin_add_overflow(*sum, v, &wider))
        *sum = wider;
}

static int sum_up(void *ctx, const struct connection *c)
{
    struct connection_sums *s = ctx;
    int64_t requests = c->v[CONNECTION_REQUESTS];

    s->connections++;
    s->never += c->v[CONNECTION_END] == CONNECTION_NEVER;
    s->tls_failed += c->v[CONNECTION_END] == CONNECTION_TLS_FAILED;
    s->handshakes += c->v[CONNECTION_HANDSHAKE] >= 0;
    s->resumed += c->v[CONNECTION_RESUMED] > 0;
    s->counted += c->v[CONNECTION_SEGMENTS_OUT] >= 0;
    add(&s->reused, requests - 1);
    add(&s->bytes_out, c->v[CONNECTION_BYTES_OUT]);
    add(&s->bytes_in, c->v[CONNECTION_BYTES_IN]);
    add(&s->segments_out, c->v[CONNECTION_SEGMENTS_OUT]);
    add(&s->segments_in, c->v[CONNECTION_SEGMENTS_IN]);
    add(&s->retransmits, c->v[CONNECTION_RETRANSMITS]);
    return 0;
}

int connection_sums(struct connection_sums *ret, struct evidence *e, struct err *err)
{
    *ret = (struct connection_sums){0};
    return evidence_each_connection(e, sum_up, ret, err);
}

json_t *connection_sums_json(const struct connection_sums *s)
{
    json_t *o = json_object();

    json_put_i64(o, "opened", s->connections);
    json_put_i64(o, "never_connected", s->never);
    json_put_i64(o, "reused", s->reused);
    json_put_i64(o, "tls_handshakes", s->handshakes);
    json_put_i64(o, "tls_resumed", s->resumed);
    json_put_i64(o, "tls_failed", s->tls_failed);
    json_put_i64(o, "counted", s->counted);
    json_put_i64(o, "bytes_out", s->bytes_out);
    json_put_i64(o, "bytes_in", s->bytes_in);
    json_put_i64(o, "segments_out", s->segments_out);
    json_put_i64(o, "segments_in", s->segments_in);
    json_put_i64(o, "retransmits", s->retransmits);
    return o;
}

void connection_sums_print(const struct connection_sums *s)
{
    if (s->connections == 0)
        return;
    printf("connections %" PRId64 " opened, %" PRId64 " of them never connected; %" PRId64
           " requests on a used one\n",
           s->connections, s->never, s->reused);
    if (s->handshakes + s->tls_failed > 0)
        printf("  TLS: %" PRId64 " handshakes, %" PRId64 " of them resumed, %" PRId64 " failed\n",
               s->handshakes, s->resumed, s->tls_failed);
    if (s->counted > 0)
        printf("  TCP, of %" PRId64 ": %" PRId64 " bytes in %" PRId64 " segments out, %" PRId64
               " in %" PRId64 " in, %" PRId64 " retransmitted\n",
               s->counted, s->bytes_out, s->segments_out, s->bytes_in, s->segments_in,
               s->retransmits);
}
