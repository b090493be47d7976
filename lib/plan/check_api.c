/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/check_api.c - which keys and metrics go with target.api, and the template of json. */
#include "plan/api.h"
#include "plan/reading.h"
#include "plan/template.h"
#include "base/fs.h"
#include "base/str.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { TEMPLATE_LIMIT = 1 << 20, DOCUMENTS = 8 };

/* Keys of one endpoint or a few; named where they would have no effect. */
static int check_keys(struct reading *r)
{
    const struct plan *p = r->plan;
    enum api api = p->target.api;
    const struct {
        const char *key;
        bool used, fits;
        const char *words;
    } rows[] = {
        {"target.body_template", *p->target.body_template, api == API_JSON, "json only"},
        {"target.success.pointer", *p->target.success.pointer, api == API_JSON, "json only"},
        {"target.success.equals", *p->target.success.equals, api == API_JSON, "json only"},
        {"target.success.status", p->target.success.status, api == API_JSON, "json only"},
        {"target.body", *p->target.body, api != API_JSON,
         "all but json, which states it in target.body_template"},
        {"target.documents", p->target.documents, api == API_RERANK, "rerank only"},
        {"target.stream", check_given(r, "target.stream") && p->target.stream, api_streams(api),
         "chat, completions and responses"},
        {"target.include_usage", p->target.include_usage == TRI_YES,
         api == API_CHAT || api == API_COMPLETIONS, "chat and completions"},
        {"target.ignore_eos", p->target.ignore_eos == TRI_YES, api_has_output(api),
         "chat, completions and responses"},
        {"load.temperature", p->load.temperature > 0, api_has_output(api),
         "chat, completions and responses; json states it in target.body_template"},
    };
    char words[120];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!rows[i].used || rows[i].fits)
            continue;
        (void)snprintf(words, sizeof words, "is for target.api: %s; leave it out", rows[i].words);
        return check_fail(r, rows[i].key, words);
    }
    return 0;
}

/* The template itself comes to stand where its file was named: the plan's digest covers it. */
static int read_template(struct reading *r)
{
    struct plan *p = r->plan;
    AUTO(free) char *text = NULL;
    char path[PATH_MAX];
    struct err why = {0};
    size_t n;
    int rc;

    if (strncmp(p->target.body_template, "file:", 5) != 0)
        return 0;
    rc = fs_read(&text, &n, plan_beside(path, sizeof path, p, p->target.body_template + 5),
                 TEMPLATE_LIMIT, &why);
    if (rc == -ENOMEM)
        return reading_no_memory(r);
    if (rc < 0)
        return check_fail(r, "target.body_template", why.text);
    if (strlen(text) != n)
        return check_fail(r, "target.body_template", "its file holds NUL bytes; it is JSON text");
    p->target.body_template = arena_strdup(&p->arena, text);
    return p->target.body_template ? 0 : reading_no_memory(r);
}

/* Filled in with anything, the template must be JSON. */
static int check_filled(struct reading *r, const struct str *filled)
{
    AUTO(json_unref) json_t *j = NULL;
    struct err why = {0};
    char words[200];

    if (!str_ok(filled))
        return reading_no_memory(r);
    if (json_parse(&j, filled->data, "body", &why) < 0) {
        (void)snprintf(words, sizeof words, "is no JSON once it is filled in: %.120s", why.text);
        return check_fail(r, "target.body_template", words);
    }
    return 0;
}

static int check_template(struct reading *r)
{
    const char *at = r->plan->target.body_template;
    AUTO(str_release) struct str filled = {0};
    struct template_part part;
    char words[200];
    int rc;

    if (!*at)
        return check_fail(r, "target.body_template",
                          "is missing; write the body that json sends, with " TEMPLATE_NAMES);
    while ((rc = template_next(&part, &at)) == 1) {
        if (part.kind == TEMPLATE_QUERY || part.kind == TEMPLATE_DOCUMENTS)
            return check_fail(r, "target.body_template",
                              "has a place that only rerank fills in; known: " TEMPLATE_NAMES);
        if (part.kind == TEMPLATE_TEXT)
            str_addn(&filled, part.text, part.len);
        else
            str_add(&filled, "1");
    }
    if (rc == 0)
        return check_filled(r, &filled);
    (void)snprintf(words, sizeof words, "'%.*s' is no place to fill in; known: " TEMPLATE_NAMES,
                   (int)(part.len < 30 ? part.len : 30), part.text);
    return check_fail(r, "target.body_template", words);
}

static int check_json(struct reading *r)
{
    const struct plan *p = r->plan;
    struct reply_path path;
    int rc;

    if (!*p->target.path)
        return check_fail(r, "target.path",
                          "is missing; say where json posts: /v2/models/NAME/infer");
    if (*p->target.success.equals && !*p->target.success.pointer)
        return check_fail(r, "target.success.equals",
                          "is the value of nothing; add pointer, as in /outputs/0/name");
    if (*p->target.success.pointer && reply_pointer_parse(&path, p->target.success.pointer) < 0)
        return check_fail(r, "target.success.pointer",
                          "is no JSON pointer of up to 8 steps; write it as in /outputs/0/name");
    rc = read_template(r);
    return rc < 0 ? rc : check_template(r);
}

/* The bodies of the other endpoints are templates. */
static int check_extra(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->target.api > API_COMPLETIONS && strstr(p->target.body, "{{"))
        return check_fail(r, "target.body", "holds '{{', where this endpoint's body is filled in");
    return 0;
}

static int check_path(struct reading *r)
{
    const char *path = r->plan->target.path;

    for (const char *c = path; *c; c++)
        if (*c <= ' ' || *c == '#' || *c > '~')
            return check_fail(r, "target.path", "holds a character that no path has");
    if (*path && *path != '/')
        return check_fail(r, "target.path", "does not begin with /; it follows target.url");
    return 0;
}

static int lacking(struct reading *r, const char *key, const char *metric)
{
    const char *why = api_lacks(r->plan->target.api, metric);
    char words[200];

    if (!why)
        return 0;
    (void)snprintf(words, sizeof words, "%s is none of target.api: %s: %s", metric,
                   api_name(r->plan->target.api), why);
    return check_fail(r, key, words);
}

static int check_metrics(struct reading *r)
{
    const struct plan *p = r->plan;
    int rc = 0;

    for (size_t i = 0; i < p->good_count && rc == 0; i++) {
        rc = lacking(r, "good", p->good[i].metric);
        for (size_t s = 0; s < p->good[i].slo_count && rc == 0; s++)
            rc = lacking(r, "good", p->good[i].slo[s].metric);
    }
    for (size_t i = 0; i < p->expect_count && rc == 0; i++)
        rc = lacking(r, "expect", p->expect[i].metric);
    return rc;
}

static int check_lengths(struct reading *r)
{
    const struct plan *p = r->plan;

    if (p->fixed_output && !plan_asks_output(p))
        return check_fail(
            r, "workload.fixed.output_tokens",
            p->target.api == API_JSON
                ? "is asked for nowhere; write {{output_tokens}} in target.body_template, "
                  "or leave it out"
                : "has no meaning here, the answer has no length; leave it out");
    return 0;
}

int check_api(struct reading *r)
{
    int (*const checks[])(struct reading *) = {check_keys, check_extra, check_path, check_metrics};
    struct plan *p = r->plan;
    int rc = 0;

    for (size_t i = 0; i < COUNT_OF(checks) && rc == 0; i++)
        rc = checks[i](r);
    if (rc == 0 && p->target.api == API_JSON)
        rc = check_json(r);
    if (rc == 0)
        rc = check_lengths(r);
    if (rc < 0)
        return rc;
    p->target.stream = p->target.stream && api_streams(p->target.api);
    if (p->target.api == API_RERANK && !p->target.documents)
        p->target.documents = DOCUMENTS;
    return 0;
}
