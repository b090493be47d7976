/* SPDX-License-Identifier: Apache-2.0 */
/* Pages after each other, at made-up times. */
#include "harness/unit.h"
#include "probe/track.h"
#include "sink.h"

static const char map_text[] =
    "{\"map\":\"x@1\",\"engine\":\"X\",\"scope\":\"engine\",\"series\":["
    "{\"name\":\"depth\",\"unit\":\"requests\",\"kind\":\"gauge\",\"across\":\"sum\",\"from\":["
    "\"d\"]},"
    "{\"name\":\"hits\",\"unit\":\"tokens\",\"kind\":\"counter\",\"across\":\"sum\",\"from\":["
    "\"h\"],"
    "\"total\":\"hits\"},"
    "{\"name\":\"asks\",\"unit\":\"tokens\",\"kind\":\"counter\",\"across\":\"sum\",\"from\":["
    "\"q\"],"
    "\"total\":\"asks\"},"
    "{\"name\":\"lost\",\"unit\":\"\",\"kind\":\"counter\",\"across\":\"sum\",\"from\":[\"l\"],"
    "\"total\":\"lost.total\",\"lazy\":true},"
    "{\"name\":\"step\",\"unit\":\"s\",\"kind\":\"histogram\",\"across\":\"sum\",\"from\":[\"t\"]}]"
    ","
    "\"facts\":[{\"name\":\"block\",\"unit\":\"tokens\",\"from\":\"i\",\"label\":\"block\"}],"
    "\"ratios\":[{\"name\":\"hit_share\",\"of\":\"hits\",\"over\":\"asks\"}]}";

static struct scrape scrape;

struct world {
    struct seen seen; /* facts; series and values as lines, too */
    char changes[1024];
    char names[32][64];
    uint32_t series;
    struct probe_out out;
    struct metric_map *map;
    struct track *track;
};

static int seen_declare(void *ctx, uint32_t *id, const struct series *s)
{
    struct world *w = ctx;

    assert_int_equal(s->known, KNOWN_REPORTED);
    assert_non_null(strstr(s->source, "GET /metrics "));
    (void)snprintf(w->names[w->series], sizeof w->names[0], "%s.%s[%s]", s->scope, s->name,
                   s->unit);
    *id = w->series++;
    return 0;
}

static void seen_value(void *ctx, uint32_t id, int64_t time_ns, double value)
{
    struct world *w = ctx;
    const size_t n = strlen(w->seen.text);
    char name[64];

    assert_true(id < w->series);
    memcpy(name, w->names[id], sizeof name);
    (void)snprintf(w->seen.text + n, sizeof w->seen.text - n, "%s@%" PRId64 "=%g\n", name,
                   time_ns / NS_PER_S, value);
}

static int seen_changed(void *ctx, int64_t time_ns, const char *text)
{
    struct world *w = ctx;
    const size_t n = strlen(w->changes);

    (void)snprintf(w->changes + n, sizeof w->changes - n, "@%" PRId64 " %s\n", time_ns / NS_PER_S,
                   text);
    return 0;
}

static void begin(struct world *w)
{
    struct err err = {0};

    *w = (struct world){.seen = {.left = -1}};
    w->out = (struct probe_out){.facts = {seen_put, &w->seen},
                                .series = {seen_declare, seen_value, w},
                                .changed = seen_changed,
                                .ctx = w};
    if (map_parse(&w->map, map_text, "x", &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(track_new(&w->track, w->map, "GET /metrics", &w->out), 0);
}

static void page(struct world *w, int64_t s, const char *text)
{
    scrape_read(&scrape, w->map, text, strlen(text));
    assert_int_equal(track_take(w->track, &scrape, s * NS_PER_S), 0);
}

static void end(struct world *w)
{
    track_free(w->track);
    map_free(w->map);
}

static void gauges_stay_and_counters_become_rates(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 10, "d 4\nh 100\nq 1000\nt_sum 5\nt_count 10\nt_bucket{le=\"1\"} 10\n");
    assert_seen(&w.seen, "engine.depth[requests]@10=4\n");
    assert_unseen(&w.seen, "hits");
    page(&w, 12, "d 0\nh 150\nq 1200\nt_sum 6\nt_count 20\n");
    assert_seen(&w.seen, "engine.depth[requests]@12=0\n");
    assert_seen(&w.seen, "engine.hits[tokens/s]@12=25\n");
    assert_seen(&w.seen, "engine.asks[tokens/s]@12=100\n");
    assert_seen(&w.seen, "engine.step.sum[s/s]@12=0.5\n");
    assert_seen(&w.seen, "engine.step.count[1/s]@12=5\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "engine.hits=50 tokens[1] growth of GET /metrics h between");
    assert_seen(&w.seen, "engine.asks=200 tokens[1]");
    assert_seen(&w.seen, "engine.hit_share=0.25 1[1] hits over asks, map x@1\n");
    assert_string_equal(w.changes, "");
    end(&w);
}

static void a_counter_that_goes_down_is_a_restart(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "h 100\nq 100\n");
    page(&w, 1, "h 110\nq 120\n");
    page(&w, 2, "h 7\nq 130\n"); /* q passed its old value again: no rate of it either */
    page(&w, 3, "h 9\nq 135\n");
    assert_string_equal(w.changes, "@2 X restarted: its counter h went from 110 to 7\n");
    assert_seen(&w.seen, "hits[tokens/s]@1=10\n");
    assert_unseen(&w.seen, "@2=");
    assert_seen(&w.seen, "hits[tokens/s]@3=2\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "engine.hits=12 tokens[1]");
    assert_seen(&w.seen, "engine.asks=25 tokens[1]");
    assert_seen(&w.seen, "without the scrapes around 1 restart: at least");
    end(&w);
}

static void a_later_start_is_a_restart(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "h 1\nprocess_start_time_seconds 1.7e9\nprocess_start_time_seconds_x 9e9\n");
    page(&w, 1, "h 5\nprocess_start_time_seconds 1.7e9\n");
    page(&w, 2, "h 9\nprocess_start_time_seconds 1.70000005e9\n");
    assert_non_null(strstr(w.changes, "@2 X restarted: process_start_time_seconds from "
                                      "1700000000.000 to 1700000050.000"));
    assert_unseen(&w.seen, "@2=");
    end(&w);
}

static void absent_is_not_zero(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "d_more 4\nq 10\n");
    page(&w, 1, "q 10\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "asks[tokens/s]@1=0\n");
    assert_unseen(&w.seen, "depth[");
    assert_seen(&w.seen, "engine.depth=? [5] GET /metrics: family d not in the scrape\n");
    assert_seen(&w.seen, "engine.hits=? [5] GET /metrics: family h not in the scrape\n");
    assert_seen(&w.seen, "engine.hit_share=? [5] GET /metrics: hits not in the scrape\n");
    assert_seen(&w.seen,
                "engine.lost.total=? [5] GET /metrics: family l not in the scrape (it comes "
                "with its first count)\n");
    assert_seen(&w.seen, "engine.step.sum=? [5] GET /metrics: family t_sum not in the scrape\n");
    assert_seen(&w.seen, "engine.block=? [5] GET /metrics: no label block of i in the scrape\n");
    end(&w);
}

static void no_queries_have_no_share(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "h 1\nq 10\n");
    page(&w, 1, "h 1\nq 10\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "engine.hits=0 tokens[1]");
    assert_seen(&w.seen, "engine.hit_share=? [5] no asks in the run\n");
    end(&w);
}

/* What shows itself with its first count counted from nothing, if a page without it was seen. */
static void a_lazy_counter_counts_from_its_first_sight(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "d 1\n");
    page(&w, 1, "d 1\nl 3\nh 50\n"); /* h is not lazy: who knows what it was */
    page(&w, 2, "d 1\nl 4\nh 51\n");
    assert_seen(&w.seen, "engine.lost[1/s]@1=3\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "engine.lost.total=4 [1]");
    assert_seen(&w.seen, "engine.hits=1 tokens[1]");
    end(&w);
}

/* Only listed labels of listed families are looked at. */
static void labels_become_facts_and_changes_are_told(void **state)
{
    static struct world w;

    (void)state;
    begin(&w);
    page(&w, 0, "d{api_key=\"sk-planted\"} 1\ni{block=\"16\",api_key=\"sk-planted\"} 1\n");
    page(&w, 1, "i{block=\"32\",api_key=\"sk-planted\"} 1\n");
    assert_int_equal(track_finish(w.track), 0);
    assert_seen(&w.seen, "engine.block=16 tokens[2] GET /metrics i{block}, map x@1\n");
    assert_string_equal(w.changes, "@1 X: block from 16 to 32\n");
    assert_unseen(&w.seen, "sk-planted");
    end(&w);
}

static void a_sink_that_fails_ends_it(void **state)
{
    int r = -ENOSPC;

    (void)state;
    for (int left = 0; r == -ENOSPC && left < 50; left++) {
        static struct world w;

        begin(&w);
        w.seen.left = left;
        page(&w, 0, "d 1\nh 1\nq 1\n");
        r = track_finish(w.track);
        end(&w);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauges_stay_and_counters_become_rates),
        cmocka_unit_test(a_counter_that_goes_down_is_a_restart),
        cmocka_unit_test(a_later_start_is_a_restart),
        cmocka_unit_test(absent_is_not_zero),
        cmocka_unit_test(no_queries_have_no_share),
        cmocka_unit_test(a_lazy_counter_counts_from_its_first_sight),
        cmocka_unit_test(labels_become_facts_and_changes_are_told),
        cmocka_unit_test(a_sink_that_fails_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
