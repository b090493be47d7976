/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fidelity_join SERVER_LOG CLIENT_FILE - a client's stamps against the reference server's.
 *
 * The client's file has lines "ID request DUE_NS RELEASED_NS SENT_NS" and "ID INDEX TIME_NS"; the
 * server's log is the one of refserver --log. Only requests that the client names are counted, only
 * content events are compared. One line comes out:
 *   requests N events N missing N lag_p50 US lag_p99 US ttft_p50 US ttft_p99 US late_p50 US
 *   late_p99 US release_p99 US gap_client_p99 US gap_server_p99 US gap_ratio R
 * lag: the client's stamp of an event minus the server's clock just before its send. ttft: the
 * client's time from sending to the first content minus the server's from receiving to sending it.
 * late: the client's first byte sent minus due. missing: events that only one side knows.
 */
#include "base/vec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct times {
    int64_t *data; /* by event index; 0: not seen */
    size_t count, cap;
};

struct request {
    char id[64];
    int64_t received_ns, due_ns, released_ns, sent_ns;
    bool named; /* by the client */
    struct times server, client;
};

struct table {
    struct request *slots;
    size_t cap, used;
};

struct figures {
    double *data;
    size_t count, cap;
};

static void out_of_memory(void)
{
    fputs("bench_fidelity_join: out of memory\n", stderr);
    exit(1);
}

static uint64_t hash_of(const char *id)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    return h;
}

static struct request *find(struct table *t, const char *id)
{
    size_t i = hash_of(id) % t->cap;

    while (t->slots[i].id[0] && strcmp(t->slots[i].id, id) != 0)
        i = (i + 1) % t->cap;
    if (!t->slots[i].id[0]) {
        if (++t->used > t->cap / 2)
            out_of_memory();
        (void)snprintf(t->slots[i].id, sizeof t->slots[i].id, "%s", id);
    }
    return &t->slots[i];
}

static void put(struct times *t, size_t index, int64_t ns)
{
    while (t->count <= index)
        if (VEC_PUSH(t->data, t->count, t->cap, 0) < 0)
            out_of_memory();
    t->data[index] = ns;
}

static void push(struct figures *f, int64_t ns)
{
    if (VEC_PUSH(f->data, f->count, f->cap, (double)ns / 1e3) < 0)
        out_of_memory();
}

static void server_line(struct table *t, const char *line)
{
    char id[64], what[32], kind[16];
    int64_t ns, bytes;

    if (sscanf(line, "%63s %31s %" SCNd64 " %" SCNd64 " %15s", id, what, &ns, &bytes, kind) == 5) {
        if (strcmp(kind, "content") == 0)
            put(&find(t, id)->server, strtoul(what, NULL, 10), ns);
    } else if (strcmp(what, "request") == 0) {
        find(t, id)->received_ns = ns;
    }
}

static void client_line(struct table *t, const char *line)
{
    char id[64], what[32];
    int64_t a, b, c;
    int n = sscanf(line, "%63s %31s %" SCNd64 " %" SCNd64 " %" SCNd64, id, what, &a, &b, &c);
    struct request *r;

    if (n < 3)
        return;
    r = find(t, id);
    if (n == 3) {
        put(&r->client, strtoul(what, NULL, 10), a);
        return;
    }
    r->named = true;
    r->due_ns = a;
    r->released_ns = b;
    r->sent_ns = c;
}

static int read_lines(struct table *t, const char *path, void (*take)(struct table *, const char *))
{
    char line[512];
    FILE *f = fopen(path, "re");

    if (!f) {
        fprintf(stderr, "bench_fidelity_join: %s: %s\n", path, strerror(errno));
        return -errno;
    }
    while (fgets(line, sizeof line, f))
        take(t, line);
    (void)fclose(f);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The value at rank ceil(q n): a real observation, for both sides the same rule. */
static double quantile(struct figures *f, double q)
{
    if (f->count == 0)
        return (double)NAN;
    qsort(f->data, f->count, sizeof *f->data, by_value);
    return f->data[(size_t)i64_max((int64_t)ceil(q * (double)f->count) - 1, 0)];
}

struct join {
    struct figures lag, ttft, late, release, gap_client, gap_server;
    size_t requests, missing;
};

static void join_events(struct join *j, const struct request *r)
{
    int64_t before_client = 0, before_server = 0;

    for (size_t i = 0; i < r->server.count; i++) {
        int64_t sent = r->server.data[i];
        int64_t seen = i < r->client.count ? r->client.data[i] : 0;

        if (sent == 0)
            continue; /* a role or an end */
        if (seen == 0) {
            j->missing++;
            continue;
        }
        push(&j->lag, seen - sent);
        if (before_server > 0) {
            push(&j->gap_client, seen - before_client);
            push(&j->gap_server, sent - before_server);
        } else {
            push(&j->ttft, (seen - r->sent_ns) - (sent - r->received_ns));
        }
        before_client = seen;
        before_server = sent;
    }
}

static void join_all(struct join *j, const struct table *t)
{
    for (size_t i = 0; i < t->cap; i++) {
        const struct request *r = &t->slots[i];

        if (!r->named)
            continue;
        j->requests++;
        if (r->received_ns == 0 || r->server.count == 0) {
            j->missing += r->client.count + 1;
            continue;
        }
        push(&j->late, r->sent_ns - r->due_ns);
        push(&j->release, r->released_ns - r->due_ns);
        join_events(j, r);
    }
}

static void print(struct join *j)
{
    double client = quantile(&j->gap_client, 0.99), server = quantile(&j->gap_server, 0.99);

    printf("requests %zu events %zu missing %zu lag_p50 %.1f lag_p99 %.1f ttft_p50 %.1f "
           "ttft_p99 %.1f late_p50 %.1f late_p99 %.1f release_p99 %.1f gap_client_p99 %.1f "
           "gap_server_p99 %.1f gap_ratio %.5f\n",
           j->requests, j->lag.count, j->missing, quantile(&j->lag, 0.5), quantile(&j->lag, 0.99),
           quantile(&j->ttft, 0.5), quantile(&j->ttft, 0.99), quantile(&j->late, 0.5),
           quantile(&j->late, 0.99), quantile(&j->release, 0.99), client, server, client / server);
}

int main(int argc, char **argv)
{
    static struct join j;
    static struct table t = {.cap = 1 << 17};

    if (argc != 3) {
        fputs("bench_fidelity_join SERVER_LOG CLIENT_FILE\n", stderr);
        return 2;
    }
    t.slots = calloc(t.cap, sizeof *t.slots);
    if (!t.slots)
        out_of_memory();
    if (read_lines(&t, argv[1], server_line) < 0 || read_lines(&t, argv[2], client_line) < 0)
        return 1;
    join_all(&j, &t);
    print(&j);
    return j.lag.count == 0; /* the process ends: its memory goes with it */
}
