/* SPDX-License-Identifier: Apache-2.0 */
/* lib/run/target_proxy.h - the environment's proxy, where the plan asks for it. */
#pragma once
#include "run/target.h"

/* Where target.proxy says so, and http_proxy is set, and no_proxy does not name the host: *@to
 * becomes the proxy, and @t's route names it. Facts say which it was. -EINVAL: http_proxy is no
 * usable URL. */
NODISCARD int target_proxy(struct target *t, struct url *to, const struct plan *p,
                           struct fact_list *facts, struct err *err);
