/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/metrics.c - what the engine says of itself on its metrics page, and what exporters say
 * of the host and of its GPUs. The key goes only to the target itself.
 */
#include "probe/metrics.h"
#include "probe/facts.h"
#include "probe/map.h"
#include "probe/page.h"
#include "probe/target.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 3 };

struct probe {
    struct page *pages[PAGES];
    size_t count;
};

struct opening {
    struct probe *probe;
    const struct probe_setup *setup;
    const struct probe_out *out;
    struct err *err;
};

static void close_metrics(struct probe *p)
{
    for (size_t i = 0; p && i < p->count; i++)
        page_free(p->pages[i]);
    free(p);
}
DEFINE_AUTO(struct probe *, close_metrics)

static bool same_place(const struct url *a, const struct url *b)
{
    return a && a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* 1: the page is there; 0: @why says why not. */
static int open_at(const struct opening *o, const struct url *u, const char *map,
                   char why[PAGE_WHY])
{
    const struct probe_setup *s = o->setup;
    const bool ours = same_place(s->target, u);
    char host[300], text[1024];
    struct page_place at = {.url = text, .path = u->path, .map = map};
    int r;

    url_host_header(u, host, sizeof host);
    (void)snprintf(text, sizeof text, "%s://%s%s", u->tls ? "https" : "http", host, u->path);
    at.key = ours ? s->key : NULL;
    at.way = ours ? s->way : NULL;
    r = page_open(&o->probe->pages[o->probe->count], &at, o->out, why, o->err);
    o->probe->count += r == 1;
    return r;
}

/* @text from the plan; a URL without a path means the usual page. */
static int open_url(const struct opening *o, const char *text, const char *map, char why[PAGE_WHY])
{
    struct err err = {0};
    struct url u;

    if (url_parse(&u, text, &err) < 0) {
        (void)snprintf(why, PAGE_WHY, "%s", err.text);
        return 0;
    }
    if (strcmp(u.path, "/") == 0)
        (void)snprintf(u.path, sizeof u.path, "/metrics");
    return open_at(o, &u, map, why);
}

/* TensorRT-LLM's /metrics is another page: reading it takes from whoever reads it, too. */
static int open_usual(const struct opening *o, char why[PAGE_WHY])
{
    static const char *const paths[] = {"/metrics", "/prometheus/metrics"};
    const struct probe_setup *s = o->setup;
    int r = 0;

    for (size_t i = s->engine == ENGINE_TRTLLM; i < COUNT_OF(paths) && r == 0; i++) {
        char other[PAGE_WHY] = "";
        struct url u = *s->target;

        (void)snprintf(u.path, sizeof u.path, "%.*s%s", target_root(s->target->path),
                       s->target->path, paths[i]);
        r = open_at(o, &u, NULL, why[0] ? other : why);
        if (s->engine != ENGINE_UNKNOWN)
            break;
    }
    return r;
}

static const char *none_of(const struct metric_map *m, enum engine engine)
{
    return m->none && strcmp(m->engine, engine_name(engine)) == 0 ? m->none : NULL;
}

/* 1 and @why: this engine has no page, as its map says. */
static int has_none(const struct opening *o, char why[PAGE_WHY])
{
    const char *text, *name;

    for (size_t i = 0; map_embedded(&text, &name, i); i++) {
        AUTO(map_free) struct metric_map *m = NULL;
        int r = map_parse(&m, text, name, o->err);

        if (r < 0)
            return r;
        if (!none_of(m, o->setup->engine))
            continue;
        (void)snprintf(why, PAGE_WHY, "%s", none_of(m, o->setup->engine));
        return 1;
    }
    return 0;
}

static int open_engine(const struct opening *o)
{
    const struct facts f = {&o->out->facts, "engine"};
    char why[PAGE_WHY] = "";
    int r;

    if (o->setup->metrics_url)
        r = open_url(o, o->setup->metrics_url, NULL, why);
    else if (!o->setup->target)
        return facts_absent(&f, "metrics", "no target");
    else {
        r = has_none(o, why);
        if (r == 0)
            r = open_usual(o, why);
        else if (r == 1)
            r = 0;
    }
    return r == 0 ? facts_absent(&f, "metrics", "%s", why) : r;
}

static int open_exporter(const struct opening *o, const char *url, const char *map,
                         const char *scope)
{
    const struct facts f = {&o->out->facts, scope};
    char why[PAGE_WHY] = "";
    int r = url ? open_url(o, url, map, why) : 1;

    return r == 0 ? facts_absent(&f, "metrics", "%s", why) : r;
}

static int open_metrics(struct probe **ret, const struct probe_setup *s,
                        const struct probe_out *out, struct err *err)
{
    AUTO(close_metrics) struct probe *p = calloc(1, sizeof *p);
    const struct opening o = {p, s, out, err};
    int r;

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    r = open_engine(&o);
    if (r >= 0)
        r = open_exporter(&o, s->dcgm_url, "dcgm", "gpu");
    if (r >= 0)
        r = open_exporter(&o, s->node_url, "node", "node");
    if (r < 0)
        return r;
    *ret = p->count > 0 ? TAKE(p) : NULL;
    return 0;
}

static int64_t period_of_metrics(const struct probe_setup *s)
{
    return s->metrics_period_ns ? s->metrics_period_ns : s->period_ns;
}

static int sample_metrics(struct probe *p, int64_t now_ns)
{
    int r = 0;

    for (size_t i = 0; i < p->count && r == 0; i++)
        r = page_sample(p->pages[i], now_ns);
    return r;
}

static int finish_metrics(struct probe *p)
{
    int r = 0;

    for (size_t i = 0; i < p->count && r == 0; i++)
        r = page_finish(p->pages[i]);
    return r;
}

const struct probe_ops probe_metrics = {
    .name = "metrics",
    .open = open_metrics,
    .period_ns = period_of_metrics,
    .sample = sample_metrics,
    .finish = finish_metrics,
    .close = close_metrics,
};
