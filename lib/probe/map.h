/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/probe/map.h - how the families of an engine's metrics page become our names: the files of
 * lib/probe/maps, embedded at build. docs/formats/metrics-maps.md describes them; private to probe.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"

enum { MAP_FROM = 4, MAP_ENTRIES = 96, MAP_RANKS = 4 };

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER };
enum metric_across { ACROSS_SUM, ACROSS_MAX, ACROSS_MEAN };

/* One of our series. A histogram of a map file is two of these: NAME.sum and NAME.count. */
struct metric_entry {
    const char *name;  /* dotted: queue.depth */
    const char *unit;  /* of the value after @scale; a counter's series has it a second */
    const char *total; /* name of the fact of a counter's growth over the run, NULL: none */
    const char *note;  /* what the reader must know, NULL: nothing */
    enum metric_kind kind;
    enum metric_across across; /* of the samples that differ in labels */
    double scale;
    bool lazy;                      /* the engine shows the family from its first count on */
    const char *from[MAP_FROM + 1]; /* exact names; the first that a page has is taken */
    const char *label, *value;      /* only samples with this label; NULL: all */
};

struct metric_label { /* a fact that stands in a label: cache_config_info{block_size="16"} */
    const char *name, *unit, *from, *label;
};

struct metric_ratio { /* derived, of two counters' growth over the run */
    const char *name, *of, *over;
};

struct metric_map {
    struct arena words;
    const char *id;                   /* "vllm@1": name and version */
    const char *engine;               /* as engine_name() has it */
    const char *scope;                /* of its series; with @index: "gpu" -> gpu.0 */
    const char *index;                /* the label that numbers the scopes; NULL: there is one */
    const char *none;                 /* why there is nothing to scrape; NULL: there is */
    const char *ranks[MAP_RANKS + 1]; /* labels: ranks that tell the same, each of them */
    const char *without;              /* samples with this label are left out; NULL: none */
    struct metric_entry entries[MAP_ENTRIES];
    size_t entry_count;
    struct metric_label labels[16];
    size_t label_count;
    struct metric_ratio ratios[8];
    size_t ratio_count;
};

/* The @i-th embedded map's text and name ("vllm"); false behind the last. */
bool map_embedded(const char **text, const char **name, size_t i);
/* Reads a map file; @where names it in errors. -EINVAL: what is wrong with it. *@ret is the
 * caller's, to be freed by map_free(). */
NODISCARD int map_parse(struct metric_map **ret, const char *text, const char *where,
                        struct err *err);
void map_free(struct metric_map *m); /* NULL is a no-op */
DEFINE_AUTO(struct metric_map *, map_free)
/* The entry of that name, or NULL. */
const struct metric_entry *map_entry(const struct metric_map *m, const char *name);
