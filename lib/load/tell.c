/* SPDX-License-Identifier: Apache-2.0 */
/* lib/load/tell.c - what the engine writes down. A full ring counts its own losses. */
#include "load/inside.h"
#include <string.h>

enum { TEXT_BYTES = 16 }; /* characters in one REC_TEXT */

void tell(struct engine *e, uint32_t sample, const struct rec *rec)
{
    struct rec r = *rec;

    r.sample = sample;
    (void)ring_put(e->ring, &r);
}

/* The request's number in the whole run. */
static uint32_t id_of(const struct engine *e, const struct conn *c)
{
    return e->config->id_base + c->sample;
}

void tell_point(struct engine *e, const struct conn *c, enum rec_point point, int64_t time_ns,
                int64_t value, uint16_t flags)
{
    tell(e, id_of(e, c),
         &(struct rec){.time_ns = time_ns,
                       .type = REC_POINT,
                       .kind = (uint8_t)point,
                       .flags = flags,
                       .value = value});
}

static int64_t two_words(int64_t low, int64_t high)
{
    return (int64_t)((uint64_t)(uint32_t)low | (uint64_t)(uint32_t)high << 32);
}

static void tell_count(struct engine *e, const struct conn *c, enum rec_count kind, int64_t value,
                       int64_t time_ns)
{
    if (value >= 0)
        tell(e, id_of(e, c),
             &(struct rec){
                 .time_ns = time_ns, .type = REC_COUNT, .kind = (uint8_t)kind, .value = value});
}

void tell_due(struct engine *e, const struct conn *c, int64_t due_ns)
{
    const struct item *item = &e->config->schedule->items[c->sample];

    tell(e, id_of(e, c),
         &(struct rec){.time_ns = due_ns,
                       .type = REC_POINT,
                       .kind = POINT_DUE,
                       .value = two_words(item->input_tokens, item->output_tokens),
                       .user_ns = e->chain ? two_words(item->group, (int64_t)item->turn + 1) : 0});
    tell_point(e, c, POINT_RELEASED, c->released_ns,
               two_words(e->config->trial, item->reuse_tokens), 0);
    if (e->config->schedule->components > 0)
        tell_count(e, c, COUNT_COMPONENT, item->component, due_ns);
    if (item->hang_up_ns || item->hang_up_events)
        tell_count(e, c, COUNT_HANG_UP, item->hang_up_events ? HANG_UP_EVENTS : HANG_UP_TIME,
                   due_ns);
}

void tell_read(struct engine *e, const struct conn *c, ssize_t bytes, int64_t user_ns)
{
    tell(e, id_of(e, c),
         &(struct rec){.time_ns = c->last_ns,
                       .type = REC_READ,
                       .flags = c->last_flags,
                       .value = bytes,
                       .user_ns = user_ns});
}

void tell_event(struct engine *e, const struct conn *c, const struct openai_event *event,
                int64_t user_ns, bool last)
{
    meter_event(&e->meter, (event->kind & EVENT_TOKENS) != 0, last, c->read_late);
    tell(e, id_of(e, c),
         &(struct rec){.time_ns = c->last_ns,
                       .type = REC_EVENT,
                       .kind = event->kind,
                       .flags = c->last_flags | (last ? 0 : REC_NOT_LAST),
                       .value = event->bytes,
                       .user_ns = user_ns});
}

static void tell_text(struct engine *e, const struct conn *c, const char *words, int64_t time_ns)
{
    size_t len = strnlen(words, 111);

    for (size_t at = 0; at < len; at += TEXT_BYTES) {
        struct rec r = {.time_ns = time_ns, .type = REC_TEXT};
        char piece[TEXT_BYTES] = {0};

        memcpy(piece, words + at, len - at < TEXT_BYTES ? len - at : TEXT_BYTES);
        memcpy(&r.value, piece, 8);
        memcpy(&r.user_ns, piece + 8, 8);
        tell(e, id_of(e, c), &r);
    }
}

void tell_end(struct engine *e, const struct conn *c, enum outcome outcome, const char *words,
              int64_t time_ns, uint16_t flags)
{
    const struct response *r = &c->response;

    tell_count(e, c, COUNT_INPUT, r->input, time_ns);
    tell_count(e, c, COUNT_OUTPUT, r->output, time_ns);
    tell_count(e, c, COUNT_CACHED, r->cached, time_ns);
    tell_count(e, c, COUNT_FINISH, r->finish ? r->finish : -1, time_ns);
    tell_text(e, c, words, time_ns);
    tell_point(e, c, POINT_END, time_ns, 0, flags);
    tell(e, id_of(e, c),
         &(struct rec){.time_ns = time_ns,
                       .type = REC_END,
                       .kind = (uint8_t)outcome,
                       .flags = flags,
                       .value = r->status});
}

void tell_second(struct engine *e)
{
    struct meter *m = &e->meter;

    if (meter_close(m, e->now_ns, e->ops->usage ? e->ops->usage(e->loop) : loop_usage_unknown()))
        for (int f = 0; f < SECOND_FIELDS; f += 2)
            tell(e, e->config->trial,
                 &(struct rec){.time_ns = m->start_ns,
                               .type = REC_SECOND,
                               .kind = (uint8_t)f,
                               .value = m->v[f],
                               .user_ns = m->v[f + 1]});
    meter_open(m, e->now_ns);
}
