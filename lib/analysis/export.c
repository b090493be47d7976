/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/export_parts.h"
#include "base/units.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fact *find(const struct export *x, const char *full)
{
    char name[256];

    for (size_t i = 0; i < x->facts.count; i++) {
        const struct fact *f = &x->facts.items[i];

        (void)snprintf(name, sizeof name, "%s.%s", f->scope, f->name);
        if (f->value && strcmp(name, full) == 0)
            return f;
    }
    return NULL;
}

int export_open(struct export *x, struct evidence *e, struct err *err)
{
    struct fact_sink sink = fact_list_sink(&x->facts);
    const struct fact *here;
    int r = evidence_each_fact(e, sink.put, sink.ctx, err);

    if (r < 0)
        return r == -ENOMEM ? err_set(err, r, "out of memory for an export") : r;
    here = find(x, "target.on_this_host");
    x->here = here && strcmp(here->value, "yes") == 0;
    x->plan = evidence_kind(e) == EVIDENCE_RUN ? evidence_plan(e) : NULL;
    x->known = json_object();
    x->absent = json_array();
    return x->known && x->absent ? 0 : err_set(err, -ENOMEM, "out of memory for an export");
}

void export_release(struct export *x)
{
    fact_list_release(&x->facts);
    json_unref(x->known);
    json_unref(x->absent);
}

void export_note(struct export *x, const char *key, const char *known, const char *facts)
{
    json_t *o = json_object();

    json_put_str(o, "known", known);
    json_put_str(o, "facts", facts);
    json_put(x->known, key, o);
}

void export_absent(struct export *x, const char *key, const char *why)
{
    json_t *o = json_object();

    json_put_str(o, "key", key);
    json_put_str(o, "why", why);
    json_push(x->absent, o);
}

json_t *export_provenance(struct export *x)
{
    json_t *o = json_object();

    json_put(o, "known", TAKE(x->known));
    json_put(o, "absent", TAKE(x->absent));
    return o;
}

static void add_form(struct str *out, enum export_form form, const char *value)
{
    const char *slash = strrchr(value, '/');
    double v = 0;

    if (form == EXPORT_BASENAME)
        str_add(out, slash ? slash + 1 : value);
    else if (form == EXPORT_ARCH)
        str_add(out, strcmp(value, "x86_64") == 0    ? "amd64"
                     : strcmp(value, "aarch64") == 0 ? "arm64"
                                                     : value);
    else if (form == EXPORT_GIB && units_double(&v, value) == 0)
        str_addf(out, "%.4g GiB", v / (1 << 30));
    else if (form == EXPORT_KIB && units_double(&v, value) == 0)
        str_addf(out, "%.0f KiB", v / 1024);
    else if (form == EXPORT_MHZ && units_double(&v, value) == 0)
        str_addf(out, "%.0f MHz", v / 1e6);
    else
        str_add(out, value);
}

struct found {
    struct str value, facts;
    enum known known; /* the least of those used */
    const char *why;  /* the reason of an absent one */
};

static void found_release(struct found *f)
{
    str_release(&f->value);
    str_release(&f->facts);
}
DEFINE_AUTO_HELD(struct found, found_release)

static bool is_of_this_host(const struct fact *f)
{
    return strcmp(f->scope, "host") == 0 || strncmp(f->scope, "gpu", 3) == 0;
}

/* Takes @f into @to unless its value is there already. */
static void take(struct found *to, const struct export_key *k, const struct fact *f,
                 const char *name, const char *before, struct str *seen)
{
    AUTO(str_release) struct str one = {0}, mark = {0};

    add_form(&one, k->form, f->value);
    str_addf(&mark, "|%s|", one.data ? one.data : "");
    if (seen->data && mark.data && strstr(seen->data, mark.data))
        return;
    str_addf(&to->value, "%s%s%s",
             seen->len       ? "; "
             : to->value.len ? ", "
                             : "",
             seen->len ? "" : before, one.data ? one.data : "");
    str_addf(&to->facts, "%s%s", to->facts.len ? ", " : "", name);
    str_add(seen, mark.data ? mark.data : "");
    to->known = f->known > to->known ? f->known : to->known;
}

static void look(struct found *to, const struct export *x, const struct export_key *k,
                 const struct export_part *part)
{
    AUTO(str_release) struct str seen = {0};

    for (size_t i = 0; i < x->facts.count; i++) {
        const struct fact *f = &x->facts.items[i];
        char name[256];

        (void)snprintf(name, sizeof name, "%s.%s", f->scope, f->name);
        if (fnmatch(part->fact, name, 0) != 0)
            continue;
        if (is_of_this_host(f) && !x->here)
            to->why = "the target is not on the host that asrun ran on";
        else if (!f->value)
            to->why = f->source;
        else
            take(to, k, f, name, part->before ? part->before : "", &seen);
    }
}

/* Counts of several parts, such as of two makes of GPU, are one count. */
static json_t *count_json(const char *text)
{
    int64_t sum = 0;

    for (const char *at = text;;) {
        char *end;
        long long n = strtoll(at, &end, 10);

        if (end == at || n < 0 || n > INT32_MAX || (*end && strncmp(end, ", ", 2) != 0))
            return json_string(text);
        sum += n;
        if (!*end)
            return json_integer(sum);
        at = end + 2;
    }
}

static json_t *as_json(const struct export_key *k, const char *text)
{
    return k->form == EXPORT_COUNT ? count_json(text) : json_string(text);
}

json_t *export_value(struct export *x, const struct export_key *k)
{
    AUTO(found_release) struct found f = {.why = k->why};
    const struct fact *declared;
    char name[128];

    for (size_t i = 0; i < COUNT_OF(k->parts) && k->parts[i].fact; i++)
        look(&f, x, k, &k->parts[i]);
    if (f.value.len > 0 && str_ok(&f.value)) {
        export_note(x, k->key, known_name(f.known), f.facts.data);
        return as_json(k, f.value.data);
    }
    (void)snprintf(name, sizeof name, "declared.%s", k->key);
    declared = find(x, name);
    if (declared) {
        export_note(x, k->key, known_name(declared->known), name);
        return as_json(k, declared->value);
    }
    export_absent(x, k->key, f.why ? f.why : "no such fact in this file");
    return NULL;
}
