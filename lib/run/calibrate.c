/* SPDX-License-Identifier: Apache-2.0 */
#include "run/calibrate.h"
#include "base/str.h"
#include "plan/api.h"
#include "probe/probe.h"
#include "run/request.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_WORDS = 12,
    LONG_WORDS = 172,          /* far from SHORT_WORDS, yet inside any usual context */
    SAME_START_PROBES = 10,    /* enough to meet a slot or cache that has seen the template */
    LEAST_OUTPUT = 16,         /* the least that every server of responses takes */
    FIRST_SERIAL = 0x40000000, /* far from the schedule's serials: never the same text */
};

struct count {
    int64_t prompt, cached; /* -1: not reported */
};

struct asker {
    const struct plan *plan;
    const struct schedule *schedule;
    const struct target *target;
    struct reply_spec reply;
    char url[1200];
    uint32_t serial;
    int asked;
};

/* The body of another endpoint than chat and completions. */
static char *other_body(const struct asker *a, int32_t words, const char *text)
{
    AUTO(body_release) struct body body = {0};
    struct plan p = *a->plan;
    size_t len = strlen(text);
    char *ret;

    p.target.stream = false;
    if (body_init(&body, &p, p.target.model, false, NULL) < 0)
        return NULL;
    ret = malloc(body_bytes(&body, len) + 1);
    if (ret)
        ret[body_render(&body, ret,
                        &(struct body_item){.id = "asrun-calibration",
                                            .input_tokens = words,
                                            .output_tokens = LEAST_OUTPUT,
                                            .prompt = text,
                                            .prompt_len = len})] = '\0';
    return ret;
}

/* Words that no prompt of the schedule has. */
static int add_text(struct asker *a, struct str *s, int32_t words)
{
    const struct prompt_calibration nominal = {.tokens_per_word = 1};
    struct prompt_spec spec = {.seed = a->schedule->prompt_seed,
                               .trial = UINT32_MAX,
                               .serial = a->serial++,
                               .tokens = words};
    AUTO(free) char *text = malloc(prompt_bytes(words, &nominal));

    if (!text)
        return -ENOMEM;
    (void)prompt_render(text, prompt_bytes(words, &nominal), &spec, &nominal);
    str_add(s, text);
    return 0;
}

static char *completion_body(struct asker *a, int32_t words, int parts)
{
    bool chat = a->plan->target.api == API_CHAT;
    AUTO(str_release) struct str s = {0};

    str_add(&s, "{\"model\":");
    str_add_json(&s, a->plan->target.model);
    str_add(&s, chat ? ",\"messages\":[{\"role\":\"user\",\"content\":\"" : ",\"prompt\":\"");
    for (int i = 0; i < parts; i++) {
        if (i > 0)
            str_add(&s, i % 2 ? history_messages.before_answer : history_messages.after_answer);
        if (add_text(a, &s, words) < 0)
            return NULL;
    }
    str_addf(&s, "\"%s,\"max_tokens\":1,\"temperature\":0,\"stream\":false", chat ? "}]" : "");
    plan_add_body(&s, a->plan);
    str_add(&s, "}");
    return str_take(&s);
}

/* @parts texts of @words words each: what a user says, an answer, what the user says then, ... */
static char *probe_body(struct asker *a, int32_t words, int parts)
{
    AUTO(str_release) struct str text = {0};

    if (a->reply.kind == REPLY_OPENAI)
        return completion_body(a, words, parts);
    return add_text(a, &text, words) < 0 || !str_ok(&text) ? NULL : other_body(a, words, text.data);
}

/* What the answer's usage says; -EBADMSG: it is no JSON. */
static int read_usage(struct count *ret, const struct asker *a, const char *answer)
{
    struct openai_event event;
    struct openai openai;
    struct reply reply;
    int r;

    if (a->reply.kind == REPLY_OPENAI) {
        openai_begin(&openai);
        openai_feed(&openai, answer, strlen(answer));
        r = openai_end(&openai, &event);
    } else {
        reply_begin(&reply, &a->reply);
        reply_feed(&reply, answer, strlen(answer));
        r = reply_end(&reply, &event);
    }
    if (r == 0)
        *ret = (struct count){event.input_tokens, event.cached_tokens};
    return r;
}

/* One request of @parts texts of @words words; 1 with *@ret, 0 when the answer carries no usage. */
static int ask(struct asker *a, int32_t words, int parts, struct count *ret, struct err *err)
{
    AUTO(free) char *body = probe_body(a, words, parts);
    AUTO(free) char *answer = NULL;
    long status = 0;
    int r;

    if (!body)
        return err_set(err, -ENOMEM, "out of memory for a calibration request");
    r = probe_http(&answer, &status, a->url, a->target->key, body, &a->target->route.way,
                   a->plan->load.timeout_ns, err);
    if (r < 0)
        return r;
    a->asked++;
    if (status != 200)
        return err_set(err, -EPROTO, "%s answers a calibration request with HTTP %ld: %.120s",
                       a->url, status, answer);
    if (read_usage(ret, a, answer) < 0)
        return err_set(err, -EPROTO, "%s answers a calibration request with no JSON", a->url);
    return ret->prompt >= 0;
}

static int fit_line(struct asker *a, struct prompt_calibration *c, struct err *err)
{
    struct count few = {0}, many = {0};
    int r = ask(a, SHORT_WORDS, 1, &few, err);

    if (r > 0)
        r = ask(a, LONG_WORDS, 1, &many, err);
    if (r <= 0)
        return r;
    c->tokens_per_word = (double)(many.prompt - few.prompt) / (LONG_WORDS - SHORT_WORDS);
    if (!(c->tokens_per_word > 0.2 && c->tokens_per_word < 20))
        return err_set(err, -EPROTO,
                       "%s reports %" PRId64 " and %" PRId64
                       " prompt tokens for %d and %d words: no usable count",
                       a->url, few.prompt, many.prompt, SHORT_WORDS, LONG_WORDS);
    c->overhead_tokens = (double)few.prompt - c->tokens_per_word * SHORT_WORDS;
    if (c->overhead_tokens < 0)
        c->overhead_tokens = 0;
    return 1;
}

/* Prompts that share nothing but the template: what a cache reuses of them is the template's own.
 */
static int find_shared_overhead(struct asker *a, struct prompt_calibration *c, struct err *err)
{
    int r = 1;

    for (int i = 0; i < SAME_START_PROBES && r > 0; i++) {
        struct count n = {0};

        r = ask(a, SHORT_WORDS, 1, &n, err);
        if (r > 0 && n.cached > c->shared_overhead)
            c->shared_overhead = (int32_t)n.cached;
    }
    return r;
}

/* Whether there may be histories: in this schedule, or in another step's. */
static bool has_turns(const struct asker *a)
{
    return a->plan->target.api == API_CHAT &&
           (a->plan->sessions.turns.most > 0 || history_any(a->schedule));
}

/* What the template adds for an answer and one more message. */
static int find_turn_tokens(struct asker *a, struct prompt_calibration *c, struct err *err)
{
    struct count n = {0};
    int r;

    if (!has_turns(a))
        return 1;
    r = ask(a, SHORT_WORDS, 3, &n, err);
    if (r > 0)
        c->turn_tokens =
            fmax(0, (double)n.prompt - c->overhead_tokens - 3 * c->tokens_per_word * SHORT_WORDS);
    return r;
}

static int put_facts(struct fact_list *f, const struct asker *a, const struct prompt_calibration *c,
                     bool counted)
{
    enum known known = counted ? KNOWN_REPORTED : KNOWN_UNKNOWN;
    const char *source = counted ? "usage of calibration requests"
                         : a->plan->target.api == API_JSON
                             ? "answers of target.api: json are not asked for token counts: one "
                               "token a word is assumed"
                             : "answers carry no usage: one token a word is assumed";
    int r = fact_list_put(f, "prompts", "calibration.requests", "asrun", KNOWN_MEASURED, "%d",
                          a->asked);

    if (r == 0)
        r = fact_list_put(f, "prompts", "tokens_per_word", source, known, "%.4f",
                          c->tokens_per_word);
    if (r == 0)
        r = fact_list_put(f, "prompts", "overhead_tokens", source, known, "%.1f",
                          c->overhead_tokens);
    if (r == 0 && has_turns(a))
        r = fact_list_put(f, "prompts", "turn_tokens", source, known, "%.1f", c->turn_tokens);
    if (r == 0)
        r = fact_list_put(f, "prompts", "shared_overhead_tokens", source, known, "%d",
                          c->shared_overhead);
    return r;
}

int calibrate_prompts(struct prompt_calibration *ret, const struct plan *p, const struct target *t,
                      const struct schedule *s, struct fact_list *facts, struct err *err)
{
    struct prompt_calibration c = {.tokens_per_word = 1};
    struct asker a = {
        .plan = p, .schedule = s, .target = t, .serial = FIRST_SERIAL, .reply = plan_reply(p)};
    char host[300], path[600];
    int r;

    url_host_header(&t->url, host, sizeof host);
    requests_path(path, sizeof path, p, &t->url);
    (void)snprintf(a.url, sizeof a.url, "%s://%s%s", t->url.tls ? "https" : "http", host, path);
    r = p->target.api == API_JSON ? 0 : fit_line(&a, &c, err);
    if (r > 0)
        r = find_turn_tokens(&a, &c, err);
    if (r > 0)
        r = find_shared_overhead(&a, &c, err);
    if (r < 0)
        return r;
    if (put_facts(facts, &a, &c, r > 0) < 0)
        return err_set(err, -ENOMEM, "out of memory for the calibration's facts");
    *ret = c;
    return 0;
}
