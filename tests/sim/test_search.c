/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search against a virtual M/M/c server, whose capacity is known: the arrival rate at which the
 * 95th percentile of waiting is just the limit, by Erlang's C formula (Erlang 1917; Gross and
 * Harris, Fundamentals of Queueing Theory, section 2.3). Nothing sleeps: the queue is simulated by
 * the recursion of Kiefer and Wolfowitz (Trans. AMS 78, 1955, 1).
 */
#include "base/rng.h"
#include "harness/unit.h"
#include "stats/search.h"
#include "stats/stats.h"
#include <math.h>

enum { SERVERS = 8, SEEDS = 50, REQUESTS = 8000, WARM_UP = 2000, REPEATS = 4 };
static const double PERCENTILE = 0.95, LIMIT = 1.5; /* in mean service times */

/* P(waiting > @t) at arrival rate @rate; servers of rate 1. */
static double beyond(double rate, double t)
{
    double b = 1; /* Erlang's B by its recursion */

    for (int k = 1; k <= SERVERS; k++)
        b = rate * b / (k + rate * b);
    return SERVERS * b / (SERVERS - rate * (1 - b)) * exp(-(SERVERS - rate) * t);
}

static double capacity(void)
{
    double low = 0.01, high = SERVERS - 1e-9;

    for (int i = 0; i < 100; i++) {
        double mid = (low + high) / 2;

        *(beyond(mid, LIMIT) < 1 - PERCENTILE ? &low : &high) = mid;
    }
    return low;
}

/* Waiting times of @n requests at Poisson rate @rate, from an empty system, the first WARM_UP left
 * out. @free: when each server is done. */
static void simulate(double *wait, size_t n, double rate, uint64_t seed)
{
    double done[SERVERS] = {0}, now = 0;
    struct rng rng;

    rng_init(&rng, seed, 1);
    for (size_t i = 0; i < n + WARM_UP; i++) {
        int first = 0;

        now += rng_exponential(&rng) / rate;
        for (int k = 1; k < SERVERS; k++)
            first = done[k] < done[first] ? k : first;
        if (i >= WARM_UP)
            wait[i - WARM_UP] = fmax(done[first] - now, 0);
        done[first] = fmax(done[first], now) + rng_exponential(&rng);
    }
}

/* As a claim answers: by the percentile's interval. One without (long memory) tells nothing. */
static enum search_answer answer(const double *wait, size_t n)
{
    struct stats_quantile q;

    assert_int_equal(stats_quantile(&q, wait, n, PERCENTILE), 0);
    if (q.hi <= LIMIT)
        return SEARCH_MET;
    return q.lo > LIMIT ? SEARCH_NOT_MET : SEARCH_CANNOT_TELL;
}

static struct search search_once(uint64_t seed, uint64_t *cost)
{
    static const struct search_rules rules = {
        .from = 0.5, .to = 4 * SERVERS, .resolution = 0.02, .repeats = REPEATS, .steps = 60};
    struct search s;

    search_init(&s, &rules);
    while (search_going(&s)) {
        size_t n = (size_t)REQUESTS << s.repeat;
        double *wait = malloc(n * sizeof *wait);
        enum search_answer a;

        assert_non_null(wait);
        simulate(wait, n, s.load, seed * 1000 + (uint64_t)s.step);
        a = answer(wait, n);
        free(wait);
        *cost += n + WARM_UP;
        search_feed(&s, a, true);
    }
    return s;
}

static void finds_the_capacity_of_a_queue(void **state)
{
    double truth = capacity();
    int within = 0, both = 0, holds = 0;
    uint64_t cost = 0;
    int64_t steps = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct search s = search_once(seed, &cost);

        within += fabs(s.met / truth - 1) <= 0.03;
        both += fabs(s.met / truth - 1) <= 0.03 && fabs(s.not_met / truth - 1) <= 0.03;
        holds += s.met <= truth && s.not_met >= truth;
        steps += s.step;
    }
    print_message("capacity %.4f of %d servers; highest load that met within 3 %%: %d of %d; "
                  "both edges: %d; the bracket holds it: %d; %.1f steps, %.0f requests a search\n",
                  truth, SERVERS, within, SEEDS, both, holds, (double)steps / SEEDS,
                  (double)cost / SEEDS);
    assert_true(within >= 45 && both >= 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_capacity_of_a_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
