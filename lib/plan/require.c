/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/require.c - which facts a requirement is about, and what they say of it. */
#include "plan/require.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* What people call a thing, and which facts tell of it, the most telling first; "?" marks one that
 * only says why nothing is known. Any other name is
 * a fact's own: "SCOPE.NAME", or "NAME" of whichever scope has it. */
static const struct {
    const char *name;
    const char *facts[8]; /* patterns over "SCOPE.NAME" */
} names[] = {
    {"precision",
     {"model.precision", "target.quantization", "target.dtype", "target.model.ftype",
      "declared.precision", "declared.dtype", "declared.quantization"}},
    {"kv_cache.precision",
     {"model.kv_cache.type", "target.kv_cache.dtype", "declared.kv_cache.precision"}},
    {"model", {"target.models.0.id", "model.name", "declared.model"}},
    {"engine", {"target.engine.name", "declared.engine"}},
    {"engine.name", {"target.engine.name", "declared.engine.name"}},
    {"engine.version", {"target.engine.version", "engine.version", "declared.engine.version"}},
    {"gpu", {"gpu.*.name", "declared.gpu", "?gpu.nvml"}},
    {"gpu.count", {"gpu.count", "declared.gpu.count", "?gpu.nvml"}},
    {"driver", {"gpu.driver", "declared.driver", "?gpu.nvml"}},
    {"cuda", {"gpu.driver.cuda", "declared.cuda", "?gpu.nvml"}},
    {"cpu", {"host.cpu.model", "declared.cpu"}},
    {"cpu.governor", {"host.cpu.governor", "declared.cpu.governor"}},
    {"memory", {"host.memory.total_bytes", "declared.memory"}},
    {"kernel", {"host.kernel.release", "declared.kernel"}},
    {"os", {"host.os.name", "declared.os"}},
    {"arch", {"host.arch", "declared.arch"}},
    {"numa", {"host.numa.nodes", "declared.numa"}},
};

const char *require_outcome_name(enum require_outcome o)
{
    static const char *const words[] = {"met", "met by word only", "violated", "unknown"};

    assert((size_t)o < COUNT_OF(words));
    return words[o];
}

int require_outcome_parse(enum require_outcome *ret, const char *name)
{
    for (enum require_outcome o = REQUIRE_MET; o <= REQUIRE_UNKNOWN; o++)
        if (strcmp(name, require_outcome_name(o)) == 0) {
            *ret = o;
            return 0;
        }
    return -EINVAL;
}

/* What stands in the plan about facts is no fact. */
static bool is_about_others(const struct fact *f)
{
    return strcmp(f->scope, "require") == 0 || strcmp(f->scope, "asrun") == 0 ||
           strcmp(f->scope, "self_test") == 0;
}

/* Seen on this host by looking at it, not at the target. */
static bool is_of_this_host(const struct fact *f)
{
    return strcmp(f->scope, "host") == 0 || strcmp(f->scope, "cgroup") == 0 ||
           (strncmp(f->scope, "gpu", 3) == 0 && f->known != KNOWN_REPORTED);
}

struct search {
    const char *key;
    const char *const *patterns; /* of the names above; NULL: by the key itself */
    const struct fact *facts;
    size_t count;
    bool here;
    bool elsewhere; /* there were facts, but of the wrong host */
};

static bool is_named(const struct search *s, const struct fact *f, const char *pattern)
{
    char full[256];

    (void)snprintf(full, sizeof full, "%s.%s", f->scope, f->name);
    if (pattern)
        return fnmatch(pattern, full, 0) == 0;
    return fnmatch(s->key, full, 0) == 0 || strcmp(s->key, f->name) == 0;
}

/* Whether @f counts: of the right name, and of the right host. */
static bool counts(struct search *s, const struct fact *f, const char *pattern)
{
    bool by_scope =
        strncmp(s->key, f->scope, strlen(f->scope)) == 0 && s->key[strlen(f->scope)] == '.';

    if (is_about_others(f) || !is_named(s, f, pattern))
        return false;
    if (s->here || !is_of_this_host(f) || (by_scope && strcmp(f->scope, "host") == 0))
        return true;
    s->elsewhere = true;
    return false;
}

static int strength(enum known k) /* 0: measured; 1: somebody's word; 2: the user's own */
{
    return k == KNOWN_MEASURED || k == KNOWN_DERIVED     ? 0
           : k == KNOWN_REPORTED || k == KNOWN_PUBLISHED ? 1
           : k == KNOWN_DECLARED                         ? 2
                                                         : 3;
}

static bool is_precision(const char *key)
{
    size_t n = strlen(key), m = strlen("precision");

    return (n >= m && strcmp(key + n - m, "precision") == 0) || strstr(key, "dtype");
}

/* 1: any of what is wanted holds; 0: none; -1: nothing can be told. */
static int any_holds(const struct plan_require *q, const struct fact *f)
{
    int holds = -1;

    for (size_t i = 0; i < q->count; i++) {
        int one =
            require_holds(q->wanted[i], f->value, f->unit ? f->unit : "", is_precision(q->key));

        if (one == 1)
            return 1;
        holds = one == 0 ? 0 : holds;
    }
    return holds;
}

/* The facts of one name and one strength together: true when there were any. */
static bool judge(struct require_found *ret, struct search *s, const struct plan_require *q,
                  const char *pattern, int how)
{
    bool any = false;

    for (size_t i = 0; i < s->count; i++) {
        const struct fact *f = &s->facts[i];
        int holds;

        if (!f->value || strength(f->known) != how || !counts(s, f, pattern))
            continue;
        holds = any_holds(q, f);
        if (holds == 1 && any)
            continue;
        any = true;
        *ret =
            (struct require_found){.outcome = holds == 1 ? how == 0 ? REQUIRE_MET : REQUIRE_BY_WORD
                                              : holds == 0 ? REQUIRE_VIOLATED
                                                           : REQUIRE_UNKNOWN,
                                   .fact = f};
        if (ret->outcome == REQUIRE_VIOLATED)
            break;
    }
    return any;
}

static const struct fact *absent(struct search *s, const char *pattern)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->facts[i].value && counts(s, &s->facts[i], pattern))
            return &s->facts[i];
    return NULL;
}

static const char *pattern_at(const struct search *s, size_t i)
{
    return s->patterns && i < COUNT_OF(names[0].facts) ? s->patterns[i] : NULL;
}

struct require_found require_find(const struct plan_require *q, const struct fact *facts,
                                  size_t count, bool here)
{
    struct search s = {.key = q->key, .facts = facts, .count = count, .here = here};
    struct require_found found = {.outcome = REQUIRE_UNKNOWN};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i].name, q->key) == 0)
            s.patterns = names[i].facts;
    for (int how = 0; how < 3; how++) {
        for (size_t i = 0; pattern_at(&s, i); i++)
            if (*pattern_at(&s, i) != '?' && judge(&found, &s, q, pattern_at(&s, i), how))
                return found;
        if (judge(&found, &s, q, NULL, how))
            return found;
    }
    for (size_t i = 0; pattern_at(&s, i) && !found.fact; i++)
        found.fact = absent(&s, pattern_at(&s, i) + (*pattern_at(&s, i) == '?'));
    if (!found.fact)
        found.fact = absent(&s, NULL);
    found.why = s.elsewhere ? "this host's own facts are not the target's, which is elsewhere"
                            : "no fact of that name was observed or declared";
    return found;
}

void require_wanted(struct str *out, const struct plan_require *q)
{
    for (size_t i = 0; i < q->count; i++)
        str_addf(out, "%s%s", i ? " or " : "", q->wanted[i]);
}
