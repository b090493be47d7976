/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/page.h"
#include "base/clock.h"
#include "probe/facts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 2000 };

struct page {
    struct metric_map *map;
    struct track *track;
    struct http_client *client;
    struct scrape *scrape;
    const struct probe_out *out;
    struct http_request request;
    char url[1024], source[600];
    int64_t took_ns;
    uint64_t scrapes, failed, bad;
    char failed_why[PAGE_WHY], bad_why[PAGE_WHY];
};

void page_free(struct page *p)
{
    if (!p)
        return;
    track_free(p->track);
    map_free(p->map);
    http_client_free(p->client);
    free(p->scrape);
    free(p);
}

/* The engine's map whose families the page has most of; NULL with 0: it has none of any. */
static int choose_map(struct metric_map **ret, const char *only, const struct http_answer *a,
                      struct scrape *scrape, struct err *err)
{
    AUTO(map_free) struct metric_map *best = NULL;
    const char *text, *name;
    size_t matched = 0;

    for (size_t i = 0; map_embedded(&text, &name, i); i++) {
        AUTO(map_free) struct metric_map *m = NULL;
        int r = map_parse(&m, text, name, err);

        if (r < 0)
            return r;
        if (only ? strcmp(only, name) != 0 : strcmp(m->scope, "engine") != 0)
            continue;
        scrape_read(scrape, m, a->body, a->len);
        if (scrape->matched <= matched)
            continue;
        matched = scrape->matched;
        map_free(best);
        best = TAKE(m);
    }
    *ret = TAKE(best);
    return 0;
}

static void count_bad(struct page *p)
{
    if (p->bad == 0 && p->scrape->bad > 0)
        (void)snprintf(p->bad_why, sizeof p->bad_why, "%s: the first is line %zu: %s", p->source,
                       p->scrape->bad_line, p->scrape->bad_why);
    p->bad += p->scrape->bad;
}

static int take_page(struct page *p, const struct http_answer *a, int64_t now_ns)
{
    scrape_read(p->scrape, p->map, a->body, a->len);
    count_bad(p);
    p->scrapes++;
    p->took_ns += a->took_ns;
    return track_take(p->track, p->scrape, now_ns);
}

/* curl's words name the URL first: what is behind it is the reason. */
static void note_failed(struct page *p, const char *why)
{
    const size_t n = strlen(p->url);

    if (strncmp(why, p->url, n) == 0 && strncmp(why + n, ": ", 2) == 0)
        why += n + 2;
    p->failed++;
    (void)snprintf(p->failed_why, sizeof p->failed_why, "%s: %.200s", p->source, why);
}

int page_sample(struct page *p, int64_t now_ns)
{
    AUTO(http_answer_release) struct http_answer a = {0};
    struct err err = {0};
    char status[32];
    int r = http_client_ask(p->client, &a, &p->request, &err);

    if (r == -ENOMEM)
        return r;
    if (r == 0 && a.status == 200)
        return take_page(p, &a, now_ns);
    (void)snprintf(status, sizeof status, "HTTP %ld", a.status);
    note_failed(p, r < 0 ? err.text : status);
    return 0;
}

static int put_scraping(const struct page *p)
{
    const struct facts f = {&p->out->facts, p->map->scope};
    char mean[32];
    int r = facts_i64(&f, KNOWN_MEASURED, "metrics.scrapes", (int64_t)p->scrapes, "", p->source);

    (void)snprintf(mean, sizeof mean, "%.6f",
                   (double)p->took_ns / (double)NS_PER_S / (double)(p->scrapes ? p->scrapes : 1));
    if (r == 0 && p->scrapes > 0)
        r = facts_put(&f, KNOWN_MEASURED, "metrics.scrape_time", mean, "s",
                      "mean, from its start to its last byte");
    if (r == 0)
        r = facts_i64(&f, KNOWN_MEASURED, "metrics.scrapes_failed", (int64_t)p->failed, "",
                      p->failed ? p->failed_why : p->source);
    if (r == 0 && p->bad > 0)
        r = facts_i64(&f, KNOWN_MEASURED, "metrics.lines_not_read", (int64_t)p->bad, "",
                      p->bad_why);
    return r;
}

int page_finish(struct page *p)
{
    int r = page_sample(p, clock_mono_ns());

    if (r == 0)
        r = put_scraping(p);
    return r < 0 ? r : track_finish(p->track);
}

static int put_found(const struct page *p)
{
    const struct facts f = {&p->out->facts, p->map->scope};
    int r = facts_put(&f, KNOWN_MEASURED, "metrics.page", p->url, "", p->source);

    return r < 0 ? r
                 : facts_put(&f, KNOWN_DERIVED, "metrics.map", p->map->id, "",
                             "the map whose families the page has");
}

static int read_first(struct page *p, const char *map, const struct http_answer *a, int64_t now_ns,
                      char why[PAGE_WHY], struct err *err)
{
    int r;

    if (a->status != 200) {
        (void)snprintf(why, PAGE_WHY, "%s: HTTP %ld", p->source, a->status);
        return 0;
    }
    r = choose_map(&p->map, map, a, p->scrape, err);
    if (r == 0 && !p->map)
        (void)snprintf(why, PAGE_WHY, "%s: no family of %s in it", p->source,
                       map ? map : "a known engine");
    if (r < 0 || !p->map)
        return r;
    r = track_new(&p->track, p->map, p->source, p->out);
    if (r == 0)
        r = put_found(p);
    if (r == 0)
        r = take_page(p, a, now_ns);
    return r < 0 ? err_set(err, r, "recording facts of %s: %s", p->source, strerror(-r)) : 1;
}

static int ask_first(struct page *p, const char *map, char why[PAGE_WHY], struct err *err)
{
    AUTO(http_answer_release) struct http_answer a = {0};
    const int64_t now_ns = clock_mono_ns();
    int r = http_client_ask(p->client, &a, &p->request, err);

    if (r == 0)
        return read_first(p, map, &a, now_ns, why, err);
    if (r == -ENOMEM)
        return r;
    note_failed(p, err->text);
    (void)snprintf(why, PAGE_WHY, "%s", p->failed_why);
    return 0;
}

int page_open(struct page **ret, const struct page_place *at, const struct probe_out *out,
              char why[PAGE_WHY], struct err *err)
{
    AUTO(page_free) struct page *p = calloc(1, sizeof *p);
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    p->scrape = malloc(sizeof *p->scrape);
    if (!p->scrape)
        return err_set(err, -ENOMEM, "out of memory");
    r = http_client_new(&p->client, err);
    if (r < 0)
        return r;
    (void)snprintf(p->url, sizeof p->url, "%s", at->url);
    (void)snprintf(p->source, sizeof p->source, "GET %s", at->path);
    p->request = (struct http_request){
        .url = p->url, .key = at->key, .timeout_ns = ANSWER_MS * NS_PER_MS, .way = at->way};
    p->out = out;
    r = ask_first(p, at->map, why, err);
    if (r == 1)
        *ret = TAKE(p);
    return r;
}
