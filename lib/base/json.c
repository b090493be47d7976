/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include <math.h>
#include <string.h>

void json_unref(json_t *j)
{
    json_decref(j);
}

void json_put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value ? value : json_null());
}

void json_put_str(json_t *object, const char *key, const char *text)
{
    json_put(object, key, text ? json_string(text) : json_null());
}

void json_put_i64(json_t *object, const char *key, int64_t v)
{
    json_put(object, key, json_integer(v));
}

void json_put_real(json_t *object, const char *key, double v)
{
    json_put(object, key, isfinite(v) ? json_real(v) : json_null());
}

void json_put_bool(json_t *object, const char *key, bool v)
{
    json_put(object, key, json_boolean(v));
}

void json_push(json_t *array, json_t *value)
{
    (void)json_array_append_new(array, value ? value : json_null());
}

char *json_canonical(const json_t *j)
{
    return json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

char *json_pretty(const json_t *j)
{
    return json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
}

int json_parse(json_t **ret, const char *text, const char *where, struct err *err)
{
    json_error_t e;
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &e);

    if (!j)
        return err_set(err, -EINVAL, "%s:%d:%d: %s", where, e.line, e.column, e.text);
    *ret = j;
    return 0;
}
