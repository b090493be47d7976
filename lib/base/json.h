/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/base/json.h - our own documents, by jansson: building without a check at each step, and one
 * canonical form for digests. (Foreign and timed JSON goes through wire/json.h instead.)
 */
#pragma once
#include "base/base.h"
#include <jansson.h>

void json_unref(json_t *j); /* json_decref as a plain function; NULL is a no-op */
DEFINE_AUTO(json_t *, json_unref)

/* Setters steal @value; a NULL value (out of memory, or no number) stores null. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_str(json_t *object, const char *key, const char *text); /* NULL text: null */
void json_put_i64(json_t *object, const char *key, int64_t v);
void json_put_real(json_t *object, const char *key, double v); /* not finite: null */
void json_put_bool(json_t *object, const char *key, bool v);
void json_push(json_t *array, json_t *value);

/* Keys sorted, no white space, shortest reals: the form that is digested. Caller frees; NULL: no
 * memory. */
char *json_canonical(const json_t *j);
/* Two-space indent, keys in insertion order, for people. Caller frees. */
char *json_pretty(const json_t *j);
/* Parses @text; errors name @where, the line and the column. */
NODISCARD int json_parse(json_t **ret, const char *text, const char *where, struct err *err);
