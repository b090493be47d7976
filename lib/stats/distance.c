/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/distance.h"
#include "stats/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double area_between(const double *a, size_t an, const double *b, size_t bn)
{
    double area = 0, at = fmin(a[0], b[0]);

    for (size_t i = 0, j = 0; i < an || j < bn;) {
        double to = i == an ? b[j] : j == bn ? a[i] : fmin(a[i], b[j]);

        area += (to - at) * fabs((double)i / (double)an - (double)j / (double)bn);
        at = to;
        while (i < an && a[i] <= at)
            i++;
        while (j < bn && b[j] <= at)
            j++;
    }
    return area;
}

int stats_wasserstein(double *ret, const double *a, size_t an, const double *b, size_t bn)
{
    AUTO(free) double *x = malloc((an + bn) * sizeof *x);

    assert(an > 0 && bn > 0);
    if (!x)
        return -ENOMEM;
    memcpy(x, a, an * sizeof *x);
    memcpy(x + an, b, bn * sizeof *x);
    stats_sort(x, an);
    stats_sort(x + an, bn);
    *ret = area_between(x, an, x + an, bn);
    return 0;
}

static double apart(const double *a, const double *b, size_t dimensions)
{
    double sum = 0;

    for (size_t k = 0; k < dimensions; k++)
        sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sqrt(sum);
}

static double mean_apart(const double *a, size_t an, const double *b, size_t bn, size_t dimensions)
{
    double sum = 0;

    for (size_t i = 0; i < an; i++) {
        double row = 0;

        for (size_t j = 0; j < bn; j++)
            row += apart(a + i * dimensions, b + j * dimensions, dimensions);
        sum += row / (double)bn;
    }
    return sum / (double)an;
}

double stats_energy(const double *a, size_t an, const double *b, size_t bn, size_t dimensions)
{
    double across = 2 * mean_apart(a, an, b, bn, dimensions);

    assert(an > 0 && bn > 0 && dimensions > 0);
    if (across <= 0)
        return 0;
    return fmax(0,
                1 - (mean_apart(a, an, a, an, dimensions) + mean_apart(b, bn, b, bn, dimensions)) /
                        across);
}
