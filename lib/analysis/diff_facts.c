/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/diff_facts.c - the facts of two runs, side by side. */
#include "analysis/diff_parts.h"
#include "base/units.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first pattern over "SCOPE.NAME" that fits says how telling a fact is. */
static const struct {
    const char *pattern;
    enum diff_tier tier;
} tiers[] = {
    {"self_test.*", DIFF_IGNORED},
    {"require.*", DIFF_IGNORED},
    {"probe.*", DIFF_IGNORED},
    {"engine.dispatch.*", DIFF_IGNORED},   /* compared as what it is */
    {"engine.gpu.kernels*", DIFF_IGNORED}, /* counts: no two runs have the same */
    {"engine.gpu.processes*", DIFF_IGNORED},
    {"gpu*.clock.event", DIFF_IGNORED}, /* a condition, at one moment */
    {"*.pid", DIFF_IGNORED},
    {"*.ppid", DIFF_IGNORED},
    {"*.pids", DIFF_IGNORED},
    {"*.tids", DIFF_IGNORED},
    {"*.started", DIFF_IGNORED},
    {"*.started_*", DIFF_IGNORED},
    {"*.start_time*", DIFF_IGNORED},
    {"*.uptime*", DIFF_IGNORED},
    {"*.inode", DIFF_IGNORED},
    {"*.address", DIFF_IGNORED},
    {"*.addresses", DIFF_IGNORED},
    {"*.address.*", DIFF_IGNORED},
    {"*.port", DIFF_IGNORED},
    {"*.ports.*", DIFF_IGNORED},
    {"*.load.average", DIFF_IGNORED},
    {"*.memory.available_bytes", DIFF_IGNORED},
    {"*.temperature*", DIFF_IGNORED},
    {"host.clock.error*", DIFF_IGNORED},
    {"prompts.*", DIFF_INCIDENTAL},
    {"target.endpoint.*", DIFF_INCIDENTAL},
    {"target.http.server", DIFF_INCIDENTAL},
    {"target.on_this_host", DIFF_SYSTEM},
    {"target.engine.*", DIFF_ENGINE},
    {"engine.program*", DIFF_ENGINE},
    {"engine.cpu_variant", DIFF_ENGINE},
    {"engine.library.*", DIFF_ENGINE},
    {"engine.package.*", DIFF_ENGINE},
    {"engine.process.executable*", DIFF_ENGINE},
    {"engine.process.container.*", DIFF_ENGINE},
    {"engine.gpu.*", DIFF_ENGINE},
    {"gpu.driver*", DIFF_ENGINE},
    {"gpu.amd.driver*", DIFF_ENGINE},
    {"model.*", DIFF_ENGINE},
    {"target.model*", DIFF_ENGINE},
    {"target.dtype", DIFF_ENGINE},
    {"target.quantization", DIFF_ENGINE},
    {"*.precision", DIFF_ENGINE},
    {"target.*", DIFF_STACK},
    {"engine*", DIFF_STACK},
    {"declared.*", DIFF_STACK},
    {"host.numa.*.memory_bytes", DIFF_INCIDENTAL}, /* grows in a guest, as it is given more */
    {"gpu*", DIFF_SYSTEM},
    {"host.*", DIFF_SYSTEM},
    {"cgroup.*", DIFF_SYSTEM},
    {"asrun.*", DIFF_SYSTEM},
};

enum diff_tier diff_fact_tier(const char *full)
{
    for (size_t i = 0; i < COUNT_OF(tiers); i++)
        if (fnmatch(tiers[i].pattern, full, 0) == 0)
            return tiers[i].tier;
    return DIFF_INCIDENTAL;
}

static const char *part_of(enum diff_tier tier)
{
    return tier == DIFF_ENGINE || tier == DIFF_STACK ? "stack"
           : tier == DIFF_SYSTEM                     ? "system"
                                                     : "other";
}

/* Without these nobody can say that two runs had one stack. */
static bool is_telling(const char *full)
{
    return strcmp(full, "target.engine.name") == 0 || strcmp(full, "target.engine.version") == 0;
}

static int compare_names(const struct fact *a, const struct fact *b)
{
    int r = strcmp(a->scope, b->scope);

    return r ? r : strcmp(a->name, b->name);
}

struct placed { /* a fact and where it stood */
    const struct fact *fact;
    size_t at;
};

static int by_name(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;
    int r = compare_names(a->fact, b->fact);

    return r ? r : a->at < b->at ? -1 : 1;
}

struct sorted { /* by name; of several of one name the first that is known */
    struct fact_list list;
    struct placed *items;
    size_t count;
};

static void sorted_release(struct sorted *s)
{
    fact_list_release(&s->list);
    free(s->items);
}
DEFINE_AUTO_HELD(struct sorted, sorted_release)

static int sorted_read(struct sorted *s, struct evidence *e, struct err *err)
{
    struct fact_sink sink = fact_list_sink(&s->list);
    int r = evidence_each_fact(e, sink.put, sink.ctx, err);

    if (r < 0)
        return r;
    s->items = calloc(s->list.count + 1, sizeof *s->items);
    if (!s->items)
        return -ENOMEM;
    for (size_t i = 0; i < s->list.count; i++)
        s->items[i] = (struct placed){&s->list.items[i], i};
    qsort(s->items, s->list.count, sizeof *s->items, by_name);
    for (size_t i = 0; i < s->list.count; i++) {
        struct placed *last = s->count > 0 ? &s->items[s->count - 1] : NULL;

        if (last && compare_names(last->fact, s->items[i].fact) == 0) {
            if (!last->fact->value)
                *last = s->items[i];
        } else
            s->items[s->count++] = s->items[i];
    }
    return 0;
}

/* A port, which the system chose: digits behind "--port" or behind the colon of an address. */
static size_t port_at(const char *text, const char *at)
{
    static const char flag[] = "--port";
    size_t n = strspn(at, "0123456789"), m = sizeof flag; /* and a space or "=" */

    if (n < 2 || n > 5 || at == text)
        return 0;
    if (at[-1] == ':')
        return n;
    return (size_t)(at - text) >= m && strncmp(at - m, flag, m - 1) == 0 && strchr(" =", at[-1])
               ? n
               : 0;
}

/* Whether two texts are the same but for ports. */
static bool is_same(const char *a, const char *b)
{
    const char *x = a, *y = b;

    while (*x && *y) {
        size_t n = port_at(a, x), m = port_at(b, y);

        if (n > 0 && m > 0) {
            x += n;
            y += m;
        } else if (*x++ != *y++)
            return false;
    }
    return *x == *y;
}

/* A number that was first known during the run is what the run came to, as a metric is. */
static bool is_outcome(const struct fact *a, const struct fact *b)
{
    const struct fact *any = a && a->value ? a : b;
    double v;

    return any && any->value && any->time_ns != TIME_NONE && units_double(&v, any->value) == 0;
}

static struct diff_side side(const struct fact *f)
{
    return f && f->value ? (struct diff_side){f->value, known_name(f->known)}
                         : (struct diff_side){NULL, NULL};
}

/* Why a side is unknown; static words where it was not even looked for. */
static void say_why(char *buf, size_t size, const struct fact *a, const struct fact *b)
{
    const struct fact *blank = !a || !a->value ? a : b;

    if ((a && a->value) || (b && b->value))
        (void)snprintf(buf, size, "unknown in %s: %.120s", !a || !a->value ? "A" : "B",
                       blank ? blank->source : "not looked for, or not there");
    else
        (void)snprintf(buf, size, "unknown in A and B: %.120s", a ? a->source : b->source);
}

static int add_pair(struct diff *d, const struct fact *a, const struct fact *b)
{
    const struct fact *any = a ? a : b;
    struct diff_item item = {.a = side(a), .b = side(b), .unit = any->unit};
    char full[256], why[180] = "";
    bool both = item.a.value && item.b.value;

    (void)snprintf(full, sizeof full, "%s.%s", any->scope, any->name);
    item.tier = diff_fact_tier(full);
    if (item.tier == DIFF_IGNORED || is_outcome(a, b)) {
        d->ignored++;
        return 0;
    }
    item.state = !both                                 ? DIFF_UNKNOWN
                 : is_same(item.a.value, item.b.value) ? DIFF_SAME
                                                       : DIFF_DIFFERS;
    if (!both)
        say_why(why, sizeof why, a, b);
    item.part = part_of(item.tier);
    item.name = full;
    item.why = why;
    item.telling =
        is_telling(full) || (item.tier == DIFF_ENGINE && !both && (item.a.value || item.b.value));
    return diff_add(d, &item);
}

int diff_facts(struct diff *d, struct evidence *a, struct evidence *b, struct err *err)
{
    AUTO(sorted_release) struct sorted x = {0}, y = {0};
    size_t i = 0, k = 0;
    int r = sorted_read(&x, a, err);

    if (r == 0)
        r = sorted_read(&y, b, err);
    while (r == 0 && (i < x.count || k < y.count)) {
        const struct fact *f = i < x.count ? x.items[i].fact : NULL;
        const struct fact *g = k < y.count ? y.items[k].fact : NULL;
        int order = !f ? 1 : !g ? -1 : compare_names(f, g);

        r = add_pair(d, order <= 0 ? f : NULL, order >= 0 ? g : NULL);
        i += order <= 0;
        k += order >= 0;
    }
    return r;
}
