/* SPDX-License-Identifier: Apache-2.0 */
/* lib/plan/secrets.c - URLs, API keys and headers: what may hold a secret is only ever a
 * reference, and no message repeats what was written in a secret's place. */
#include "plan/reading.h"
#include "base/fs.h"
#include "wire/url.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SECRET_LIMIT = 64 * 1024 };

/* The part of "env:NAME" or "file:PATH" after the colon; NULL: neither. */
static const char *reference(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);

    return strncmp(text, scheme, n) == 0 && text[n] ? text + n : NULL;
}

static bool is_reference(const char *text)
{
    return reference(text, "env:") || reference(text, "file:");
}

int secret_set(struct reading *r, const struct key *k, const char *shown, const struct node *n,
               void *base)
{
    const char *env = reference(n->text, "env:"), *file = reference(n->text, "file:");
    const char *copy = env || file ? arena_strdup(&r->plan->arena, env ? env : file) : "";

    if (!env && !file && *n->text)
        return reading_fail(r, n, shown,
                            "a key does not belong in a plan; write env:NAME or file:PATH");
    if (!copy)
        return reading_no_memory(r);
    memcpy((char *)base + (env ? k->field : k->field2), &copy, sizeof copy);
    return 0;
}

static int read_file(char **ret, const char *path, struct err *err)
{
    AUTO(free) char *text = NULL;
    size_t n = 0;
    int r = fs_read(&text, &n, path, SECRET_LIMIT, err);

    if (r < 0)
        return r;
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    if (n == 0)
        return err_set(err, -EINVAL, "%s: holds no key", path);
    *ret = TAKE(text);
    return 0;
}

int plan_secret(char **ret, const char *ref, struct err *err)
{
    const char *env = reference(ref, "env:"), *file = reference(ref, "file:");
    const char *value = env ? getenv(env) : NULL;
    char *copy;

    if (file)
        return read_file(ret, file, err);
    if (!env)
        return err_set(err, -EINVAL, "a secret's place is env:NAME or file:PATH");
    if (!value || !*value)
        return err_set(err, -EINVAL, "environment variable %s is not set", env);
    copy = strdup(value);
    if (!copy)
        return err_set(err, -ENOMEM, "out of memory");
    *ret = copy;
    return 0;
}

int url_check(struct reading *r, const char *shown, const struct node *n)
{
    struct url url;
    struct err why = {0};
    const char *host = strstr(n->text, "://");
    size_t authority = host ? strcspn(host + 3, "/?#") : 0;

    if (host && memchr(host + 3, '@', authority))
        return reading_fail(r, n, shown,
                            "user and password do not belong in a URL; use target.api_key: "
                            "env:NAME");
    if (strpbrk(n->text, "?#"))
        return reading_fail(r, n, shown,
                            "a query or fragment is not part of an API's base; write "
                            "http://HOST:PORT/v1");
    if (url_parse(&url, n->text, &why) < 0)
        return reading_fail(r, n, shown, "%s; write http://HOST:PORT/v1", why.text);
    return 0;
}

static const char *const secret_words[] = {"auth", "key", "token", "secret", "cookie", "password"};
static const char *const ours[] = {"host",        "content-length",    "content-type",
                                   "connection",  "transfer-encoding", "accept",
                                   "x-request-id"};

static bool holds_secret(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(secret_words); i++)
        if (strcasestr(name, secret_words[i]))
            return true;
    return false;
}

static int check_header(struct reading *r, const char *shown, const struct node *n)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";

    if (!*n->key || strspn(n->key, token) != strlen(n->key))
        return reading_fail(r, n, shown, "'%.40s' is not a header name", n->key);
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcasecmp(ours[i], n->key) == 0)
            return reading_fail(r, n, shown, "%s is set by asrun itself; leave it out", n->key);
    if (holds_secret(n->key) && !is_reference(n->text))
        return reading_fail(r, n, shown,
                            "the value of %.40s does not belong in a plan; write env:NAME or "
                            "file:PATH",
                            n->key);
    if (strpbrk(n->text, "\r\n"))
        return reading_fail(r, n, shown, "the value of %.40s has more than one line", n->key);
    return 0;
}

int headers_check(struct reading *r, const char *shown, const struct node *map)
{
    for (const struct node *c = map->child; c; c = c->next)
        if (check_header(r, shown, c) < 0)
            return -EINVAL;
    return 0;
}
