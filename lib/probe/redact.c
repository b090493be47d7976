/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/redact.h"
#include "probe/redact_lists.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 9, PIECE_SECRET = 20, VALUE_MAX = 1024, KEY_MIN = 12, OPTION_MAX = 80 };

static bool in_list(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

bool redact_env_listed(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(env_prefixes); i++)
        if (strncmp(name, env_prefixes[i], strlen(env_prefixes[i])) == 0)
            return true;
    return false;
}

/* Yes or no, or a number short enough to be no identity. */
static bool is_plain(const char *value)
{
    static const char *const plain[] = {"true", "false", "on",  "off", "yes",
                                        "no",   "auto",  "all", "none"};
    size_t digits = 0;
    const char *c = value + (*value == '-');

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (strcasecmp(value, plain[i]) == 0)
            return true;
    for (; isdigit((unsigned char)*c) || *c == '.'; c++)
        digits += *c != '.';
    return *c == '\0' && digits > 0 && digits <= NUMBER_MAX;
}

/* TOKEN means a secret; TOKENIZER doesn't, and TOKENS only where the value is no plain number. */
static bool tells_token(const char *name, const char *value)
{
    for (const char *at = name; (at = strcasestr(at, "token")); at += 5)
        if (strncasecmp(at, "tokeniz", 7) != 0 &&
            !(strncasecmp(at, "tokens", 6) == 0 && is_plain(value)))
            return true;
    return false;
}

static bool name_tells(const char *name, const char *value)
{
    static const char *const signs[] = {"key",        "secret", "password", "passwd", "passphrase",
                                        "credential", "auth",   "bearer",   "cookie", "private"};

    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (strcasestr(name, signs[i]))
            return true;
    return tells_token(name, value);
}

static bool is_hex(const char *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isxdigit((unsigned char)c[i]) || isupper((unsigned char)c[i]))
            return false;
    return true;
}

/* A commit or a digest where a model hub keeps its files is no secret. */
static bool is_revision(const char *value, const char *piece, size_t n)
{
    static const char *const before[] = {"snapshots/", "blobs/", "sha256:", "sha256-"};

    for (size_t i = 0; i < COUNT_OF(before); i++) {
        const size_t len = strlen(before[i]);

        if ((size_t)(piece - value) >= len && memcmp(piece - len, before[i], len) == 0)
            return (n == 40 || n == 64) && is_hex(piece, n);
    }
    return false;
}

/* A long piece with digits in it, or with case going up and down all the time, is no word. */
static bool is_dense(const char *piece, size_t n)
{
    size_t digits = 0, turns = 0;

    for (size_t i = 0; i < n; i++) {
        digits += isdigit((unsigned char)piece[i]) != 0;
        turns +=
            i > 0 && !isupper((unsigned char)piece[i]) != !isupper((unsigned char)piece[i - 1]);
    }
    return n >= PIECE_SECRET && (digits > 0 || turns * 5 > n * 2);
}

static bool has_user_info(const char *value)
{
    for (const char *at = value; (at = strstr(at, "://")); at += 3)
        if (memchr(at + 3, '@', strcspn(at + 3, "/?# \"")))
            return true;
    return false;
}

/* Prefixes that issuers give their keys, where enough for a key follows. */
static bool has_prefix(const char *value)
{
    static const char *const issued[] = {"sk-",  "hf_",    "ghp_", "gho_", "github_pat_", "xox",
                                         "AKIA", "nvapi-", "eyJ",  "gsk_", "glpat-"};

    for (size_t i = 0; i < COUNT_OF(issued); i++)
        for (const char *at = value; (at = strstr(at, issued[i])); at++) {
            size_t n = strlen(issued[i]);

            while (isalnum((unsigned char)at[n]) || at[n] == '-')
                n++;
            if (n >= KEY_MIN && (at == value || !isalnum((unsigned char)at[-1])))
                return true;
        }
    return false;
}

static bool has_sign(const char *value)
{
    static const char *const inside[] = {
        "api_key", "api-key", "apikey",  "password",   "passwd",    "secret",
        "bearer ", "token=",  "token\"", "credential", "-----begin"};

    for (size_t i = 0; i < COUNT_OF(inside); i++)
        if (strcasestr(value, inside[i]))
            return true;
    return false;
}

static bool has_key(const char *value)
{
    if (has_prefix(value))
        return true;
    for (const char *piece = value; *piece;) {
        const size_t n = strcspn(piece, "-_./:,;=@ \"'{}[]()");

        if (is_dense(piece, n) && !is_revision(value, piece, n))
            return true;
        piece += n + (piece[n] != '\0');
    }
    return false;
}

bool redact_looks_secret(const char *value)
{
    return strlen(value) > VALUE_MAX || has_user_info(value) || has_sign(value) || has_key(value);
}

/* The length of a home folder at the beginning of @path, 0 if there is none. */
static size_t home_length(const char *path)
{
    const char *home = getenv("HOME");
    size_t n = home && home[0] == '/' && home[1] ? strlen(home) : 0;

    if (n > 0 && strncmp(path, home, n) == 0 && (path[n] == '/' || path[n] == '\0'))
        return n;
    if (strncmp(path, "/root", 5) == 0 && (path[5] == '/' || path[5] == '\0'))
        return 5;
    if (strncmp(path, "/home/", 6) == 0 && path[6] > ' ' && path[6] != '/')
        return 6 + strcspn(path + 6, "/:, ");
    return 0;
}

void redact_path(struct str *out, const char *path)
{
    for (const char *c = path; *c;) {
        const bool begins = c == path || strchr(":=, \"'@", c[-1]);
        const size_t n = *c == '/' && begins ? home_length(c) : 0;
        const char plain = (char)(isprint((unsigned char)*c) || (*c & 0x80) ? *c : '?');

        if (n > 0)
            str_add(out, "~");
        else
            str_addn(out, &plain, 1);
        c += n > 0 ? n : 1;
    }
}

static void show(struct str *out, bool listed, const char *name, const char *value)
{
    if (name_tells(name, value) || (!listed && !is_plain(value)) || redact_looks_secret(value))
        str_add(out, REDACTED);
    else
        redact_path(out, value);
}

void redact_env(struct str *out, const char *name, const char *value)
{
    show(out, redact_env_listed(name), name, value);
}

/* "--max_model-len=5" -> "max-model-len"; "" if it is no option. */
static void option_name(char *name, const char *arg)
{
    const char *from = arg + strspn(arg, "-");
    const size_t n = from == arg ? 0 : strcspn(from, "=");

    (void)snprintf(name, OPTION_MAX, "%.*s", n < OPTION_MAX ? (int)n : 0, from);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
}

/* An option's own name can't be a secret if it looks like one of a program. */
static bool is_option_name(const char *name)
{
    return name[0] &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-.")] == '\0' &&
           !has_key(name);
}

static bool is_file(const char *arg)
{
    static const char *const ends[] = {".py", ".gguf", ".safetensors", ".json", ".yaml", ".yml"};
    const size_t n = strlen(arg);

    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (n > strlen(ends[i]) && strcmp(arg + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return strchr(arg, '/') != NULL;
}

static void show_word(struct str *out, const char *arg, bool program)
{
    const bool listed = program || in_list(words, COUNT_OF(words), arg) || is_file(arg);

    show(out, listed && !strpbrk(arg, " \t\n=;&|<>$`@"), "", arg);
}

/* Is @arg the value of @option, the one before? One that tells a secret takes "-x" as well. */
static bool is_value_of(const char *option, const char *arg)
{
    return *option && name_tells(option, arg) && strncmp(arg, "--", 2) != 0;
}

/* @option: the one before without a value of its own, "" if none; set for the next argument. */
static void show_argument(struct str *out, const char *arg, bool program, char *option)
{
    char name[OPTION_MAX];
    const char *value = strchr(arg, '=');

    option_name(name, arg);
    if (!is_option_name(name) || is_plain(arg) || is_value_of(option, arg)) {
        const bool module = strcmp(option, "m") == 0;

        if (*option)
            show(out, module || in_list(options, COUNT_OF(options), option), option, arg);
        else
            show_word(out, arg, program);
        *option = '\0';
        return;
    }
    str_addn(out, arg, value ? (size_t)(value + 1 - arg) : strlen(arg));
    if (value)
        show(out, in_list(options, COUNT_OF(options), name), name, value + 1);
    (void)snprintf(option, OPTION_MAX, "%s", value ? "" : name);
}

void redact_command(struct str *out, const char *args, size_t n)
{
    char option[OPTION_MAX] = "";

    for (size_t at = 0; at < n;) {
        const size_t len = strnlen(args + at, n - at);
        AUTO(free) char *arg = strndup(args + at, len);

        if (!arg) {
            out->failed = true;
            return;
        }
        str_add(out, at > 0 ? " " : "");
        show_argument(out, arg, at == 0, option);
        at += len + 1;
    }
}

/* As the kernel does: a space between quotes ends no parameter. */
static size_t parameter_length(const char *line)
{
    bool quoted = false;
    size_t n = 0;

    for (; line[n] && (quoted || !strchr(" \t\n", line[n])); n++)
        quoted = quoted != (line[n] == '"');
    return n;
}

static void show_parameter(struct str *out, const char *text, size_t n)
{
    const char *equals = memchr(text, '=', n);
    const size_t name_len = equals ? (size_t)(equals - text) : n;
    char name[OPTION_MAX], value[VALUE_MAX];

    (void)snprintf(name, sizeof name, "%.*s", (int)name_len, text);
    str_add(out, name_len < sizeof name && !strpbrk(name, "\" \t\n") && !has_key(name) ? name
                                                                                       : REDACTED);
    if (!equals)
        return;
    (void)snprintf(value, sizeof value, "%.*s", (int)(n - name_len - 1), equals + 1);
    str_add(out, "=");
    if (in_list(parameters, COUNT_OF(parameters), name) && n - name_len <= sizeof value)
        show(out, true, name, value);
    else
        str_add(out, REDACTED);
}

void redact_kernel(struct str *out, const char *line)
{
    while (*(line += strspn(line, " \t\n"))) {
        const size_t n = parameter_length(line);

        if (n == 2 && memcmp(line, "--", 2) == 0) { /* the rest is for the first process */
            str_add(out, " -- " REDACTED);
            return;
        }
        str_add(out, out->len > 0 ? " " : "");
        show_parameter(out, line, n);
        line += n;
    }
}
