/* SPDX-License-Identifier: Apache-2.0 */
#include "run/request.h"
#include "base/str.h"
#include "plan/api.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_BYTES = 128 }; /* request id, Content-Length, max_tokens, blank lines */

void requests_path(char *buf, size_t size, const struct plan *p, const struct url *base)
{
    static const char *const own[] = {
        [API_CHAT] = "/chat/completions", [API_COMPLETIONS] = "/completions",
        [API_RESPONSES] = "/responses",   [API_EMBEDDINGS] = "/embeddings",
        [API_RERANK] = "/rerank",         [API_JSON] = "",
    };
    const char *path = p->target.path;

    (void)snprintf(buf, size, "%s%s", strcmp(base->path, "/") == 0 ? "" : base->path,
                   path && *path ? path : own[p->target.api]);
}

static char *build_head(const struct plan *p, const struct request_access *a, const char *run_id)
{
    AUTO(str_release) struct str s = {0};
    char host[300], path[600];

    url_host_header(a->base, host, sizeof host);
    requests_path(path, sizeof path, p, a->base);
    str_add(&s, "POST ");
    if (a->whole_url)
        str_addf(&s, "http://%s", host);
    str_addf(&s, "%s HTTP/1.1\r\nHost: %s\r\n", path, host);
    str_addf(&s, "Content-Type: application/json\r\nAccept: %s\r\nUser-Agent: asrun\r\n",
             p->target.stream ? "text/event-stream" : "application/json");
    if (a->key)
        str_addf(&s, "Authorization: Bearer %s\r\n", a->key);
    str_addf(&s, "%s", a->headers ? a->headers : "");
    str_addf(&s, "X-Request-Id: asrun-%s-", run_id);
    return str_take(&s);
}

static char *build_before(const struct plan *p, const char *model)
{
    AUTO(str_release) struct str s = {0};

    str_add(&s, "{\"model\":");
    str_add_json(&s, model);
    str_add(&s, p->target.api == API_CHAT ? ",\"messages\":[{\"role\":\"user\",\"content\":\""
                                          : ",\"prompt\":\"");
    return str_take(&s);
}

/* One of each a component, which may ask for a model of its own. Sets *@longest: the most bytes of
 * a body but its prompts, which have @prompt each. */
static int build_bodies(struct requests *r, const struct plan *p, bool ignore_eos, size_t prompt,
                        size_t *longest, struct err *err)
{
    r->components = p->mix_count ? p->mix_count : 1;
    r->body_before = calloc(r->components, sizeof *r->body_before);
    r->bodies = calloc(r->components, sizeof *r->bodies);
    if (!r->body_before || !r->bodies)
        return -ENOMEM;
    *longest = 0;
    for (size_t i = 0; i < r->components; i++) {
        bool own = p->mix_count && *p->mix[i].model;
        const char *model = own ? p->mix[i].model : p->target.model;
        size_t bytes;

        r->body_before[i] = build_before(p, model);
        if (!r->body_before[i] || body_init(&r->bodies[i], p, model, ignore_eos, err) < 0)
            return -ENOMEM;
        bytes =
            r->bodies[i].count > 0 ? body_bytes(&r->bodies[i], prompt) : strlen(r->body_before[i]);
        if (bytes > *longest)
            *longest = bytes;
    }
    return 0;
}

static char *build_end(const struct plan *p, const struct request_shape *shape)
{
    AUTO(str_release) struct str s = {0};

    str_addf(&s, ",\"temperature\":%g,\"stream\":%s", p->load.temperature,
             p->target.stream ? "true" : "false");
    if (p->target.stream && shape->include_usage)
        str_add(&s, ",\"stream_options\":{\"include_usage\":true}");
    if (shape->ignore_eos)
        str_add(&s, ",\"ignore_eos\":true");
    plan_add_body(&s, p);
    str_add(&s, "}");
    return str_take(&s);
}

int requests_init(struct requests *r, const struct plan *p, const struct request_access *a,
                  const struct schedule *s, const struct prompt_calibration *c, const char *run_id,
                  struct err *err)
{
    struct history history = {s, c, &history_messages, 0};
    size_t prompt = history_bytes(&history), longest;

    *r = (struct requests){.schedule = s,
                           .calibration = *c,
                           .marks = p->target.api == API_CHAT ? &history_messages : &history_text,
                           .reply = plan_reply(p)};
    (void)snprintf(r->run_id, sizeof r->run_id, "%s", run_id);
    r->head = build_head(p, a, run_id);
    r->body_after =
        strdup(p->target.api == API_CHAT ? "\"}],\"max_tokens\":" : "\",\"max_tokens\":");
    r->body_end = build_end(p, &a->shape);
    if (!r->head || !r->body_after || !r->body_end ||
        build_bodies(r, p, a->shape.ignore_eos, prompt, &longest, err) < 0) {
        requests_release(r);
        return err_set(err, -ENOMEM, "out of memory for the request templates");
    }
    r->head_len = strlen(r->head);
    r->after_len = strlen(r->body_after);
    r->end_len = strlen(r->body_end);
    r->prompt_bytes = prompt;
    r->max_bytes = r->head_len + longest + r->after_len + r->end_len + NUMBERS_BYTES + prompt;
    return 0;
}

void requests_release(struct requests *r)
{
    if (r->head) /* it may hold the API key */
        explicit_bzero(r->head, strlen(r->head));
    free(r->head);
    for (size_t i = 0; i < r->components; i++) {
        if (r->body_before)
            free(r->body_before[i]);
        if (r->bodies)
            body_release(&r->bodies[i]);
    }
    free(r->body_before);
    free(r->bodies);
    free(r->body_after);
    free(r->body_end);
    *r = (struct requests){0};
}

static struct history history_of(const struct requests *r, const struct history_marks *marks)
{
    return (struct history){r->schedule, &r->calibration, marks, r->trial_base};
}

static char *put(char *at, const char *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

/* The prompt is rendered at the end of the buffer, then the body from it. */
static size_t render_body(const struct requests *r, uint32_t index, char *at, char *end)
{
    const struct item *item = &r->schedule->items[index];
    struct history history = history_of(r, r->marks);
    size_t room = r->prompt_bytes;
    char id[BODY_ID_BYTES];

    (void)snprintf(id, sizeof id, "asrun-%s-%u", r->run_id, r->id_base + index);
    return body_render(
        &r->bodies[item->component], at,
        &(struct body_item){.id = id,
                            .input_tokens = item->input_tokens,
                            .output_tokens = item->output_tokens,
                            .prompt = end - room,
                            .prompt_len = history_render(end - room, room, &history, index)});
}

static size_t render_completion(const struct requests *r, uint32_t index, char *body, char *end)
{
    struct history history = history_of(r, r->marks);
    const char *before = r->body_before[r->schedule->items[index].component];
    char *at = put(body, before, strlen(before));

    at += history_render(at, (size_t)(end - at), &history, index);
    at = put(at, r->body_after, r->after_len);
    at += sprintf(at, "%d", r->schedule->items[index].output_tokens);
    return (size_t)(put(at, r->body_end, r->end_len) - body);
}

/* The body is rendered behind a gap for the head, whose Content-Length depends on it; then both are
 * brought together at the front. */
size_t requests_render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    const struct requests *r = ctx;
    char *body = buf + r->head_len + NUMBERS_BYTES / 2;
    char numbers[NUMBERS_BYTES / 2];
    size_t len;
    int n;

    if (cap < r->max_bytes)
        return 0;
    len = r->bodies[0].count > 0 ? render_body(r, index, body, buf + cap)
                                 : render_completion(r, index, body, buf + cap);
    n = snprintf(numbers, sizeof numbers, "%u\r\nContent-Length: %zu\r\n\r\n", r->id_base + index,
                 len);
    (void)put(put(buf, r->head, r->head_len), numbers, (size_t)n);
    memmove(buf + r->head_len + n, body, len);
    return r->head_len + (size_t)n + len;
}

int requests_digest(struct digest *ret, const struct requests *r, struct err *err)
{
    AUTO(hasher_free) struct hasher *h = hasher_new();
    AUTO(free) char *buf = malloc(r->max_bytes);
    struct history history = history_of(r, &history_text);

    if (!h || !buf)
        return err_set(err, -ENOMEM, "out of memory for the prompts' digest");
    for (size_t i = 0; i < r->schedule->count; i++) {
        size_t n = history_render(buf, r->max_bytes, &history, (uint32_t)i);

        hasher_add_i64(h, (int64_t)n);
        hasher_add(h, buf, n);
    }
    *ret = hasher_end(h);
    return 0;
}
