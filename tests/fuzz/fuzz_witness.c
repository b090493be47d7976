/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments in any order, with any flags, against the witness. The input is a list of segments, each
 *   1 byte   bits 0 to 4 TCP flags (FIN SYN RST - ACK), bit 5 from the server, bits 6 and 7 which
 * of four connections 1 byte   signed: how far its sequence number is from where that direction was
 *   1 byte   signed: how far its acknowledgement is from where the other direction was
 *   1 byte   length of the payload, which follows
 * Whatever they are, each sample is begun once, ends once, and nothing is recorded after that. The
 * same bytes are read as a raw packet, too.
 */
#include "load/witness.h"
#include "split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { PORT = 8000, SAMPLES_MAX = 4096, CONNECTIONS = 4 };

struct scene {
    uint8_t state[SAMPLES_MAX]; /* 0 not begun, 1 begun, 2 ended */
    int64_t samples;
    uint32_t at[CONNECTIONS][2];
    int64_t now_ns;
};

static bool may_watch(void *ctx, const struct segment_end *client, const struct segment_end *server)
{
    (void)ctx;
    DEMAND(server->port == PORT);
    return client->port != 40003;
}

static int64_t on_request(void *ctx, const char *id, int64_t time_ns)
{
    struct scene *s = ctx;

    DEMAND(strlen(id) < 128 && time_ns <= s->now_ns);
    if (s->samples == SAMPLES_MAX)
        return -1;
    s->state[s->samples] = 1;
    return s->samples++;
}

static void on_record(void *ctx, const struct rec *r)
{
    struct scene *s = ctx;

    DEMAND(r->sample < s->samples && s->state[r->sample] == 1);
    DEMAND(r->time_ns >= 0 && r->time_ns <= s->now_ns);
    if (r->type != REC_END)
        return;
    DEMAND(r->kind < OUTCOME_COUNT_ && r->value >= 0 && r->value <= 999);
    s->state[r->sample] = 2;
}

static struct segment segment_of(struct scene *s, const uint8_t *head, const char *payload)
{
    unsigned which = head[0] >> 6;
    bool server = head[0] & 32;
    struct segment_end c = {.address = {1}, .port = (uint16_t)(40000 + which), .family = 4};
    struct segment_end v = {.address = {2}, .port = PORT, .family = 4};
    uint32_t *own = &s->at[which][server], *other = &s->at[which][!server];
    struct segment g = {.time_ns = ++s->now_ns,
                        .from = server ? v : c,
                        .to = server ? c : v,
                        .seq = *own + (uint32_t)(int8_t)head[1],
                        .ack = *other + (uint32_t)(int8_t)head[2],
                        .flags = head[0] & 31,
                        .data = payload,
                        .len = head[3]};

    *own = g.seq + head[3] + !!(g.flags & SEGMENT_SYN) + !!(g.flags & SEGMENT_FIN);
    return g;
}

static void feed(struct scene *s, struct witness *w, const uint8_t *data, size_t n)
{
    while (n >= 4) {
        uint8_t head[4] = {data[0], data[1], data[2], data[3]};
        struct segment g;
        char *payload;

        data += 4;
        n -= 4;
        head[3] = head[3] < n ? head[3] : (uint8_t)n;
        payload = malloc(head[3] ? head[3] : 1);
        DEMAND(payload);
        memcpy(payload, data, head[3]);
        g = segment_of(s, head, payload);
        witness_segment(w, &g);
        free(payload);
        data += head[3];
        n -= head[3];
    }
}

static void as_packet(const uint8_t *data, size_t n)
{
    struct segment g;

    if (segment_parse(&g, data, n) == 0)
        DEMAND(g.data >= (const char *)data && g.data + g.len <= (const char *)data + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct scene s;
    const struct witness_ops ops = {may_watch, on_request, on_record, &s, NULL};
    struct witness_counts counts;
    struct witness *w;

    as_packet(data, n);
    s = (struct scene){0};
    w = witness_new(PORT, &ops);
    DEMAND(w);
    feed(&s, w, data, n);
    witness_end(w, ++s.now_ns);
    counts = witness_counts(w);
    DEMAND(counts.requests == (uint64_t)s.samples);
    for (int64_t i = 0; i < s.samples; i++)
        DEMAND(s.state[i] == 2);
    witness_free(w);
    return 0;
}
