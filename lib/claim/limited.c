/* SPDX-License-Identifier: Apache-2.0 */
/* What the run was limited by, and on what evidence. */
#include "claim/parts.h"
#include <math.h>

static json_t *shares_json(const struct limit_shares *s)
{
    json_t *o = json_object(), *shares = json_object();

    json_put_str(o, "by", limit_name(s->by));
    put_number(o, "seconds", s->seconds);
    for (int i = 0; i < LIMIT_COUNT_; i++)
        put_number(shares, limit_name((enum limit)i), s->seconds > 0 ? s->share[i] : (double)NAN);
    json_put(o, "shares", shares);
    return o;
}

static void push(json_t *list, const struct str *s)
{
    if (s->data && str_ok(s))
        json_push(list, json_string(s->data));
}

static void push_waits(json_t *list, const struct limited *l)
{
    AUTO(str_release) struct str s = {0};

    if (!l->compared)
        str_add(&s, "waits for the first token: all requests found about as many others in flight, "
                    "so that whether they wait for each other is not seen");
    else
        str_addf(&s,
                 "waits for the first token: %zu requests that found at most %" PRId64
                 " others in flight took %.3g times the least, %zu that found %" PRId64
                 " or more %.3g times: %s",
                 l->few, l->few_at_most, l->few_times, l->many, l->many_at_least, l->many_times,
                 l->grows ? "they are held back by others" : "they don't grow with the load");
    push(list, &s);
}

static void push_keeping(json_t *list, const struct analysis *a)
{
    AUTO(str_release) struct str s = {0};

    if (a->in.plan->load.arrivals == ARRIVALS_CLOSED)
        str_add(&s, "a closed loop: whether more at a time would have been served is not seen");
    else if (limited_keeps_up(a))
        str_add(&s, "requests in flight did not grow all along: what was offered was served");
    else
        str_add(&s, "requests in flight grew all along, or the load was not steady: that what was "
                    "offered was served is not seen");
    push(list, &s);
}

static void push_beside(json_t *list, const struct limited *l)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s, "the engine's own queue: %s; CPU of its processes: %s",
             l->queue_seen ? "seen" : "not observed", l->cpu_seen ? "seen" : "not observed");
    push(list, &s);
    str_clear(&s);
    if (!isnan(l->round_trip_s)) {
        str_add(&s, "round trip, median over connections: ");
        value_text(&s, "s", l->round_trip_s);
        push(list, &s);
    }
}

json_t *limited_json(const struct analysis *a)
{
    const struct limited *l = &a->limited;
    json_t *o = json_object(), *evidence = json_array();

    json_put_str(o, "known", known_name(KNOWN_DERIVED));
    json_put(o, "wall", shares_json(&l->wall));
    json_put(o, "time", shares_json(&l->time));
    push_waits(evidence, l);
    push_keeping(evidence, a);
    push_beside(evidence, l);
    json_put(o, "evidence", evidence);
    return o;
}
