/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_oracles: what lib/stats says, for bench/oracles.py to judge by means of its own. Lines of
 * "WHAT ARGUMENT... : RESULT...", numbers exact (hexadecimal), series named by their number; and
 * for truths that were planted, "planted WHAT PARAMETER... : REPETITIONS STATEMENTS MISSES HALF",
 * HALF the mean half-width over that of the true standard error, or "judged : ORACLE VALUE BAR
 * AT_LEAST RATE REPETITIONS WHAT KNOWN", by tabs, of the truths that the unit tests plant, too.
 *
 *   bench_oracles [REPETITIONS]
 */
#include "../tests/harness/planted.h"
#include "stats/distance.h"
#include "stats/robust.h"

enum { SERIES = 36, LONGEST = 20000, WINDOW = 20 };

static double buffer[LONGEST];

static void say_beta(void)
{
    static const double shapes[] = {1, 2, 3, 5, 10, 40, 200, 1000};
    static const double xs[] = {0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999};
    static const double ps[] = {0.001, 0.025, 0.5, 0.975, 0.999};

    for (size_t a = 0; a < COUNT_OF(shapes); a++)
        for (size_t b = 0; b < COUNT_OF(shapes); b++) {
            for (size_t i = 0; i < COUNT_OF(xs); i++)
                printf("ibeta %a %a %a : %a\n", shapes[a], shapes[b], xs[i],
                       stats_ibeta(shapes[a], shapes[b], xs[i]));
            for (size_t i = 0; i < COUNT_OF(ps); i++)
                printf("ibeta_inverse %a %a %a : %a\n", shapes[a], shapes[b], ps[i],
                       stats_ibeta_inverse(shapes[a], shapes[b], ps[i]));
        }
}

static void say_binomial(void)
{
    static const int64_t ns[] = {1, 5, 20, 100, 1000, 10000};
    static const double ps[] = {0.001, 0.1, 0.5, 0.9, 0.99};

    for (size_t n = 0; n < COUNT_OF(ns); n++)
        for (size_t p = 0; p < COUNT_OF(ps); p++)
            for (int64_t part = 0; part <= 8; part++)
                printf("binomial_cdf %a %a %a : %a\n", (double)(ns[n] * part / 8), (double)ns[n],
                       ps[p], stats_binomial_cdf(ns[n] * part / 8, ns[n], ps[p]));
}

static void say_t(void)
{
    static const double dfs[] = {1, 2, 3, 4, 5, 9, 10, 19, 30, 63, 100, 1000};
    static const double ts[] = {-40, -5, -2, -0.5, 0, 0.1, 1, 1.96, 3, 10};
    static const double ps[] = {0.025, 0.4, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9995};

    for (size_t d = 0; d < COUNT_OF(dfs); d++) {
        for (size_t i = 0; i < COUNT_OF(ts); i++)
            printf("t_cdf %a %a : %a\n", ts[i], dfs[d], stats_t_cdf(ts[i], dfs[d]));
        for (size_t i = 0; i < COUNT_OF(ps); i++)
            printf("t_quantile %a %a : %a\n", ps[i], dfs[d], stats_t_quantile(ps[i], dfs[d]));
    }
}

static void say_ranks(void)
{
    static const int64_t ns[] = {1, 5, 6, 10, 36, 72, 100, 473, 1000};
    static const double ps[] = {0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999};

    for (size_t p = 0; p < COUNT_OF(ps); p++) {
        for (size_t n = 0; n < COUNT_OF(ns); n++) {
            struct stats_ranks r = stats_quantile_ranks(ns[n], ps[p], STATS_LEVEL);

            printf("quantile_ranks %a %a : %a %a\n", (double)ns[n], ps[p], (double)r.lo,
                   (double)r.hi);
        }
        printf("quantile_need %a : %a\n", ps[p], (double)stats_quantile_need(ps[p], STATS_LEVEL));
    }
}

/* Series of several lengths and kinds: independent, dependent, skewed, far from zero. */
static size_t fill(double *v, size_t i)
{
    static const size_t lengths[] = {2, 3, 10, 40, 99, 100, 257, 1000, 5000};
    size_t n = lengths[i % COUNT_OF(lengths)], kind = i / COUNT_OF(lengths);
    struct rng rng;

    rng_init(&rng, 1, i);
    plant_ar(v, n, kind == 1 ? 0.8 : 0, &rng);
    for (size_t k = 0; k < n && kind >= 2; k++)
        v[k] = kind == 2 ? exp(v[k]) : 1e9 + v[k];
    return n;
}

static void say_quantiles(size_t i, const double *v, size_t n)
{
    static const double ps[] = {0.5, 0.9, 0.99};
    struct stats_quantile q;

    for (size_t p = 0; p < COUNT_OF(ps); p++) {
        if (stats_quantile(&q, v, n, ps[p]) < 0)
            abort();
        printf("quantile %zu %a : %a %a %a %a %a %a\n", i, ps[p], q.value, q.lo, q.hi, q.n_eff,
               q.vif, (double)q.long_memory);
    }
}

static void say_share(size_t i, double *v, size_t n)
{
    struct stats_share s;

    for (size_t k = 0; k < n; k++)
        v[k] = v[k] > 1;
    s = stats_share(v, n);
    printf("share %zu : %a %a %a %a\n", i, s.share, s.lo, s.hi, s.n_eff);
}

static void say_whole(size_t i, const double *v, size_t n)
{
    static double clean[LONGEST];
    double lrv, slope, w;

    if (stats_winsorise(clean, v, n, NULL) < 0 || stats_lrv(&lrv, v, n) < 0)
        abort();
    printf("winsorise %zu :", i);
    for (size_t k = 0; k < n; k++)
        printf(" %a", clean[k]);
    printf("\nlrv %zu : %a\nmser5 %zu : %a\n", i, lrv, i, (double)stats_mser5(v, n));
    if (n < 10 || n > 300)
        return; /* the rest takes n^2 */
    if (stats_theil_sen(&slope, v, n) < 0 ||
        stats_wasserstein(&w, v, n / 3, v + n / 3, n - n / 3) < 0)
        abort();
    printf("mann_kendall %zu : %a\ntheil_sen %zu : %a\nwasserstein %zu : %a\nenergy %zu : %a\n", i,
           stats_mann_kendall(v, n), i, slope, i, w, i,
           stats_energy(v, n / 3, v + n / 3, n - n / 3, 1));
}

static void say_series(size_t i)
{
    double *v = buffer;
    size_t n = fill(v, i);
    struct stats_mean t = stats_mean_t(v, n), b = stats_mean_batches(v, n);

    printf("series %zu :", i);
    for (size_t k = 0; k < n; k++)
        printf(" %a", v[k]);
    printf("\nsum %zu : %a\nmean %zu : %a\nvariance %zu : %a\nvon_neumann %zu : %a\n", i,
           stats_sum(v, n), i, stats_mean(v, n), i, stats_variance(v, n), i,
           stats_von_neumann(v, n));
    printf("mean_t %zu : %a %a\n", i, t.lo, t.hi);
    printf("mean_batches %zu : %a %a %a %a\n", i, b.lo, b.hi, b.n_eff, (double)b.batches);
    say_quantiles(i, v, n);
    say_whole(i, v, n);
    say_share(i, v, n);
    fill(v, i);
    stats_sort(v, n);
    printf("sort %zu :", i);
    for (size_t k = 0; k < n; k++)
        printf(" %a", v[k]);
    printf("\n");
}

enum { CLAIM = 50 }; /* n_eff that a claim takes */

struct tally {
    int stated, missed;
    double half;
};

static void count(struct tally *t, bool stated, double lo, double hi, double truth)
{
    if (!stated)
        return;
    t->stated++;
    t->missed += truth < lo || truth > hi;
    t->half += (hi - lo) / 2;
}

static void say_planted(const char *what, double a, double b, size_t n, int reps,
                        const struct tally *t, double oracle_half)
{
    printf("planted %s %g %g %zu : %d %d %d %.4f\n", what, a, b, n, reps, t->stated, t->missed,
           t->stated > 0 ? t->half / t->stated / oracle_half : 0);
}

/* The standard error of the mean of an AR(1) series of unit variance. */
static double ar_error(double phi, size_t n)
{
    double sum = 1;

    for (size_t k = 1; k < n; k++)
        sum += 2 * (1 - (double)k / (double)n) * pow(phi, (double)k);
    return sqrt(sum / (double)n);
}

static void plant_ar_mean(double phi, size_t n, int reps)
{
    struct tally t = {0}, claims = {0};
    struct rng rng;

    rng_init(&rng, 2, n + (uint64_t)(phi * 100));
    for (int i = 0; i < reps; i++) {
        struct stats_mean m;

        plant_ar(buffer, n, phi, &rng);
        m = stats_mean_batches(buffer, n);
        count(&t, !isnan(m.lo), m.lo, m.hi, 0);
        count(&claims, !isnan(m.lo) && m.n_eff >= CLAIM, m.lo, m.hi, 0);
    }
    say_planted("ar_claim", phi, 0, n, reps, &claims, 1);
    say_planted("ar_mean", phi, 0, n, reps, &t, 1.959964 * ar_error(phi, n));
}

/* Waits in an M/M/1 queue of service rate 1, from a stationary start, in windows of 20. */
static void queue(double *v, size_t n, double rho, struct rng *rng)
{
    double wait = rng_unit(rng) < rho ? rng_exponential(rng) / (1 - rho) : 0;

    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (int k = 0; k < WINDOW; k++) {
            sum += wait;
            wait = fmax(0, wait + rng_exponential(rng) - rng_exponential(rng) / rho);
        }
        v[i] = sum / WINDOW;
    }
}

static void plant_queue_mean(double rho, size_t n, int reps)
{
    struct tally t = {0}, claims = {0};
    struct rng rng;

    rng_init(&rng, 3, n + (uint64_t)(rho * 100));
    for (int i = 0; i < reps; i++) {
        struct stats_mean m;

        queue(buffer, n, rho, &rng);
        m = stats_mean_batches(buffer, n);
        count(&t, !isnan(m.lo), m.lo, m.hi, rho / (1 - rho));
        count(&claims, !isnan(m.lo) && m.n_eff >= CLAIM, m.lo, m.hi, rho / (1 - rho));
    }
    say_planted("queue_claim", rho, 0, n, reps, &claims, 1);
    say_planted("queue_mean", rho, 0, n, reps, &t, 1);
}

/* Lognormal values of which a common AR(1) factor makes @share. */
static void plant_percentile(double share, double phi, size_t n, double p, double z, int reps)
{
    static double factor[LONGEST];
    struct tally t = {0};
    struct rng rng;

    rng_init(&rng, 4, n + (uint64_t)(share * 1000 + phi * 10 + p * 100000));
    for (int i = 0; i < reps; i++) {
        struct stats_quantile q;

        plant_ar(factor, n, phi, &rng);
        for (size_t k = 0; k < n; k++)
            buffer[k] = exp(0.5 * (sqrt(share) * factor[k] + sqrt(1 - share) * rng_normal(&rng)));
        if (stats_quantile(&q, buffer, n, p) < 0)
            abort();
        count(&t, !isnan(q.lo) && !isnan(q.hi) && !q.long_memory, q.lo, q.hi, exp(0.5 * z));
    }
    printf("planted percentile %g %g %g %zu : %d %d %d 0\n", p, share, phi, n, reps, t.stated,
           t.missed);
}

static void plant_share(double p, size_t n, int reps)
{
    struct tally t = {0};
    struct rng rng;

    rng_init(&rng, 5, n + (uint64_t)(p * 1000));
    for (int i = 0; i < reps; i++) {
        struct stats_share s;

        for (size_t k = 0; k < n; k++)
            buffer[k] = rng_unit(&rng) < p;
        s = stats_share(buffer, n);
        count(&t, !s.long_memory, s.lo, s.hi, p);
    }
    say_planted("share", p, 0, n, reps, &t, 1);
}

static void plant_all(int reps)
{
    static const double phis[] = {0, 0.5, 0.8, 0.9, 0.95}, rhos[] = {0.5, 0.7, 0.8, 0.9, 0.95};
    static const size_t lengths[] = {60, 240, 600, 3600}, windows[] = {40, 300, 1200};
    static const double quantiles[][2] = {
        {0.5, 0}, {0.9, 1.2815515655446}, {0.99, 2.3263478740408}};
    static const double factors[][2] = {{0, 0}, {0.2, 0.9}, {0.5, 0.9}, {0.2, 0.99}, {0.5, 0.99}};
    static const size_t counts[] = {100, 500, 1000, 5000, 20000};

    for (size_t a = 0; a < COUNT_OF(phis); a++)
        for (size_t n = 0; n < COUNT_OF(lengths); n++)
            plant_ar_mean(phis[a], lengths[n], reps);
    for (size_t a = 0; a < COUNT_OF(rhos); a++)
        for (size_t n = 0; n < COUNT_OF(windows); n++)
            plant_queue_mean(rhos[a], windows[n], reps);
    for (size_t q = 0; q < COUNT_OF(quantiles); q++)
        for (size_t f = 0; f < COUNT_OF(factors); f++)
            for (size_t n = 0; n < COUNT_OF(counts); n++)
                plant_percentile(factors[f][0], factors[f][1], counts[n], quantiles[q][0],
                                 quantiles[q][1], reps);
    for (size_t n = 0; n < COUNT_OF(counts); n++) {
        plant_share(0.02, counts[n], reps);
        plant_share(0.5, counts[n], reps);
    }
}

static void say_judged(void *data, const struct plant_row *r)
{
    (void)data;
    printf("judged : %s\t%.6g\t%.6g\t%d\t%d\t%d\t%s\n", r->oracle, r->value, r->bar, r->at_least,
           r->rate, r->reps, r->what);
}

int main(int argc, char **argv)
{
    int reps = argc > 1 ? atoi(argv[1]) : 400;

    say_beta();
    say_binomial();
    say_t();
    say_ranks();
    for (size_t i = 0; i < SERIES; i++)
        say_series(i);
    plant_all(reps);
    plant_everything(&(struct plants){reps, say_judged, NULL});
    return 0;
}
