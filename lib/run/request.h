/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/run/request.h - the requests of a run as bytes: HTTP head, JSON body, synthetic prompt.
 * Rendering allocates nothing and is safe from several threads at once (all is read-only by then).
 */
#pragma once
#include "base/base.h"
#include "base/digest.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "run/body.h"
#include "run/history.h"
#include "wire/reply.h"
#include "wire/url.h"
#include "workload/prompt.h"

struct request_shape { /* what the plan's "auto" came to for this engine */
    bool ignore_eos, include_usage;
};

struct request_access { /* how this target is asked; borrowed while requests_init() runs */
    const struct url *base;
    const char *key;     /* NULL: none */
    const char *headers; /* further header lines, CRLF after each; NULL: none */
    struct request_shape shape;
    bool whole_url; /* in the first line, for a proxy */
};

struct requests {
    const struct schedule *schedule;
    struct prompt_calibration calibration;
    const struct history_marks *marks; /* between the turns of a session */
    char *head;         /* request line and headers up to "X-Request-Id: asrun-RUNID-" */
    char **body_before; /* JSON up to the prompt: of each component of a mix; else one */
    size_t components;
    char *body_after; /* JSON after the prompt, up to the value of max_tokens */
    char *body_end;   /* the rest, after max_tokens */
    size_t head_len, after_len, end_len;
    uint32_t id_base, trial_base; /* of the schedule's first item and trial, in the whole run */
    size_t prompt_bytes;          /* most of a prompt */
    size_t max_bytes;
    struct body *bodies; /* of other endpoints, in place of the three above; no parts: of none */
    struct reply_spec reply; /* how answers are read; borrows the plan */
    char run_id[16];
};

/* Secrets stay in memory only, and are wiped at release. -ENOMEM. */
NODISCARD int requests_init(struct requests *r, const struct plan *p,
                            const struct request_access *a, const struct schedule *s,
                            const struct prompt_calibration *c, const char *run_id,
                            struct err *err);
void requests_release(struct requests *r);
DEFINE_AUTO_HELD(struct requests, requests_release)

/* For load_render: @ctx is the struct requests. */
size_t requests_render(void *ctx, uint32_t index, char *buf, size_t cap);
/* Digest of the prompt texts of all items, in order. -ENOMEM. */
NODISCARD int requests_digest(struct digest *ret, const struct requests *r, struct err *err);
/* The path of the plan's API below @base: "/v1/chat/completions". */
void requests_path(char *buf, size_t size, const struct plan *p, const struct url *base);
