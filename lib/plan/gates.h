/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/gates.h - gates@1: the limits beyond which the client doubts itself, by name. A plan may
 * change each of them (`gates: {cpu.refuse: 90%}`); what a gate voids is in analysis/condition.h.
 */
#pragma once
#include "base/base.h"

enum gate {
    GATE_STAMPS,
    GATE_COALESCED,
    GATE_UNREAD,
    GATE_LOOP_5,
    GATE_LOOP,
    GATE_RUN_DELAY,
    GATE_CPU,
    GATE_LATENESS,
    GATE_RING,
    GATE_SECONDS_, /* those before it look at each second, those after it at the run alone */
    GATE_CAP = GATE_SECONDS_,
    GATE_HEADROOM,
    GATE_COUNT_,
};

enum gate_unit { GATE_PERCENT, GATE_MS, GATE_TIMES };
const char *gate_unit_name(enum gate_unit u); /* "%", "ms", "times" */

struct gate_limit { /* in the gate's unit; NAN: it never does */
    double warn, refuse;
};

struct gate_name {
    const char *name, *figure;
    enum gate_unit unit;
    bool below;              /* it warns and refuses below its limits, not beyond them */
    struct gate_limit limit; /* of gates@1 */
};
const struct gate_name *gate_name(enum gate g);

void gates_default(struct gate_limit ret[GATE_COUNT_]);
/* The limit at @name ("cpu.refuse") in @limits; NULL: gates@1 has none of that name. */
double *gate_limit_find(struct gate_limit limits[GATE_COUNT_], const char *name, enum gate *gate);
/* Reads @text ("90%", "5ms", "1.5") in the unit of @g; -EINVAL. */
NODISCARD int gate_value(double *ret, enum gate g, const char *text);
