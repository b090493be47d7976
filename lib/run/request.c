/* SPDX-License-Identifier: Apache-2.0 */
#include "run/request.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_BYTES = 128 }; /* request id, Content-Length, max_tokens, blank lines */

void requests_path(char *buf, size_t size, const struct plan *p, const struct url *base)
{
    (void)snprintf(buf, size, "%s%s", strcmp(base->path, "/") == 0 ? "" : base->path,
                   p->target.api == API_CHAT ? "/chat/completions" : "/completions");
}

static char *build_head(const struct plan *p, const struct request_access *a, const char *run_id)
{
    AUTO(str_release) struct str s = {0};
    char host[300], path[600];

    url_host_header(a->base, host, sizeof host);
    requests_path(path, sizeof path, p, a->base);
    str_addf(&s, "POST %s HTTP/1.1\r\nHost: %s\r\n", path, host);
    str_addf(&s, "Content-Type: application/json\r\nAccept: %s\r\nUser-Agent: asrun\r\n",
             p->target.stream ? "text/event-stream" : "application/json");
    if (a->key)
        str_addf(&s, "Authorization: Bearer %s\r\n", a->key);
    str_addf(&s, "%s", a->headers ? a->headers : "");
    str_addf(&s, "X-Request-Id: asrun-%s-", run_id);
    return str_take(&s);
}

static char *build_before(const struct plan *p)
{
    AUTO(str_release) struct str s = {0};

    str_add(&s, "{\"model\":");
    str_add_json(&s, p->target.model);
    str_add(&s, p->target.api == API_CHAT ? ",\"messages\":[{\"role\":\"user\",\"content\":\""
                                          : ",\"prompt\":\"");
    return str_take(&s);
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
    str_add(&s, "}");
    return str_take(&s);
}

static int32_t longest_input(const struct schedule *s)
{
    int32_t longest = 1;

    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].input_tokens > longest)
            longest = s->items[i].input_tokens;
    return longest;
}

int requests_init(struct requests *r, const struct plan *p, const struct request_access *a,
                  const struct schedule *s, const struct prompt_calibration *c, const char *run_id,
                  struct err *err)
{
    *r = (struct requests){.schedule = s, .calibration = *c};
    r->head = build_head(p, a, run_id);
    r->body_before = build_before(p);
    r->body_after =
        strdup(p->target.api == API_CHAT ? "\"}],\"max_tokens\":" : "\",\"max_tokens\":");
    r->body_end = build_end(p, &a->shape);
    if (!r->head || !r->body_before || !r->body_after || !r->body_end) {
        requests_release(r);
        return err_set(err, -ENOMEM, "out of memory for the request templates");
    }
    r->head_len = strlen(r->head);
    r->before_len = strlen(r->body_before);
    r->after_len = strlen(r->body_after);
    r->end_len = strlen(r->body_end);
    r->max_bytes = r->head_len + r->before_len + r->after_len + r->end_len + NUMBERS_BYTES +
                   prompt_bytes(longest_input(s), c);
    return 0;
}

void requests_release(struct requests *r)
{
    if (r->head) /* it may hold the API key */
        explicit_bzero(r->head, strlen(r->head));
    free(r->head);
    free(r->body_before);
    free(r->body_after);
    free(r->body_end);
    *r = (struct requests){0};
}

static struct prompt_spec spec_of(const struct schedule *s, uint32_t index)
{
    const struct item *item = &s->items[index];

    return (struct prompt_spec){
        .seed = s->prompt_seed,
        .trial = item->trial,
        .serial = index,
        .tokens = item->input_tokens,
        .blocks = item->block_count ? s->blocks + item->block_first : NULL,
        .block_count = item->block_count,
        .block_tokens = s->block_tokens,
    };
}

static char *put(char *at, const char *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

/* The body is rendered behind a gap for the head, whose Content-Length depends on it; then both are
 * brought together at the front. */
size_t requests_render(void *ctx, uint32_t index, char *buf, size_t cap)
{
    const struct requests *r = ctx;
    struct prompt_spec spec = spec_of(r->schedule, index);
    char *body = buf + r->head_len + NUMBERS_BYTES / 2, *at = body;
    char numbers[NUMBERS_BYTES / 2];
    int n;

    if (cap < r->max_bytes)
        return 0;
    at = put(at, r->body_before, r->before_len);
    at += prompt_render(at, cap - (size_t)(at - buf), &spec, &r->calibration);
    at = put(at, r->body_after, r->after_len);
    at += sprintf(at, "%d", r->schedule->items[index].output_tokens);
    at = put(at, r->body_end, r->end_len);
    n = snprintf(numbers, sizeof numbers, "%u\r\nContent-Length: %zu\r\n\r\n", index,
                 (size_t)(at - body));
    (void)put(put(buf, r->head, r->head_len), numbers, (size_t)n);
    memmove(buf + r->head_len + n, body, (size_t)(at - body));
    return r->head_len + (size_t)n + (size_t)(at - body);
}

int requests_digest(struct digest *ret, const struct requests *r, struct err *err)
{
    AUTO(hasher_free) struct hasher *h = hasher_new();
    AUTO(free) char *buf = malloc(r->max_bytes);

    if (!h || !buf)
        return err_set(err, -ENOMEM, "out of memory for the prompts' digest");
    for (size_t i = 0; i < r->schedule->count; i++) {
        struct prompt_spec spec = spec_of(r->schedule, (uint32_t)i);
        size_t n = prompt_render(buf, r->max_bytes, &spec, &r->calibration);

        hasher_add_i64(h, (int64_t)n);
        hasher_add(h, buf, n);
    }
    *ret = hasher_end(h);
    return 0;
}
