/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that speaks TLS, by its records: their lengths and times are not secret.
 *
 * Application data of the client's after some of the server's begins an exchange; each record of
 * application data that the server sends in it is an event whose kind nobody can know. In TLS 1.3
 * the end of the handshake and alerts wear the same type: the server's is seen before the client
 * said anything, the client's is then its first record, and an alert is told by its length.
 * Session tickets can't be told from data.
 */
#include "load/witness_flow.h"
#include <string.h>

enum { APPLICATION_DATA = 23, ALERT_13 = 2 + 1 + 16 /* with its type and the tag */ };

static void begin(struct flow *f, int64_t time_ns)
{
    f->asked_ns = time_ns;
    f->asked_bytes = 0;
    f->first_byte_told = false;
    response_init(&f->response, NULL); /* nothing of it will be known */
    flow_record(f, "", time_ns);
    f->reused = true;
    f->asking = true;
}

static void end(struct flow *f, enum outcome outcome)
{
    if (f->asking)
        flow_tell_sent(f, f->tls.asked_last_ns);
    f->asking = false;
    flow_tell_end(f, outcome, "TLS: records, not events", f->tls.last_ns);
}

static void client_data(struct flow *f, uint16_t length, int64_t time_ns)
{
    struct flow_tls *t = &f->tls;

    if (t->client_spoke && t->is_13 && length == ALERT_13)
        return;
    if (!t->client_spoke && t->is_13) { /* Finished */
        t->client_spoke = true;
        return;
    }
    t->client_spoke = true;
    if (f->recorded && f->first_byte_told)
        end(f, OUTCOME_OK);
    if (!f->recorded)
        begin(f, time_ns);
    f->asked_bytes += length;
    t->asked_last_ns = t->last_ns = time_ns;
}

static void server_data(struct flow *f, uint16_t length, int64_t time_ns)
{
    struct flow_tls *t = &f->tls;
    const struct openai_event unknown = {.bytes = length};

    t->is_13 |= !t->client_spoke;
    if (!t->client_spoke || (t->is_13 && length == ALERT_13))
        return;
    if (f->asking)
        flow_tell_sent(f, t->asked_last_ns);
    f->asking = false;
    flow_tell_read(f, length, time_ns);
    flow_tell_event(f, &unknown, time_ns, true);
    t->last_ns = time_ns;
}

/* A record counts from when it was complete. */
static void record(struct flow *f, bool from_client, const uint8_t *head, int64_t time_ns)
{
    uint16_t length = (uint16_t)(head[3] << 8 | head[4]);

    if (head[0] != APPLICATION_DATA)
        return;
    if (from_client)
        client_data(f, length, time_ns);
    else
        server_data(f, length, time_ns);
}

void flow_tls_bytes(struct flow *f, bool from_client, const char *data, size_t n, int64_t time_ns)
{
    struct tls_scan *s = from_client ? &f->tls.up : &f->tls.down;

    while (n > 0) {
        size_t take;

        if (s->have < sizeof s->head) {
            s->head[s->have++] = (uint8_t)*data;
            take = 1;
            if (s->have == sizeof s->head)
                s->left = (uint16_t)(s->head[3] << 8 | s->head[4]);
        } else {
            take = s->left < n ? s->left : n;
            s->left = (uint16_t)(s->left - take);
        }
        if (s->have == sizeof s->head && s->left == 0) {
            s->have = 0;
            record(f, from_client, s->head, time_ns);
        }
        data += take;
        n -= take;
    }
}

void flow_tls_end(struct flow *f, bool by_client)
{
    if (f->recorded)
        end(f, f->first_byte_told ? OUTCOME_OK : by_client ? OUTCOME_CANCELLED : OUTCOME_EARLY_END);
}
