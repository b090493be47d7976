/* SPDX-License-Identifier: Apache-2.0 */
/* What each connection comes to, and which one carried a request. */
#include "record/connection.h"
#include "sim/scene.h"

enum { ITEMS = 20 };

/* The @nth connection of the ring, put together as the recorder would; false: there is none. */
static bool told(struct connection *ret, const struct scene *s, int nth)
{
    for (uint64_t i = 0; i < ring_head(&s->ring); i++) {
        const struct rec *r = ring_at(&s->ring, i);

        if (r->type != REC_CONNECTION || r->kind != 0 || nth-- > 0)
            continue;
        ret->closed_ns = r->time_ns;
        for (int f = 0; f < CONNECTION_FIELDS; f += 2, r = ring_at(&s->ring, ++i)) {
            assert_int_equal(r->type, REC_CONNECTION);
            assert_int_equal(r->kind, f);
            ret->v[f] = r->value;
            ret->v[f + 1] = r->user_ns;
        }
        return true;
    }
    return false;
}

static int64_t carrier(const struct scene *s, uint32_t sample)
{
    return scene_rec(s, sample, REC_POINT, POINT_SENT, 0)->value - 1;
}

static void a_fresh_connection_each_is_told_with_its_request(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(ITEMS, 10 * NS_PER_MS);
    struct connection k;
    int n = 0;
    int64_t last_ns = 0;

    (void)state;
    s->config.keep = LOAD_KEEP_NEVER;
    s->twin->request = answer_json;
    scene_run(s);
    for (; told(&k, s, n); n++) {
        assert_int_equal(k.v[CONNECTION_ID], n);
        assert_int_equal(k.v[CONNECTION_REQUESTS], 1);
        assert_true(k.v[CONNECTION_CONNECT] >= 100 * NS_PER_US); /* the twin's */
        assert_true(k.v[CONNECTION_LASTED] >= k.v[CONNECTION_CONNECT]);
        assert_true(k.closed_ns > last_ns); /* each has a time of its own */
        assert_int_equal(k.v[CONNECTION_BYTES_IN], CONNECTION_NONE); /* nobody knows */
        assert_int_equal(carrier(s, (uint32_t)n), n);
        last_ns = k.closed_ns;
    }
    assert_int_equal(n, ITEMS);
    assert_int_equal(s->report.connections, ITEMS);
    assert_int_equal(s->report.connections_failed, 0);
    assert_int_equal(s->allocs, 0);
}

static void a_kept_connection_is_told_once_and_named_by_all_it_carried(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(ITEMS, 50 * NS_PER_MS);
    struct connection k;

    (void)state;
    s->config.keep = LOAD_KEEP_ALWAYS;
    s->twin->request = answer_json;
    scene_run(s);
    assert_true(told(&k, s, 0));
    assert_int_equal(k.v[CONNECTION_REQUESTS], ITEMS);
    assert_false(told(&k, s, 1));
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(carrier(s, i), 0);
}

static void an_attempt_that_never_connected_is_told_as_one(void **state)
{
    AUTO(scene_free) struct scene *s = scene_new(3, 10 * NS_PER_MS);
    struct connection k;

    (void)state;
    s->twin->connect_code = -ECONNREFUSED;
    scene_run(s);
    for (int i = 0; i < 3; i++) {
        assert_true(told(&k, s, i));
        assert_int_equal(k.v[CONNECTION_END], CONNECTION_NEVER);
        assert_int_equal(k.v[CONNECTION_CONNECT], CONNECTION_NONE);
        assert_int_equal(k.v[CONNECTION_REQUESTS], 0);
        assert_int_equal(scene_rec(s, (uint32_t)i, REC_POINT, POINT_CONNECT_START, 0)->value,
                         i + 1);
    }
    assert_int_equal(s->report.connections_failed, 3);
}

/* Slots with rests of different length: each goes on with the connection that it had. */
static void run_slots(bool own, int64_t *most, int64_t *least)
{
    AUTO(scene_free) struct scene *s = scene_new(300, 0);
    struct connection k;
    int n = 0;

    for (uint32_t i = 0; i < 300; i++)
        s->items[i].think_ns = (int64_t)(1 + i * 7 % 13) * 10 * NS_PER_MS;
    s->config.concurrency = 10;
    s->config.keep = LOAD_KEEP_ALWAYS;
    s->config.own_connections = own;
    s->twin->request = answer_json;
    scene_run(s);
    for (; told(&k, s, n); n++) {
        *most = n ? i64_max(*most, k.v[CONNECTION_REQUESTS]) : k.v[CONNECTION_REQUESTS];
        *least = n ? i64_min(*least, k.v[CONNECTION_REQUESTS]) : k.v[CONNECTION_REQUESTS];
    }
    assert_int_equal(n, 10);                     /* all slots began at once */
    for (uint32_t i = 10; own && i < 300; i++) { /* where its predecessor in the slot ended */
        uint32_t before = i;

        while (before-- > 0 && carrier(s, before) != carrier(s, i))
            ;
        assert_int_equal(scene_point(s, i, POINT_DUE),
                         scene_point(s, before, POINT_END) + s->items[before].think_ns);
    }
}

static void slots_share_connections_unless_each_has_its_own(void **state)
{
    int64_t most = 0, least = 0;

    (void)state;
    run_slots(true, &most, &least);
    assert_in_range(least, 20, 30);
    run_slots(false, &most, &least);
    assert_true(most > least + 10); /* the latest idle one is taken first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_connection_each_is_told_with_its_request),
        cmocka_unit_test(a_kept_connection_is_told_once_and_named_by_all_it_carried),
        cmocka_unit_test(slots_share_connections_unless_each_has_its_own),
        cmocka_unit_test(an_attempt_that_never_connected_is_told_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
