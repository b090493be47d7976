/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/target.h - the plan's target made usable: parsed, resolved, probed, its key in memory. */
#pragma once
#include "base/str.h"
#include "load/load.h"
#include "plan/plan.h"
#include "probe/probe.h"
#include "record/fact_list.h"
#include "run/request.h"
#include <limits.h>

struct target {
    struct url url;
    struct load_target address;
    struct target_tls { /* of https */
        struct tls_context *context;
        struct probe_tls side; /* the same for side requests */
        char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX];
    } tls;
    struct target_route {
        struct sockaddr_storage *sources; /* the plan's source addresses */
        char unix_socket[PATH_MAX];       /* "": none */
        char pinned[80];                  /* "::ADDRESS:PORT", the chosen address; "": none */
        char proxy[320];                  /* "http://HOST:PORT"; "": none */
        struct probe_way way;             /* the same for side requests */
    } route;
    bool http2;         /* the plan's target.http, for this target */
    char *key;          /* NULL: none. Memory only. */
    struct str headers; /* the plan's own, secrets filled in, CRLF after each. Memory only. */
    struct probe_target probe;
    struct request_shape shape;
};

/* Resolves, reads the key, asks the engine who it is. -EINVAL: the plan's part is wrong; others:
 * the target can't be reached. */
NODISCARD int target_open(struct target *t, const struct plan *p, struct fact_list *facts,
                          struct err *err);
void target_release(struct target *t);
DEFINE_AUTO_HELD(struct target, target_release)
/* What side requests to the target need: NULL for plain http. */
const struct probe_tls *target_tls(const struct target *t);
