/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/mix.c - workload.mix: read, checked, written out. */
#include "plan/api.h"
#include "plan/reading.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char entry[] = "workload.mix[]";

static const struct key *entry_key(const char *leaf)
{
    char name[80];

    (void)snprintf(name, sizeof name, "%s.%.40s", entry, leaf);
    return key_find(name);
}

static bool is_entry_key(const struct key *k)
{
    return strncmp(k->name, entry, sizeof entry - 1) == 0 && k->name[sizeof entry - 1] == '.';
}

static int set_defaults(struct reading *r, struct plan_component *c)
{
    const struct key *k;
    int rc = 0;

    for (size_t i = 0; (k = key_at(i)) && rc == 0; i++)
        rc = is_entry_key(k) ? value_default(r, k, c) : 0;
    return rc;
}

static int set_component(struct reading *r, const char *shown, const struct node *n,
                         struct plan_component *ret)
{
    int rc = set_defaults(r, ret);

    if (n->kind != NODE_MAP)
        return reading_fail(r, n, shown, "must be a map; write {name: chat, share: 70%%, ...}");
    for (const struct node *c = n->child; c && rc == 0; c = c->next) {
        const struct key *k = entry_key(c->key);
        char name[120], known[160];

        (void)snprintf(name, sizeof name, "%.60s.%.40s", shown, c->key);
        if (k) {
            rc = value_set(r, k, name, c, ret);
            continue;
        }
        key_siblings(known, sizeof known, entry);
        return reading_fail(r, c, name, "is not a key here; known here: %s", known);
    }
    return rc;
}

int mix_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
            void *base)
{
    struct plan_component *list;
    size_t count = 0;

    for (const struct node *c = n->child; c; c = c->next)
        count++;
    if (count == 1 || count > PLAN_MAX_COMPONENTS)
        return reading_fail(r, n, shown, "has %zu entries; a mix is of 2 to %d", count,
                            PLAN_MAX_COMPONENTS);
    list = arena_alloc(&r->plan->arena, count * sizeof *list);
    if (!list)
        return reading_no_memory(r);
    count = 0;
    for (const struct node *c = n->child; c; c = c->next, count++) {
        char name[96];
        int rc;

        (void)snprintf(name, sizeof name, "%.60s[%zu]", shown, count);
        rc = set_component(r, name, c, &list[count]);
        if (rc < 0)
            return rc;
    }
    memcpy((char *)base + k->field, &list, sizeof list);
    memcpy((char *)base + k->field2, &count, sizeof count);
    return 0;
}

json_t *component_json(const struct plan_component *c)
{
    json_t *j = json_object();
    const struct key *k;

    for (size_t i = 0; (k = key_at(i)); i++)
        if (is_entry_key(k))
            json_put(j, key_leaf(k->name), value_json(k, c));
    return j;
}

static int fail(struct reading *r, size_t i, const char *words)
{
    char text[220];

    (void)snprintf(text, sizeof text, "[%u] (%.40s) %.120s", (unsigned)i, r->plan->mix[i].name,
                   words);
    return check_fail(r, "workload.mix", text);
}

static bool named_before(const struct plan *p, size_t i)
{
    for (size_t other = 0; other < i; other++)
        if (strcmp(p->mix[other].name, p->mix[i].name) == 0)
            return true;
    return false;
}

static int check_component(struct reading *r, size_t i)
{
    const struct plan_component *c = &r->plan->mix[i];
    bool fixed = c->fixed_input || c->fixed_output || c->shared_prefix;

    if (!*c->name)
        return fail(r, i, "has no name; add name: chat");
    if (named_before(r->plan, i))
        return fail(r, i, "has the name of another; names tell them apart");
    if (!*c->profile && !fixed)
        return fail(r, i,
                    "has neither profile nor lengths; add profile: NAME, or input_tokens "
                    "and output_tokens");
    if (*c->profile && fixed)
        return fail(r, i, "has profile and lengths; keep one");
    if (!*c->profile && *c->profile_digest)
        return fail(r, i, "has the digest of no profile; leave it out");
    if (c->fixed_output && !plan_asks_output(r->plan))
        return fail(r, i, "has output_tokens, but nothing asks for them; leave it out");
    if (fixed && (!c->fixed_input || (!c->fixed_output && plan_asks_output(r->plan))))
        return fail(r, i, "lacks a length; say input_tokens and output_tokens");
    if (c->shared_prefix > c->fixed_input)
        return fail(r, i, "shares a prefix longer than its prompt; at most input_tokens");
    return 0;
}

/* A replay has the profiles' own arrivals and so their own shares; what is drawn has neither. */
static int check_shares(struct reading *r)
{
    const struct plan *p = r->plan;
    bool replay = p->load.arrivals == ARRIVALS_REPLAY;
    double sum = 0;

    for (size_t i = 0; i < p->mix_count; i++) {
        sum += p->mix[i].share;
        if (replay && !*p->mix[i].profile)
            return fail(r, i,
                        "has no arrivals to replay; write load.arrivals: poisson, gamma, "
                        "constant or closed");
        if (replay && p->mix[i].share > 0)
            return fail(r, i,
                        "has a share, but a replay takes all rows; leave it out, or write "
                        "load.arrivals");
        if (!replay && !(p->mix[i].share > 0))
            return fail(r, i, "has no share; say of how many requests: 30%");
    }
    if (!replay && fabs(sum - 1) > 1e-6)
        return check_fail(r, "workload.mix", "has shares that do not add up to 100%");
    return 0;
}

static int check_around(struct reading *r)
{
    const struct plan *p = r->plan;
    bool profile = false;

    for (size_t i = 0; i < p->mix_count; i++)
        profile = profile || *p->mix[i].profile;
    if (!profile && (p->slice_for_ns || p->slice_from_ns))
        return check_fail(r, "workload.slice.for",
                          "cuts profiles, but the mix has none; leave it out");
    if (!profile && p->scale_lengths != 1)
        return check_fail(r, "workload.scale.lengths",
                          "scales profiles, but the mix has none; write the lengths themselves");
    if (p->load.arrivals != ARRIVALS_REPLAY && p->scale_rate != 1)
        return check_fail(r, "workload.scale.rate", "is for the replay of a mix; write load.rate");
    if (p->load.arrivals != ARRIVALS_REPLAY && p->load.arrivals != ARRIVALS_CLOSED &&
        p->load.rate_per_s <= 0 && p->load.stage_count == 0)
        return check_fail(r, "load.rate", "is missing; a mix has no rate of its own");
    return 0;
}

/* Finds each profile, and pins what it holds. */
static int check_profiles(struct reading *r)
{
    struct plan *p = r->plan;

    for (size_t i = 0; i < p->mix_count; i++) {
        AUTO(profile_release) struct profile profile = {0};
        struct plan_component *c = &p->mix[i];
        struct err why = {0};
        int rc;

        if (!*c->profile || *c->profile_digest)
            continue;
        rc = plan_profile_named(&profile, p, c->profile, c->profile_digest, &why);
        if (rc < 0)
            return rc == -ENOMEM ? reading_no_memory(r) : fail(r, i, why.text);
        c->profile_digest = arena_strdup(&p->arena, digest_hex(&profile.digest).text);
        if (!c->profile_digest)
            return reading_no_memory(r);
        if (profile.learned && p->load.arrivals == ARRIVALS_REPLAY)
            return fail(r, i,
                        "is learned and has no rows to replay; write load.arrivals: poisson, "
                        "gamma, constant or closed");
    }
    return 0;
}

int check_mix(struct reading *r)
{
    int rc = 0;

    if (r->plan->mix_count == 0)
        return 0;
    for (size_t i = 0; i < r->plan->mix_count && rc == 0; i++)
        rc = check_component(r, i);
    if (rc == 0)
        rc = check_shares(r);
    if (rc == 0)
        rc = check_around(r);
    return rc == 0 ? check_profiles(r) : rc;
}
