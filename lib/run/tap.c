/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tap.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP_NS NS_PER_MS /* clocks are slewed by at most half of that in a second */
enum { PACKETS_A_TURN = 4096 };

void tap_release(struct tap *t)
{
    witness_free(t->witness);
    packets_close(t->packets);
    *t = (struct tap){0};
}

static void tie_clocks(struct tap *t)
{
    int64_t now_ns = clock_mono_ns(), offset_ns;
    struct clock_anchor a;

    if (t->tied_at_ns != 0 && now_ns - t->tied_at_ns < NS_PER_S)
        return;
    a = clock_anchor_take();
    offset_ns = a.real_ns - a.mono_ns;
    if (t->tied_at_ns != 0 && llabs(offset_ns - t->real_minus_mono_ns) > STEP_NS)
        t->clock_steps++;
    t->real_minus_mono_ns = offset_ns;
    t->tied_at_ns = now_ns;
}

static bool has_room(const struct tap *t)
{
    return ring_used(t->ring) <= t->ring->mask / 2;
}

bool tap_take(struct tap *t, int wait_ms)
{
    struct packet p;
    struct segment s;
    int taken = 0;

    if (!has_room(t)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
        return true;
    }
    tie_clocks(t);
    packets_wait(t->packets, wait_ms);
    for (; taken < PACKETS_A_TURN && has_room(t) && packets_next(t->packets, &p); taken++) {
        if (segment_parse(&s, p.data, p.len) < 0)
            continue;
        s.time_ns = i64_max(p.real_ns - t->real_minus_mono_ns, t->earliest_ns);
        t->seen_ns = s.time_ns;
        witness_segment(t->witness, &s);
    }
    return taken > 0;
}

void tap_end(struct tap *t)
{
    witness_end(t->witness, clock_mono_ns());
}

void tap_drops(const struct tap *t, uint64_t *packets, uint64_t *dropped)
{
    packets_counts(t->packets, packets, dropped);
}

int tap_put_counts(const struct tap *t, struct store *s, struct err *err)
{
    const struct witness_counts c = witness_counts(t->witness);
    uint64_t packets, dropped;
    int r = 0;

    tap_drops(t, &packets, &dropped);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        {"witness.packets", packets},
        {"witness.dropped", dropped},
        {"witness.segments", c.segments},
        {"witness.repeated", c.repeated},
        {"witness.early", c.early},
        {"witness.missed_bytes", c.missed_bytes},
        {"witness.connections", c.connections},
        {"witness.not_watched", c.not_watched},
        {"witness.too_many", c.too_many},
        {"witness.tls", c.tls},
        {"witness.not_http1", c.not_http1},
        {"witness.requests", c.requests},
        {"witness.other_requests", c.other_requests},
        {"witness.events", c.events},
        {"witness.lost", c.lost},
        {"witness.clock_steps", t->clock_steps},
    };

    for (size_t i = 0; i < COUNT_OF(rows) && r == 0; i++) {
        char text[24];

        (void)snprintf(text, sizeof text, "%" PRIu64, rows[i].value);
        r = store_meta(s, rows[i].key, text, err);
    }
    return r;
}
