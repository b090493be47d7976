/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/keys.h - the one table of a plan's keys. Parser, dotted flags, effective plan, the table
 * in docs/formats/plan.md and schema/plan.schema.json all follow it; nothing else lists keys.
 *
 * A name is dotted ("load.rate"); what holds other keys ("load") has no row of its own. Rows named
 * "good[].metric" are the keys of one entry of the list "good": their field is in struct plan_good.
 */
#pragma once
#include "base/base.h"

enum key_type {
    KEY_VERSION,    /* the number 1; not stored */
    KEY_TEXT,       /* const char *; of @choices where there are any */
    KEY_WORD,       /* one of @choices; not stored */
    KEY_URL,        /* const char *: an http URL without user info */
    KEY_METRIC,     /* const char *: a definition id */
    KEY_DIGEST,     /* const char *: 64 hex digits */
    KEY_DURATION,   /* int64_t, ns */
    KEY_RATE,       /* double, per second */
    KEY_RATIO,      /* double */
    KEY_NUMBER,     /* double */
    KEY_PERCENTILE, /* double; not stated: NAN, the mean */
    KEY_COUNT,      /* int32_t */
    KEY_COUNT64,    /* int64_t */
    KEY_SEED,       /* uint64_t */
    KEY_BOOL,       /* bool */
    KEY_TRISTATE,   /* enum tristate */
    KEY_ENUM,       /* unsigned: position in @choices */
    KEY_SECRET,     /* two const char *: the variable at @field, the file at @field2 */
    KEY_WARM_UP,    /* exclude.warm_up and its two fields */
    KEY_THINK,      /* int64_t, ns; bool at @field2: the mean of an exponential distribution */
    KEY_PATIENCE,   /* struct plan_patience */
    KEY_TURNS,      /* struct plan_turns */
    KEY_TEXTS,      /* const char **, size_t at @field2 */
    KEY_MAP,        /* struct plan_pair *, size_t at @field2 */
    KEY_REQUIRE,    /* struct plan_require *, size_t at @field2 */
    KEY_BODY,       /* const char *: a JSON object, canonical; "": none */
    KEY_GOOD,       /* struct plan_good *, size_t at @field2 */
    KEY_EXPECT,     /* struct plan_expect *, size_t at @field2 */
    KEY_STAGES,     /* struct plan_stage *, size_t at @field2 */
    KEY_MIX,        /* struct plan_component *, size_t at @field2 */
    KEY_SWEEP,      /* struct plan_swept *, size_t at @field2 */
    KEY_RAMP,       /* of a stage: two double, from and to */
    KEY_SLOTS,      /* of a stage: two int32_t, from and to */
    KEY_LIMIT,      /* double in the unit of the entry's metric; bool at @field2, if any */
    KEY_SLO,        /* struct plan_slo *, size_t at @field2 */
};

enum { KEY_NO_FIELD = -1, KEY_MAX = 160 };

struct key {
    const char *name;
    enum key_type type;
    const char *fallback; /* the default, as a user would write it; NULL: not stated */
    double min, max;      /* of the stored number; both 0: no range */
    const char *const *choices;
    long field, field2; /* offsets into the struct it is stored in */
    const char *help;
};

const struct key *key_find(const char *name);
const struct key *key_at(size_t i); /* NULL past the last */
size_t key_index(const struct key *k);
/* Whether @name holds keys: "load", "workload.scale". */
bool key_is_group(const char *name);
/* The last part of a dotted name. */
const char *key_leaf(const char *name);
/* The key or group below @parent ("" for the top) that @leaf was probably meant to be, or a full
 * name elsewhere whose last part is @leaf; "" if nothing is near. */
void key_suggest(char *buf, size_t size, const char *parent, const char *leaf);
/* The keys below @parent, comma separated. */
void key_siblings(char *buf, size_t size, const char *parent);
/* The text of words a key of this type takes: "a duration: 500ms, 10s, 5m, 2h". */
const char *key_takes(const struct key *k);
/* Edits that make @a of @b: insertions, deletions, replacements, swaps; at most @limit + 1. */
int text_distance(const char *a, const char *b, int limit);
