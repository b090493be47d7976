/* SPDX-License-Identifier: Apache-2.0 */
/* lib/stats/distance.h - how far two samples are from one another. Values are finite. */
#pragma once
#include "base/base.h"

/* Wasserstein's distance of order 1 on a line: the area between the two distribution functions
 * (Vallender 1974), in units of the values. Samples of any sizes >= 1. -ENOMEM. O(n log n). */
NODISCARD int stats_wasserstein(double *ret, const double *a, size_t an, const double *b,
                                size_t bn);
/*
 * Energy coefficient H in [0, 1] (Szekely and Rizzo, JSPI 143, 2013, 1249): 2 E|X-Y| - E|X-X'| -
 * E|Y-Y'| over 2 E|X-Y|, of points of @dimensions values each, row by row; 0 for two samples of one
 * point. The caller standardises the columns, and takes a subsample where n is large. O(n^2
 * dimensions), no memory.
 */
double stats_energy(const double *a, size_t an, const double *b, size_t bn, size_t dimensions);
