/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/condition.h - was the client itself all right? Each gate of plan/gates.h looks at
 * one figure of a second (or of many together), and voids exactly what it can have changed.
 *
 * With kernel stamps a late client still knows when bytes arrived: then only missing stamps,
 * events that shared a late read, and bytes left unread can have changed the times of arrival.
 * Where more than half of the reads carry no kernel stamp, the client's delays are in those times,
 * too.
 */
#pragma once
#include "base/base.h"
#include "plan/gates.h"
#include "record/second.h"

enum condition { CONDITION_CLEAN, CONDITION_STRAINED, CONDITION_SATURATED, CONDITION_COUNT_ };
const char *condition_name(enum condition c); /* clean, strained, saturated */

enum voids {                    /* what a gate can have changed */
             VOIDS_ARRIVAL = 1, /* every time that ends with something received */
             VOIDS_ORDER = 2,   /* times of single events within an answer */
             VOIDS_SEND = 4,    /* times that begin when a request was due */
             VOIDS_CLOSED = 8,  /* what a closed loop achieved */
             VOIDS_OPEN = 16,   /* what an open loop achieved */
};

/* What @g voids when it refuses (enum voids); of the second sum @s, where stamps may be the user's,
 * or of a claim by those of the packets. */
unsigned gate_voids(enum gate g, const struct second *s, bool wire);

enum gate_state { GATE_PASSES, GATE_WARNS, GATE_REFUSES };
/* The gate's figure of @s, in the gate's unit; NAN: none there, as of every gate of the run. */
double gate_figure(enum gate g, const struct second *s);
/* By the @limits of the plan. A figure that is NAN passes: nothing was seen. */
enum gate_state gate_state(enum gate g, const struct gate_limit limits[GATE_COUNT_], double figure);
enum condition second_condition(const struct second *s,
                                const struct gate_limit limits[GATE_COUNT_]);
/* Adds @s to @sum: counts and times are summed, maxima and percentiles are the largest. */
void second_add(struct second *sum, const struct second *s);
/* What of enum voids takes metric @id away; in a closed loop or an open one. */
unsigned metric_voided_by(const char *id, bool closed_loop);
/* gates@1 as the Markdown table of docs/method.md. Caller frees; NULL: no memory. */
char *gate_docs(void);
