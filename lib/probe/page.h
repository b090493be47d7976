/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/page.h - one metrics page: found, scraped, told at the end. Private to
 * probe. */
#pragma once
#include "probe/http.h"
#include "probe/track.h"

enum { PAGE_WHY = 1024 }; /* room for words */

struct page;

struct page_place {
    const char *url;             /* absolute, without secrets: it stands in facts */
    const char *path;            /* for sources: "GET /metrics" */
    const char *key;             /* bearer, NULL: none */
    const struct probe_way *way; /* NULL: the usual one */
    const char *map;             /* name of the map; NULL: that of the engine whose page it is */
};

/* Scrapes it once. 1: *@ret is the page, and its facts are put; 0: it is none, for the reason in
 * @why. Negative: out of memory or a sink's error. */
NODISCARD int page_open(struct page **ret, const struct page_place *at, const struct probe_out *out,
                        char why[PAGE_WHY], struct err *err);
/* A scrape, of @now_ns; waits for its end, at most two seconds. */
NODISCARD int page_sample(struct page *p, int64_t now_ns);
/* A last scrape; totals, and how the scraping went. */
NODISCARD int page_finish(struct page *p);
void page_free(struct page *p); /* NULL is a no-op */
DEFINE_AUTO(struct page *, page_free)
