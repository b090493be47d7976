/* SPDX-License-Identifier: Apache-2.0 */
/* lib/envelope/stream.h - private to envelope: the loops of STREAM (McCalpin 1995) and one that
 * only reads. */
#pragma once
#include "envelope/sizes.h"

enum { STREAM_STEP = 64 }; /* parts of arrays begin and end at multiples of it; so does @n */
#define STREAM_SCALAR 3.0

struct stream {
    double *a, *b, *c; /* page-aligned, @n each */
    size_t n;
    enum stream_kernel kernel;
    double sums[1024]; /* of STREAM_READ, by member: so that nothing of it may be left out */
};
/* team_work: the member's part of the kernel; stream_fill() of the arrays (1, 2, 0), so that each
 * member's part is near its CPU. */
void stream_do(void *stream, int member, int members);
void stream_fill(void *stream, int member, int members);
