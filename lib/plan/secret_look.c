/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/secret_look.c - what looks like a key or a password has no place in a plan: all of it is
 * kept in the evidence and much of it in the claim. By the marks that issuers put before their
 * keys, and by the names of declared facts. No message repeats what was found.
 */
#include "plan/reading.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_KEY = 16 };

static const char *const marks[] = {"sk-",    "sk_",  "hf_",  "ghp_", "gho_",    "github_pat_",
                                    "glpat-", "AKIA", "ASIA", "AIza", "xoxb-",   "xoxp-",
                                    "nvapi-", "eyJ",  "gsk_", "r8_",  "Bearer ", "Basic "};
static const char *const names[] = {"password", "passwd", "secret",
                                    "api_key",  "apikey", "authorization"};

/* Letters and digits mixed, and enough of them: a key's body, not words. */
static bool is_body(const char *text)
{
    size_t n = 0, digits = 0, letters = 0;

    for (; isalnum((unsigned char)text[n]) || (text[n] && strchr("-_./+=", text[n])); n++) {
        digits += isdigit((unsigned char)text[n]) != 0;
        letters += isalpha((unsigned char)text[n]) != 0;
    }
    return n >= LEAST_KEY && digits >= 2 && letters >= 2;
}

static bool looks_secret(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        for (const char *at = text; (at = strstr(at, marks[i])); at++)
            if ((at == text || !isalnum((unsigned char)at[-1])) && is_body(at + strlen(marks[i])))
                return true;
    return false;
}

static bool is_secret_name(const char *above, const char *key)
{
    for (size_t i = 0; i < COUNT_OF(names) && strcmp(above, "declare") == 0; i++)
        if (strcasestr(key, names[i]))
            return true;
    return false;
}

static int look(struct reading *r, const char *above, const struct node *n)
{
    int rc = 0;

    for (const struct node *c = n->child; c && rc == 0; c = c->next) {
        char name[160];

        (void)snprintf(name, sizeof name, "%.80s%s%.60s", above, *above && *c->key ? "." : "",
                       looks_secret(c->key) ? "(a key)" : c->key);
        if (looks_secret(c->key) || is_secret_name(above, c->key) ||
            (c->kind == NODE_SCALAR && looks_secret(c->text)))
            return reading_fail(r, c, name,
                                "looks like a secret, which does not belong in a plan; leave it "
                                "out, or name where it is: target.api_key: env:NAME");
        rc = look(r, name, c);
    }
    return rc;
}

int secrets_check(struct reading *r, const struct node *root)
{
    return look(r, "", root);
}
