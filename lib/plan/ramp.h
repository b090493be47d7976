/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/plan/ramp.h - arrivals whose rate changes: piecewise-linear intensity over a trial.
 *
 * A stream of gaps with mean 1 is laid along the integral of the rate (time-rescaling: Daley and
 * Vere-Jones, An Introduction to the Theory of Point Processes, vol. I, 7.4), so that a Poisson
 * stream becomes an inhomogeneous Poisson process, and gamma and constant streams keep their
 * burstiness on the scale of the mean gap at each moment.
 */
#pragma once
#include "plan/plan.h"

/* The arrival after @at_ns that is @unit mean gaps later; TIME_NONE: beyond the last stage. */
int64_t ramp_next(const struct plan_stage *stages, size_t count, int64_t at_ns, double unit);
int64_t ramp_span_ns(const struct plan_stage *stages, size_t count);
double ramp_mean_per_s(const struct plan_stage *stages, size_t count);
