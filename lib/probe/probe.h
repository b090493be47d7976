/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/probe.h - first facts of host and target. Absent is recorded as absent, with the
 * reason. */
#pragma once
#include "base/base.h"
#include "record/fact.h"
#include "wire/url.h"

/* CPU model, cores, memory, kernel, governor, virtualisation, container limits ... of this host,
 * scope "host", and of asrun itself (version, commit, build, digest of the executable), "asrun". */
NODISCARD int probe_host(const struct fact_sink *sink, struct err *err);

enum engine {
    ENGINE_UNKNOWN,
    ENGINE_LLAMA_SERVER,
    ENGINE_VLLM,
    ENGINE_SGLANG,
    ENGINE_TGI,
    ENGINE_TRTLLM,
    ENGINE_OLLAMA
};
const char *engine_name(enum engine e);

struct probe_target {
    enum engine engine;
    char version[64];
    char model[128]; /* first id of /v1/models, "" if none */
    bool reachable;
    char why[160]; /* why not reachable */
};
struct probe_tls {               /* for https; NULL in place of it: the system's CAs, verified */
    const char *ca, *cert, *key; /* PEM files; NULL: the system's, none, in @cert */
    bool verify;
};
struct probe_way { /* how side requests get to the target; NULL members: as usual */
    const struct probe_tls *tls;
    const char *unix_socket; /* path */
    const char
        *connect_to;    /* "::ADDRESS:PORT" whatever the URL's host is: the one chosen address */
    const char *source; /* address to go out from */
    const char *proxy;  /* "http://HOST:PORT"; never from the environment otherwise */
    bool http2;         /* over TLS by ALPN, else without asking */
};

/* @key: the API key or NULL. Facts have scope "target"; reported by the engine. */
NODISCARD int probe_target(struct probe_target *ret, const struct fact_sink *sink,
                           const struct url *base, const char *key, const struct probe_way *way,
                           struct err *err);

/* A side request through libcurl, never on the timed path. @body NULL: GET; @way NULL:
 * the usual one. *@ret is the answer's
 * body (caller frees), *@status the HTTP status. Errors name URL and reason. */
NODISCARD int probe_http(char **ret, long *status, const char *url, const char *key,
                         const char *body, const struct probe_way *way, int64_t timeout_ns,
                         struct err *err);
