/* SPDX-License-Identifier: Apache-2.0 */
/* A killed run's spool: any bytes end in samples that hold, or in a refusal. To let small inputs
 * reach the rings, the input's 4096-byte header page is shortened to its first 80 bytes. */
#include "evidence/recover.h"
#include <stdlib.h>
#include <string.h>

enum { SCHEDULED = 64, PAGE = 4096, HEAD = 80, LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_stream(const struct stream *st)
{
    must(st->sample.id < 2 * SCHEDULED && st->sample.trial < 2); /* the second half: the wire's */
    must(st->sample.outcome < OUTCOME_COUNT_ && st->sample.finish <= FINISH_OTHER);
    must(st->sample.events >= 0 && st->sample.content_events <= st->sample.events);
    must(st->tail_count == (size_t)st->sample.events);
    must(strlen(st->sample.error) < sizeof st->sample.error);
}

static void replay(const struct spool *spool)
{
    static const int64_t positions[SPOOL_RINGS_MAX];
    AUTO(packer_release) struct packer r = {0};
    struct err err = {0};
    int64_t records = 0;

    r.rings = calloc(SPOOL_RINGS_MAX, sizeof *r.rings);
    must(r.rings && flight_init(&r.flight, SPOOL_RINGS_MAX) == 0);
    must(flight_begin(&r.flight, 1000, SCHEDULED, true) == 0);
    must(flight_trial(&r.flight, 0, 0, 40) == 0 && flight_trial(&r.flight, 1, 40, 24) == 0);
    must(recover_replay(&r, spool, positions, &records, &err) == 0);
    flight_interrupt(&r.flight);
    must(r.flight.streams == 0);
    for (const struct stream *st = r.flight.finished; st; st = st->next_finished)
        check_stream(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct spool spool = {.fd = -1};
    size_t size = PAGE + (n > HEAD ? n - HEAD : 0), room = (size + PAGE - 1) / PAGE * PAGE;
    uint8_t *map;

    if (n > LIMIT)
        return 0;
    map = aligned_alloc(PAGE, room); /* its end is guarded by the sanitizer only if it is full */
    must(map);
    memset(map, 0, room);
    memcpy(map, data, n < HEAD ? n : HEAD);
    if (n > HEAD)
        memcpy(map + PAGE, data + HEAD, n - HEAD);
    if (spool_parse(&spool, map, room, NULL) == 0) {
        spool.map = map;
        replay(&spool);
    }
    free(map);
    return 0;
}
