/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of a learned table: 64 equal steps, and the outer step on each side halved four times,
 * because that is where lengths and gaps have their long tails. */
#include "workload/profile.h"

enum { TAIL = 4, STEPS = 64 };
static_assert(PROFILE_QUANTILES == STEPS + 1 + 2 * TAIL, "tails on both sides");

double profile_level(size_t i)
{
    assert(i < PROFILE_QUANTILES);
    if (i > PROFILE_QUANTILES / 2)
        return 1 - profile_level(PROFILE_QUANTILES - 1 - i);
    if (i == 0)
        return 0;
    if (i <= TAIL)
        return 1.0 / (STEPS << (TAIL + 1 - i));
    return (double)(i - TAIL) / STEPS;
}

double profile_quantile(const double table[PROFILE_QUANTILES], double u)
{
    size_t low = 0, high = PROFILE_QUANTILES - 1;

    while (high - low > 1) { /* level(low) <= u < level(high) */
        size_t middle = (low + high) / 2;

        if (profile_level(middle) <= u)
            low = middle;
        else
            high = middle;
    }
    u = (u - profile_level(low)) / (profile_level(high) - profile_level(low));
    return table[low] + (u < 0 ? 0 : u > 1 ? 1 : u) * (table[high] - table[low]);
}

double profile_share_at(const double table[PROFILE_QUANTILES], double value)
{
    size_t i = PROFILE_QUANTILES - 1;
    double width;

    while (i > 0 && table[i] > value)
        i--;
    if (table[i] > value)
        return 0;
    if (i == PROFILE_QUANTILES - 1)
        return 1;
    width = table[i + 1] - table[i];
    return profile_level(i) +
           (value - table[i]) / width * (profile_level(i + 1) - profile_level(i));
}

double profile_table_mean(const double table[PROFILE_QUANTILES])
{
    double sum = 0;

    for (size_t i = 0; i + 1 < PROFILE_QUANTILES; i++)
        sum += (table[i] + table[i + 1]) / 2 * (profile_level(i + 1) - profile_level(i));
    return sum;
}
