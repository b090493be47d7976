/* SPDX-License-Identifier: Apache-2.0 */
/* Every engine's scrape through its map, against what people wrote down: NAME.golden beside it. */
#include "base/fs.h"
#include "harness/fault.h"
#include "harness/unit.h"
#include "probe/scrape.h"

static struct scrape scrape;

static char *read_vector(const char *name, const char *tail)
{
    const char *source = getenv("SOURCE");
    char path[512], *text = NULL;
    struct err err = {0};
    size_t n = 0;

    (void)snprintf(path, sizeof path, "%s/tests/vectors/metrics/%s.%s", source ? source : ".", name,
                   tail);
    if (fs_read(&text, &n, path, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void find_map(struct metric_map **ret, const char *want)
{
    const char *text, *name;

    for (size_t i = 0; map_embedded(&text, &name, i); i++) {
        struct err err = {0};

        if (strcmp(name, want) != 0)
            continue;
        if (map_parse(ret, text, name, &err) < 0)
            fail_msg("%s", err.text);
        return;
    }
    fail_msg("no map %s", want);
}

static void add_values(struct str *s, const struct metric_map *m)
{
    for (size_t scope = 0; scope < scrape.scopes; scope++)
        for (size_t i = 0; i < m->entry_count; i++) {
            const struct metric_entry *e = &m->entries[i];

            if (scrape.values[scope][i].n == 0)
                continue;
            if (m->index)
                str_addf(s, "%s.%zu ", m->scope, scope);
            str_addf(s, "%s %s %.12g\n", e->name, e->unit[0] ? e->unit : "1",
                     scrape.values[scope][i].value);
        }
    for (size_t i = 0; i < m->label_count; i++)
        if (scrape.labels[i][0])
            str_addf(s, "%s = %s\n", m->labels[i].name, scrape.labels[i]);
}

static void each_scrape_has_its_neutral_names(void **state)
{
    static const struct {
        const char *fixture, *map;
    } all[] = {{"vllm", "vllm"},
               {"vllm-v0", "vllm"},
               {"vllm-v1-later", "vllm"},
               {"sglang", "sglang"},
               {"tgi", "tgi"},
               {"trtllm", "trtllm"},
               {"triton-trtllm", "triton-trtllm"},
               {"llama-server", "llama-server"},
               {"dcgm", "dcgm"},
               {"node", "node"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        AUTO(free) char *text = read_vector(all[i].fixture, "txt");
        AUTO(free) char *golden = read_vector(all[i].fixture, "golden");
        AUTO(map_free) struct metric_map *m = NULL;
        AUTO(str_release) struct str s = {0};

        find_map(&m, all[i].map);
        scrape_read(&scrape, m, text, strlen(text));
        assert_int_equal(scrape.bad, 0);
        add_values(&s, m);
        assert_true(str_ok(&s));
        if (!s.data || strcmp(s.data, golden) != 0)
            fail_msg("%s:\n%s", all[i].fixture, s.data ? s.data : "nothing");
    }
}

/* No scrape of one engine has a family of another's map. */
static void no_map_takes_another_engines_page(void **state)
{
    static const char *const names[] = {"vllm",          "sglang",       "tgi",  "trtllm",
                                        "triton-trtllm", "llama-server", "dcgm", "node"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            AUTO(free) char *text = read_vector(names[i], "txt");
            AUTO(map_free) struct metric_map *m = NULL;

            find_map(&m, names[k]);
            scrape_read(&scrape, m, text, strlen(text));
            assert_int_equal(scrape.matched > 0, i == k);
        }
}

static void every_map_is_sound_and_has_a_version(void **state)
{
    const char *text, *name;
    size_t n = 0;

    (void)state;
    for (; map_embedded(&text, &name, n); n++) {
        AUTO(map_free) struct metric_map *m = NULL;
        struct err err = {0};

        if (map_parse(&m, text, name, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(strncmp(m->id, name, strlen(name)), 0);
        assert_int_equal(m->id[strlen(name)], '@');
        assert_true(m->none ? m->entry_count == 0 : m->entry_count > 5);
    }
    assert_int_equal(n, 9);
}

static void says_what_is_wrong_with_a_map(void **state)
{
#define HEAD "{\"map\":\"x@1\",\"engine\":\"X\",\"scope\":\"engine\","
#define ENTRY "\"series\":[{\"name\":\"a\",\"unit\":\"\","
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"{", "x:1:1"},
        {"[]", "no object"},
        {"{\"map\":\"x@1\"}", "no text at engine"},
        {HEAD "\"sreies\":[]}", "unknown key sreies"},
        {HEAD ENTRY "\"kind\":\"rate\",\"across\":\"sum\",\"from\":[\"f\"]}]}", "kind"},
        {HEAD ENTRY "\"kind\":\"gauge\",\"across\":\"sum\"}]}", "nothing to read it from: a"},
        {HEAD ENTRY "\"kind\":\"counter\",\"across\":\"max\",\"from\":[\"f\"]}]}", "added up: a"},
        {HEAD ENTRY "\"kind\":\"gauge\",\"across\":\"sum\",\"from\":[\"1\",\"2\",\"3\",\"4\","
                    "\"5\"]}]}",
         "too long"},
        {HEAD "\"ratios\":[{\"name\":\"r\",\"of\":\"a\",\"over\":\"b\"}]}", "no counters: r"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct metric_map *m = NULL;
        struct err err = {0};

        assert_true(map_parse(&m, bad[i].text, "x", &err) < 0);
        assert_null(m);
        if (!strstr(err.text, bad[i].words))
            fail_msg("%s: %s", bad[i].words, err.text);
    }
}

/* An old name beside the new one is the same thing told twice, not more of it. */
static void an_old_name_is_not_added_to_the_new_one(void **state)
{
    static const char text[] = "vllm:gpu_cache_usage_perc 0.9\nvllm:kv_cache_usage_perc 0.5\n"
                               "vllm:kv_cache_usage_perc_x 0.7\nvllm:gpu_cache_usage_perc 0.9\n"
                               "vllm:num_requests_running NaN\n"
                               "vllm:num_requests_waiting_by_reason{reason=\"capacity\"} 3\n";
    AUTO(map_free) struct metric_map *m = NULL;

    (void)state;
    find_map(&m, "vllm");
    scrape_read(&scrape, m, text, sizeof text - 1);
    assert_true(scrape.values[0][map_entry(m, "kv_cache.use") - m->entries].value == 0.5);
    assert_int_equal(scrape.values[0][map_entry(m, "requests.running") - m->entries].n, 0);
    assert_int_equal(scrape.values[0][map_entry(m, "queue.depth") - m->entries].n, 0);
}

/* What there is no room for is counted, not passed over. */
static void has_bounds_and_says_so(void **state)
{
    AUTO(str_release) struct str page = {0};
    AUTO(map_free) struct metric_map *dcgm = NULL, *sglang = NULL;

    (void)state;
    find_map(&dcgm, "dcgm");
    for (int i = 0; i < 66; i++)
        str_addf(&page, "DCGM_FI_DEV_GPU_TEMP{gpu=\"%d\"} 1\n", i);
    str_add(&page, "DCGM_FI_DEV_GPU_TEMP 1\nDCGM_FI_DEV_GPU_TEMP{gpu=\"-1\"} 1\n");
    scrape_read(&scrape, dcgm, page.data, page.len);
    assert_int_equal(scrape.scopes, 64);
    assert_int_equal(scrape.bad, 4);
    assert_int_equal(scrape.bad_line, 65);
    str_clear(&page);
    find_map(&sglang, "sglang");
    for (int i = 0; i < 66; i++)
        str_addf(&page, "sglang:num_running_reqs{dp_rank=\"%d\",tp_rank=\"1\"} 1\n", i);
    scrape_read(&scrape, sglang, page.data, page.len);
    assert_int_equal(scrape.bad, 2);
    assert_non_null(strstr(scrape.bad_why, "more than 64"));
}

static void a_page_of_another_kind_matches_nothing(void **state)
{
    static const char *const pages[] = {"", "<html>", "{\"detail\":\"Not Found\"}", "\n\n\n"};
    AUTO(map_free) struct metric_map *m = NULL;

    (void)state;
    find_map(&m, "vllm");
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        scrape_read(&scrape, m, pages[i], strlen(pages[i]));
        assert_int_equal(scrape.matched, 0);
        assert_int_equal(scrape.bad > 0, pages[i][0] == '<' || pages[i][0] == '{');
    }
}

static void survives_every_failed_allocation(void **state)
{
    int r = -ENOMEM;

    (void)state;
    for (int nth = 0; r == -ENOMEM && nth < 2000; nth++) {
        AUTO(map_free) struct metric_map *m = NULL;
        const char *text, *name;
        struct err err = {0};

        assert_true(map_embedded(&text, &name, 1));
        fault_alloc(nth);
        r = map_parse(&m, text, name, &err);
        fault_alloc(-1);
        assert_int_equal(r == 0, m != NULL);
    }
    assert_int_equal(r, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scrape_has_its_neutral_names),
        cmocka_unit_test(no_map_takes_another_engines_page),
        cmocka_unit_test(every_map_is_sound_and_has_a_version),
        cmocka_unit_test(says_what_is_wrong_with_a_map),
        cmocka_unit_test(an_old_name_is_not_added_to_the_new_one),
        cmocka_unit_test(has_bounds_and_says_so),
        cmocka_unit_test(a_page_of_another_kind_matches_nothing),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
