/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/require.c - what the plan requires, held against everything that is known before the
 * first request. */
#include "plan/require.h"
#include "base/fs.h"
#include "run/inside.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* An address that one can bind to is one of this host. */
static bool is_own_address(const struct load_target *t)
{
    struct sockaddr_storage at = t->address;
    AUTO(fd_close) int fd = -1;

    if (at.ss_family == AF_UNIX)
        return true;
    if (at.ss_family == AF_INET)
        ((struct sockaddr_in *)&at)->sin_port = 0;
    else
        ((struct sockaddr_in6 *)&at)->sin6_port = 0;
    fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&at, t->address_len) == 0;
}

static bool is_here(const struct target *t)
{
    return !t->route.proxy[0] && is_own_address(&t->address);
}

int target_put_here(const struct target *t, struct fact_list *facts)
{
    return fact_list_put(facts, "target", "on_this_host", "whether its address can be bound to",
                         KNOWN_MEASURED, "%s", is_here(t) ? "yes" : "no");
}

struct requiring {
    struct run *run;
    struct endpoint *endpoint;
    const struct plan *plan;
    struct fact *facts; /* of the run and of the endpoint; the texts are theirs */
    size_t count;
    bool here;
    struct str violated;
};

static bool is_of_engine(const struct fact *f)
{
    return strcmp(f->scope, "model") == 0 || strncmp(f->scope, "engine", 6) == 0;
}

/* The probes look at the first target only: what they say of its engine is not of another's. */
static bool is_watched(const struct requiring *q)
{
    const struct target *t = &q->endpoint->target, *first = &q->run->endpoints[0]->target;

    return strcmp(t->route.proxy, first->route.proxy) == 0 &&
           t->address.address_len == first->address.address_len &&
           memcmp(&t->address.address, &first->address.address, t->address.address_len) == 0;
}

static int gather(struct requiring *q, struct err *err)
{
    const struct fact_list *run = &q->run->facts, *own = &q->endpoint->facts;
    bool watched = is_watched(q);

    q->facts = calloc(run->count + own->count + 1, sizeof *q->facts);
    if (!q->facts)
        return err_set(err, -ENOMEM, "out of memory for facts");
    for (size_t i = 0; i < run->count; i++)
        if (watched || !is_of_engine(&run->items[i]))
            q->facts[q->count++] = run->items[i];
    for (size_t i = 0; i < own->count; i++)
        q->facts[q->count++] = own->items[i];
    return 0;
}

/* "wants bf16; model.precision is Q4_0 (declared: plan)" */
static void words_of(struct str *out, const struct plan_require *want,
                     const struct require_found *found)
{
    const struct fact *f = found->fact;

    str_add(out, "wants ");
    require_wanted(out, want);
    if (f && f->value)
        str_addf(out, "; %s.%s is %.80s (%s: %.80s)", f->scope, f->name, f->value,
                 known_name(f->known), f->source);
    else if (f)
        str_addf(out, "; %s.%s is not known: %.80s", f->scope, f->name, f->source);
    else
        str_addf(out, "; %s", found->why);
}

static int put(struct requiring *q, const char *name, const struct require_found *found,
               const char *words)
{
    bool unknown = found->outcome == REQUIRE_UNKNOWN;
    const struct fact fact = {.scope = "require",
                              .name = name,
                              .value = unknown ? NULL : require_outcome_name(found->outcome),
                              .source = words,
                              .known = unknown ? KNOWN_UNKNOWN : found->fact->known,
                              .time_ns = TIME_NONE};

    return fact_list_add(&q->endpoint->facts, &fact);
}

static int require_one(struct requiring *q, const char *group, const struct plan_require *want,
                       struct err *err)
{
    struct require_found found = require_find(want, q->facts, q->count, q->here);
    AUTO(str_release) struct str words = {0}, name = {0};

    str_addf(&name, "%s.%s", group, want->key);
    words_of(&words, want, &found);
    if (!str_ok(&words) || !str_ok(&name) || put(q, name.data, &found, words.data) < 0)
        return err_set(err, -ENOMEM, "out of memory for facts");
    if (found.outcome != REQUIRE_MET)
        run_say(q->run, "required: %s is %s: %s", name.data, require_outcome_name(found.outcome),
                words.data);
    if (found.outcome == REQUIRE_VIOLATED && q->violated.len == 0)
        str_addf(&q->violated, "%s.require.%s is violated: the plan %s", group, want->key,
                 words.data);
    return 0;
}

static int require_group(struct requiring *q, const char *group, const struct plan_require *wants,
                         size_t n, struct err *err)
{
    int failed = 0;

    for (size_t i = 0; i < n && failed == 0; i++)
        failed = require_one(q, group, &wants[i], err);
    return failed;
}

static int require_of(struct run *r, struct endpoint *e, const struct plan *p, struct err *err)
{
    struct requiring q = {.run = r, .endpoint = e, .plan = p, .here = is_here(&e->target)};
    int failed = target_put_here(&e->target, &e->facts);

    failed = failed < 0 ? err_set(err, failed, "out of memory for facts") : gather(&q, err);
    if (failed == 0)
        failed = require_group(&q, "stack", p->stack_require, p->stack_require_count, err);
    if (failed == 0)
        failed = require_group(&q, "system", p->system_require, p->system_require_count, err);
    if (failed == 0 && q.violated.len > 0 && p->on_violation == ON_VIOLATION_STOP)
        failed = err_set(err, -ENOTSUP, "%s; nothing was sent", q.violated.data);
    str_release(&q.violated);
    free(q.facts);
    return failed;
}

int run_require(struct run *r, struct err *err)
{
    int failed = 0;

    for (size_t k = 0; k < r->endpoint_count && failed == 0; k++)
        for (size_t i = 0; i < r->step_count; i++)
            if (r->steps[i]->endpoint == k) {
                failed = require_of(r, r->endpoints[k], r->steps[i]->plan, err);
                break;
            }
    return failed;
}
