/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/reading.h - what the parts of the plan's parser share; not for other modules. */
#pragma once
#include "base/json.h"
#include "plan/keys.h"
#include "plan/plan.h"
#include "plan/tree.h"

struct reading {
    struct plan *plan;
    const char *name; /* of the file, for messages */
    struct err *err;
    const struct node *seen[KEY_MAX]; /* where each key of the table was given */
    bool step;                        /* one step is read: its sweep or search is left out */
};

/* -EINVAL with "FILE:LINE: KEY: ..."; @n NULL: the first line. */
int reading_fail(struct reading *r, const struct node *n, const char *key, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int reading_no_memory(struct reading *r);

/* Sets the field of @k in @base (the plan, or an entry of a list) from @n; @shown is its name in
 * messages. */
NODISCARD int value_set(struct reading *r, const struct key *k, const char *shown,
                        const struct node *n, void *base);
/* The same from the key's own default. */
NODISCARD int value_default(struct reading *r, const struct key *k, void *base);
/* The value as the effective plan has it; null where it is not stated. */
json_t *value_json(const struct key *k, const void *base);
/* Shortest decimal text that reads back as @v. */
struct number_text {
    char text[40];
} number_text(double v);

/* Lists and maps: KEY_TEXTS, KEY_MAP, KEY_GOOD, KEY_EXPECT. */
NODISCARD int list_set(struct reading *r, const struct key *k, const char *shown,
                       const struct node *n, void *base);
json_t *list_json(const struct key *k, const void *base);

/* load.stages. */
NODISCARD int stages_set(struct reading *r, const struct key *k, const char *shown,
                         const struct node *n, void *base);
json_t *stage_json(const struct plan_stage *s);

/* workload.mix. */
NODISCARD int mix_set(struct reading *r, const struct key *k, const char *shown,
                      const struct node *n, void *base);
json_t *component_json(const struct plan_component *c);
NODISCARD int check_mix(struct reading *r);

/* load.hang_up.after. */
NODISCARD int patience_set(struct reading *r, const struct key *k, const char *shown,
                           const struct node *n, void *base);
json_t *patience_json(const struct plan_patience *p);

/* sweep.over, and what a sweep or a search makes of the other keys. */
NODISCARD int sweep_set(struct reading *r, const struct key *k, const char *shown,
                        const struct node *n, void *base);
void swept_put(json_t *map, const struct plan_swept *s);
/* A plan with a sweep or a search stands for its first step; a step has neither. */
NODISCARD int steps_prepare(struct reading *r, struct node *root);
NODISCARD int steps_check(struct reading *r);
/* Sets one key of the tree, as a flag does. */
NODISCARD int reading_override(struct reading *r, struct node *root, const struct plan_override *o);
/* plan_load() with everything; @path "" if there is no file. */
NODISCARD int plan_read(struct plan **ret, const char *text, const char *path, const char *name,
                        const struct plan_override *overrides, size_t override_count, bool step,
                        struct err *err);

/* workload.sessions.turns. */
NODISCARD int turns_set(struct reading *r, const struct key *k, const char *shown,
                        const struct node *n, void *base);
json_t *turns_json(const struct key *k, const void *base);

/* Whatever looks like a secret, anywhere in the plan. */
NODISCARD int secrets_check(struct reading *r, const struct node *root);
/* URLs, secrets and headers. */
NODISCARD int url_check(struct reading *r, const char *shown, const struct node *n);
NODISCARD int secret_set(struct reading *r, const struct key *k, const char *shown,
                         const struct node *n, void *base);
NODISCARD int headers_check(struct reading *r, const char *shown, const struct node *map);

/* The limits of gates@1 with the plan's changes. */
NODISCARD int gates_read(struct reading *r);

/* -EINVAL: @words of @key, where it or its group was given. */
int check_fail(struct reading *r, const char *key, const char *words);
/* Where @key was given with a value; NULL: nowhere, or as null. */
const struct node *check_given(const struct reading *r, const char *key);
/* What does not go with target.api, and what it leaves unsaid. */
NODISCARD int check_api(struct reading *r);
/* Contradictions in how the load arrives: stages, hang-ups; in how its sending is stamped. */
NODISCARD int check_stages(struct reading *r);
NODISCARD int check_hang_up(struct reading *r);
NODISCARD int check_send_stamps(struct reading *r);
/* target.body. */
NODISCARD int extra_set(struct reading *r, const struct key *k, const char *shown,
                        const struct node *n, void *base);
json_t *extra_json(const char *text);

/* stack.require and system.require. */
NODISCARD int require_set(struct reading *r, const struct key *k, const char *shown,
                          const struct node *n, void *base);
void require_put(json_t *map, const struct plan_require *q);

/* target.unix_socket, source_addresses and proxy. */
NODISCARD int route_check(struct reading *r);
/* load.witness. */
NODISCARD int witness_check(struct reading *r);
/* probe. */
NODISCARD int probe_check(struct reading *r);
/* Contradictions of workload.sessions. */
NODISCARD int check_sessions(struct reading *r);
/* Contradictions between keys, and the profile. Resolves load.arrivals. */
NODISCARD int plan_check(struct reading *r);

/* All keys in table order, defaults written out. NULL: no memory. */
json_t *plan_json(const struct plan *p);
