/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/harness/planted.h - series whose truth is known because it was planted, and how often
 * lib/stats finds it. The unit test runs it with few repetitions and wider bars, bench_oracles in
 * full.
 */
#pragma once
#include "base/rng.h"
#include "stats/compare.h"
#include "stats/kinds.h"
#include "stats/levels.h"
#include "stats/stats.h"
#include "stats/trend.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLANT_LONGEST = 4000 };

struct plant_row {
    char what[120];
    const char *oracle;
    double value, bar;
    bool at_least; /* the value is to be at least the bar; else at most */
    bool rate;     /* a share of @reps: chance may move it */
    int reps;
};
typedef void plant_see(void *data, const struct plant_row *row);
struct plants {
    int reps;
    plant_see *see;
    void *data;
};

static void plant_tell(const struct plants *p, struct plant_row row)
{
    row.reps = p->reps;
    p->see(p->data, &row);
}

/* Standardised noise: AR(1) of unit variance from a stationary start. */
static void plant_ar(double *v, size_t n, double phi, struct rng *rng)
{
    double state = rng_normal(rng);

    for (size_t i = 0; i < n; i++) {
        v[i] = state;
        state = phi * state + sqrt(1 - phi * phi) * rng_normal(rng);
    }
}

enum plant_noise { PLANT_IID, PLANT_AR5, PLANT_AR8, PLANT_LOGNORMAL, PLANT_OUTLIERS, PLANT_NOISES };

static void plant_noise(double *v, size_t n, enum plant_noise kind, struct rng *rng)
{
    size_t burst;

    plant_ar(v, n, kind == PLANT_AR5 ? 0.5 : kind == PLANT_AR8 ? 0.8 : 0, rng);
    for (size_t i = 0; i < n && kind == PLANT_LOGNORMAL; i++)
        v[i] = exp(0.5 * v[i]);
    if (kind != PLANT_OUTLIERS)
        return;
    for (size_t i = 0; i < n; i++)
        if (rng_unit(rng) < 0.01)
            v[i] += 10 + 5 * rng_exponential(rng);
    burst = (size_t)rng_below(rng, n - 3);
    for (size_t i = 0; i < 3; i++)
        v[burst + i] += 8;
}

static struct stats_levels plant_levels(const double *v, size_t n)
{
    struct stats_levels l;

    if (stats_levels(&l, v, n) < 0)
        abort();
    return l;
}

/* O4: a stationary series has no change point. */
static void plant_stationary(const struct plants *p)
{
    static const char *const names[] = {"independent", "AR(.5)", "AR(.8)", "lognormal(.5)",
                                        "1 % outliers and a burst of 3"};
    static const double bars[] = {0.01, 0.06, 0.12, 0.01, 0.03};
    static const size_t lengths[] = {120, 300, 1000};
    double v[1000];

    for (int kind = 0; kind < PLANT_NOISES; kind++)
        for (size_t k = 0; k < COUNT_OF(lengths); k++) {
            struct plant_row row = {.oracle = "O4", .bar = bars[kind], .rate = true};
            int found = 0;
            struct rng rng;

            rng_init(&rng, 40, (uint64_t)kind * 10 + k);
            for (int i = 0; i < p->reps; i++) {
                struct stats_levels l;

                plant_noise(v, lengths[k], (enum plant_noise)kind, &rng);
                l = plant_levels(v, lengths[k]);
                found += l.count > 0;
                stats_levels_release(&l);
            }
            row.value = (double)found / p->reps;
            if (kind == PLANT_AR8 && k == 0)
                row.bar = 0.2; /* such values are worth 13 */
            (void)snprintf(row.what, sizeof row.what, "%s, n = %zu: any change point", names[kind],
                           lengths[k]);
            plant_tell(p, row);
        }
}

/* O5: one step at 40 %. */
static void plant_step(const struct plants *p, double phi, double size, double bar)
{
    struct plant_row row = {.oracle = "O5", .bar = bar, .at_least = true, .rate = true};
    int hit = 0, count = 0;
    double v[300];
    struct rng rng;

    rng_init(&rng, 50, (uint64_t)(phi * 10 + size * 100));
    for (int i = 0; i < p->reps; i++) {
        struct stats_levels l;
        bool near = false;

        plant_ar(v, 300, phi, &rng);
        for (size_t k = 120; k < 300; k++)
            v[k] += size;
        l = plant_levels(v, 300);
        for (size_t k = 0; k < l.count; k++)
            near = near || llabs((long long)l.at[k] - 120) <= 9;
        hit += near;
        count += (int)l.count;
        stats_levels_release(&l);
    }
    row.value = (double)hit / p->reps;
    (void)snprintf(row.what, sizeof row.what, "step of %g sd, AR(%g), n = 300: found within 9",
                   size, phi);
    plant_tell(p, row);
    row = (struct plant_row){.oracle = "O5", .value = (double)count / p->reps, .bar = 1.1};
    (void)snprintf(row.what, sizeof row.what, "the same: change points on average");
    plant_tell(p, row);
}

struct plant_decay {
    double amplitude, tau, phi, late; /* late: relative step in the last quarter */
    bool outliers;
    size_t n;
};

static void plant_series(double *v, const struct plant_decay *d, struct rng *rng)
{
    plant_ar(v, d->n, d->phi, rng);
    for (size_t i = 0; i < d->n; i++) {
        v[i] = 100 * (1 + 0.05 * v[i] + d->amplitude * exp(-(double)i / d->tau) +
                      (4 * i >= 3 * d->n ? d->late : 0));
        if (d->outliers && rng_unit(rng) < 0.01)
            v[i] *= 3;
    }
}

struct plant_passed {
    double rate, bias; /* share that may be called steady; relative bias of its means, on average */
};

/* Whether a series is called steady, with a drift under @limit. */
static struct plant_passed plant_steady(const struct plants *p, const struct plant_decay *d,
                                        double limit)
{
    static double v[PLANT_LONGEST];
    double bias = 0;
    int passed = 0, settled = 0;
    struct rng rng;

    rng_init(&rng, 60, (uint64_t)(d->amplitude * 100 + d->tau * 7 + d->phi * 1000) + d->n);
    for (int i = 0; i < p->reps; i++) {
        struct stats_levels l;
        struct stats_steady s;

        plant_series(v, d, &rng);
        l = plant_levels(v, d->n);
        s = stats_steady(&l, 0.05, -1);
        if (!s.late && (s.label == STATS_FLAT || s.label == STATS_WARM_UP)) {
            settled++;
            bias += stats_mean(v + s.start, d->n - s.start) / 100 - 1;
            passed += stats_drift(l.clean, s.start, d->n).bound < limit;
        }
        stats_levels_release(&l);
    }
    return (struct plant_passed){(double)passed / p->reps, settled ? bias / settled : 0};
}

/* O6: warm-up. */
static void plant_warm_up(const struct plants *p)
{
    static const double phis[] = {0, 0.5, 0.7}, amplitudes[] = {0.05, 0.2, 1, 3};
    static const size_t lengths[] = {600, 1200};

    for (size_t f = 0; f < COUNT_OF(phis); f++)
        for (size_t k = 0; k < COUNT_OF(lengths); k++) {
            struct plant_decay d = {.phi = phis[f], .n = lengths[k], .tau = 1};
            struct plant_row row = {.oracle = "O6", .bar = 0.002};
            double worst = 0, slow = 0, flat = plant_steady(p, &d, 0.05).rate;

            for (size_t a = 0; a < COUNT_OF(amplitudes); a++)
                for (int part = 120; part >= 30; part /= 2) {
                    d.amplitude = amplitudes[a];
                    d.tau = (double)d.n / part;
                    worst = fmax(worst, fabs(plant_steady(p, &d, 0.02).bias));
                }
            row.value = worst;
            (void)snprintf(
                row.what, sizeof row.what,
                "AR(%g), n = %zu, start up to 4 times, tau <= n/30: worst bias of the mean", d.phi,
                d.n);
            plant_tell(p, row);
            for (size_t a = 1; a < COUNT_OF(amplitudes); a++)
                for (int part = 3; part >= 1; part--) {
                    d.amplitude = amplitudes[a];
                    d.tau = (double)d.n / part;
                    slow = fmax(slow, plant_steady(p, &d, 0.02).rate);
                }
            row = (struct plant_row){.oracle = "O6", .value = slow, .bar = 0.01, .rate = true};
            (void)snprintf(row.what, sizeof row.what,
                           "AR(%g), n = %zu, start >= 20 %%, tau >= n/3: called steady within 2 %%",
                           d.phi, d.n);
            plant_tell(p, row);
            d = (struct plant_decay){.phi = phis[f], .n = lengths[k], .tau = 1, .late = 0.05};
            row = (struct plant_row){
                .oracle = "O6", .value = plant_steady(p, &d, 0.02).rate, .bar = 0.02, .rate = true};
            (void)snprintf(
                row.what, sizeof row.what,
                "AR(%g), n = %zu, 5 %% slower in the last quarter: called steady within 2 %%",
                d.phi, d.n);
            plant_tell(p, row);
            d = (struct plant_decay){.phi = phis[f], .n = lengths[k], .tau = 1, .outliers = true};
            row = (struct plant_row){.oracle = "O6",
                                     .value = fabs(plant_steady(p, &d, 0.05).rate - flat),
                                     .bar = 0.05,
                                     .rate = true};
            (void)snprintf(row.what, sizeof row.what,
                           "AR(%g), n = %zu, 1 %% outliers of 3 times: pass rate moves by", d.phi,
                           d.n);
            plant_tell(p, row);
        }
}

/* O7: a linear drift of @drift over the run, kept whole or cut as steady state says. */
static double plant_drift(const struct plants *p, double drift, double phi, size_t n, double limit,
                          bool cut)
{
    static double v[PLANT_LONGEST];
    int passed = 0;
    struct rng rng;

    rng_init(&rng, 70, (uint64_t)(drift * 1000 + phi * 100) + n);
    for (int i = 0; i < p->reps; i++) {
        struct stats_levels l;
        struct stats_steady s = {.label = STATS_FLAT};

        plant_ar(v, n, phi, &rng);
        for (size_t k = 0; k < n; k++)
            v[k] = 100 * (1 + 0.05 * v[k] + drift * ((double)k / (double)n - 0.5));
        l = plant_levels(v, n);
        if (cut)
            s = stats_steady(&l, 0.05, -1);
        passed += !s.late && (s.label == STATS_FLAT || s.label == STATS_WARM_UP) &&
                  stats_drift(l.clean, s.start, n).bound < limit;
        stats_levels_release(&l);
    }
    return (double)passed / p->reps;
}

static double plant_trend(const struct plants *p, double phi, size_t n)
{
    double v[1200];
    int found = 0;
    struct rng rng;

    rng_init(&rng, 71, (uint64_t)(phi * 100) + n);
    for (int i = 0; i < p->reps; i++) {
        plant_ar(v, n, phi, &rng);
        found += fabs(stats_trend(v, n)) > 1.959964;
    }
    return (double)found / p->reps;
}

static void plant_drifts(const struct plants *p)
{
    static const double phis[] = {0, 0.5, 0.7}, limits[] = {0.02, 0.05};
    static const size_t lengths[] = {300, 600, 1200};
    struct plant_row row;

    for (size_t f = 0; f < COUNT_OF(phis); f++) {
        for (int cut = 0; cut < 2; cut++) {
            row = (struct plant_row){.oracle = "O7", .bar = 0.06, .rate = true};
            for (size_t k = 0; k < COUNT_OF(lengths); k++)
                for (size_t d = 0; d < COUNT_OF(limits); d++)
                    row.value = fmax(
                        row.value, plant_drift(p, limits[d], phis[f], lengths[k], limits[d], cut));
            (void)snprintf(
                row.what, sizeof row.what,
                "AR(%g), n 300 to 1,200, drift = limit (2 and 5 %%), %s: worst wrong pass", phis[f],
                cut ? "after truncation" : "whole series");
            plant_tell(p, row);
        }
        row = (struct plant_row){.oracle = "O7", .bar = 0.1, .rate = true};
        for (size_t k = 0; k < COUNT_OF(lengths); k++)
            row.value = fmax(row.value, plant_trend(p, phis[f], lengths[k]));
        (void)snprintf(row.what, sizeof row.what,
                       "AR(%g), n 300 to 1,200, no trend: Mann-Kendall of 12 batches says so",
                       phis[f]);
        plant_tell(p, row);
    }
    for (int cut = 0; cut < 2; cut++) {
        row = (struct plant_row){.oracle = "O7",
                                 .value = plant_drift(p, 0, 0, 1200, 0.02, cut),
                                 .bar = 0.95,
                                 .at_least = true,
                                 .rate = true};
        (void)snprintf(row.what, sizeof row.what,
                       "independent, flat, n = 1,200, limit 2 %%, %s: passes",
                       cut ? "after truncation" : "whole series");
        plant_tell(p, row);
    }
}

/* O8: @k values @times as long, of 10 kinds, on first occurrences or anywhere. Share of the slow
 * values that are attributed: flagged, first of their kind, and the test says so. */
static double plant_one_offs(const struct plants *p, size_t k, double times, bool tied, int *called)
{
    enum { N = 500, KINDS = 10 };
    double v[N], score[N];
    uint32_t key[N];
    int found = 0;
    struct rng rng;

    rng_init(&rng, 80, k * 1000 + (uint64_t)times * 2 + tied);
    *called = 0;
    for (int i = 0; i < p->reps; i++) {
        bool seen[KINDS] = {false}, slow[N] = {false};
        struct stats_first f;
        size_t left = k;

        for (size_t j = 0; j < N; j++) {
            key[j] = (uint32_t)rng_below(&rng, KINDS);
            v[j] = 1 + 0.05 * rng_normal(&rng);
            slow[j] = tied && !seen[key[j]] && left > 0;
            left -= slow[j];
            seen[key[j]] = true;
        }
        for (size_t j = 0; j < k && !tied; j++)
            slow[rng_below(&rng, N)] = true;
        for (size_t j = 0; j < N; j++)
            v[j] *= slow[j] ? times : 1;
        if (stats_outlier_scores(score, v, N) < 0 || stats_first_of_kind(&f, v, key, N, KINDS) < 0)
            abort();
        for (size_t j = 0; j < KINDS; j++)
            seen[j] = false;
        for (size_t j = 0; j < N; j++) {
            bool out = f.p < STATS_FIRST_P && !seen[key[j]] && score[j] > STATS_OUTLIER_SCORE;

            found += out && slow[j];
            *called += out;
            seen[key[j]] = true;
        }
    }
    return (double)found / (double)k / p->reps;
}

static void plant_all_one_offs(const struct plants *p)
{
    static const size_t counts[] = {1, 3, 10};
    static const double times[] = {1.5, 5, 50};
    struct plant_row row;
    int called, wrong = 0;

    for (size_t k = 0; k < COUNT_OF(counts); k++) {
        /* One slow value of 50 of its kind: chance alone does as much with p = 1/50. */
        bool lone = counts[k] == 1;

        row = (struct plant_row){.oracle = "O8",
                                 .value = lone ? 0 : 1,
                                 .bar = lone ? 0.05 : 0.95,
                                 .at_least = !lone,
                                 .rate = true};
        for (size_t t = 1; t < COUNT_OF(times); t++) {
            double share = plant_one_offs(p, counts[k], times[t], true, &called);

            row.value = lone ? fmax(row.value, share) : fmin(row.value, share);
        }
        (void)snprintf(row.what, sizeof row.what,
                       "%zu first occurrences 5 and 50 times as long: attributed", counts[k]);
        plant_tell(p, row);
        for (size_t t = 0; t < COUNT_OF(times); t++) {
            (void)plant_one_offs(p, counts[k], times[t], false, &called);
            wrong += called;
        }
    }
    row = (struct plant_row){
        .oracle = "O8", .value = (double)wrong / (9.0 * p->reps), .bar = 0.001, .rate = true};
    (void)snprintf(row.what, sizeof row.what, "the same anywhere: attributed, a series");
    plant_tell(p, row);
}

/* O9: a workload that gets longer, a server that gets slower, both, neither, at half of 300
 * windows. */
static void plant_causes(const struct plants *p)
{
    static const char *const names[] = {"nothing", "input 30 % longer", "server 6 % slower",
                                        "both"};
    double x[300], y[300], rest[300];
    struct plant_row row;

    for (int kind = 0; kind < 4; kind++) {
        int told = 0, right = 0, rest_moved = 0;
        struct rng rng;

        rng_init(&rng, 90, (uint64_t)kind);
        for (int i = 0; i < p->reps; i++) {
            enum stats_cause cause;
            struct stats_levels l;

            for (size_t k = 0; k < 300; k++) {
                x[k] = 500 * (1 + 0.1 * rng_normal(&rng)) * (k >= 150 && kind % 2 ? 1.3 : 1);
                y[k] = 100 * (k >= 150 && kind >= 2 ? 1.06 : 1) * (1 + 0.3 * (x[k] / 500 - 1)) *
                       (1 + 0.04 * rng_normal(&rng));
            }
            (void)stats_adjust(rest, y, x, 300);
            l = plant_levels(rest, 300);
            rest_moved += l.count > 0;
            stats_levels_release(&l);
            if (stats_cause(&cause, y, x, 300) < 0)
                abort();
            told += cause != STATS_STEADY;
            right += cause == (enum stats_cause)kind;
        }
        row =
            (struct plant_row){.oracle = "O9", .value = (double)rest_moved / p->reps, .rate = true};
        row.at_least = kind >= 2;
        row.bar = kind >= 2 ? 0.7 : 0.03;
        (void)snprintf(row.what, sizeof row.what, "%s: change point in the adjusted series",
                       names[kind]);
        plant_tell(p, row);
        if (kind != 1 && kind != 2)
            continue;
        row = (struct plant_row){.oracle = "O9",
                                 .value = told ? (double)right / told : 0,
                                 .bar = 0.85,
                                 .at_least = true,
                                 .rate = true};
        (void)snprintf(row.what, sizeof row.what, "%s: the right cause, where one is told",
                       names[kind]);
        plant_tell(p, row);
    }
}

/* O10: 600 s of Poisson arrivals at 32 servers with exponential service of 8 s; whether requests
 * out grow. */
static bool plant_queue(double rho, struct rng *rng)
{
    enum { SERVERS = 32, SECONDS = 600, POINTS = 10 };
    double ready[SERVERS] = {0}, mean[STATS_TREND_BATCHES] = {0},
           step = (double)SECONDS / (12 * POINTS);

    for (double t = 0; (t += rng_exponential(rng) * 8 / (SERVERS * rho)) < SECONDS;) {
        size_t first = 0;
        double end;

        for (size_t k = 1; k < SERVERS; k++)
            first = ready[k] < ready[first] ? k : first;
        end = fmax(t, ready[first]) + 8 * rng_exponential(rng);
        ready[first] = end;
        for (int k = (int)ceil(t / step); k < 12 * POINTS && k * step < end; k++)
            mean[k / POINTS] += 1.0 / POINTS;
    }
    return stats_grows(mean);
}

static void plant_overload(const struct plants *p)
{
    /* A queue is a random walk: at 1.1 it may look level for 600 s. */
    static const double rhos[] = {0.5, 0.8, 0.9, 1.1, 1.3}, bars[] = {0.1, 0.1, 0.1, 0.98, 1};

    for (size_t k = 0; k < COUNT_OF(rhos); k++) {
        struct plant_row row = {.oracle = "O10", .rate = true, .at_least = rhos[k] > 1};
        int alarms = 0;
        struct rng rng;

        rng_init(&rng, 100, k);
        for (int i = 0; i < p->reps; i++)
            alarms += plant_queue(rhos[k], &rng);
        row.value = (double)alarms / p->reps;
        row.bar = bars[k];
        (void)snprintf(row.what, sizeof row.what, "32 servers, 600 s, load %g: called overload",
                       rhos[k]);
        plant_tell(p, row);
    }
}

struct plant_compared {
    double equivalent, excludes, mde;
};

static struct plant_compared plant_compare(int reps, double sd, double ratio, size_t k, bool paired)
{
    struct plant_compared c = {0};
    struct rng rng;

    rng_init(&rng, 110, (uint64_t)(sd * 1e5 + ratio * 1e4) + k * 3 + paired);
    for (int i = 0; i < reps; i++) {
        double a[20], b[20];
        struct stats_ratio r;

        for (size_t j = 0; j < k; j++) {
            double block = paired ? 0.01 * rng_normal(&rng) : 0;

            a[j] = exp(sd * rng_normal(&rng) + block);
            b[j] = ratio * exp(sd * rng_normal(&rng) + block);
        }
        if ((paired ? stats_ratio_paired(&r, a, b, k, 0.02)
                    : stats_ratio_welch(&r, a, k, b, k, 0.02)) < 0)
            abort();
        c.excludes += (r.lo > 1 || r.hi < 1) / (double)reps;
        c.equivalent += (r.answer == STATS_EQUIVALENT) / (double)reps;
        c.mde += r.mde / reps;
    }
    return c;
}

/* The difference that is noticed with 80 %, by bisection over it. */
static double plant_detected(int reps, double sd, size_t k)
{
    double lo = 1, hi = 1.6;

    for (int i = 0; i < 12; i++) {
        double mid = (lo + hi) / 2;

        if (plant_compare(reps, sd, mid, k, false).excludes < 0.8)
            lo = mid;
        else
            hi = mid;
    }
    return hi - 1;
}

static void plant_comparisons(const struct plants *p)
{
    static const double sds[] = {0.002, 0.01, 0.02};
    static const size_t runs[] = {2, 3, 5, 10, 20};

    for (int paired = 0; paired < 2; paired++) {
        struct plant_row wrong = {.oracle = "O11", .bar = 0.06, .rate = true}, same = wrong;
        const char *how = paired ? "pairs" : "Welch";

        same.bar = 0.05;
        for (size_t s = 0; s < COUNT_OF(sds); s++)
            for (size_t k = 0; k < COUNT_OF(runs); k++) {
                wrong.value =
                    fmax(wrong.value, plant_compare(p->reps, sds[s], 1, runs[k], paired).excludes);
                same.value = fmax(same.value,
                                  plant_compare(p->reps, sds[s], 1.02, runs[k], paired).equivalent);
            }
        (void)snprintf(wrong.what, sizeof wrong.what,
                       "%s, 2 to 20 runs, no difference: worst \"excludes 1\"", how);
        (void)snprintf(same.what, sizeof same.what, "%s, ratio at the margin: worst \"equivalent\"",
                       how);
        plant_tell(p, wrong);
        plant_tell(p, same);
    }
    for (size_t k = 0; k < COUNT_OF(runs); k++) {
        struct plant_row row = {.oracle = "O11", .bar = 0.15};
        double mde = plant_compare(p->reps, 0.01, 1, runs[k], false).mde;

        row.value = fabs(mde / plant_detected(p->reps, 0.01, runs[k]) - 1);
        (void)snprintf(row.what, sizeof row.what,
                       "%zu runs a side: stated detectable effect off by", runs[k]);
        plant_tell(p, row);
    }
}

static void plant_everything(const struct plants *p)
{
    plant_stationary(p);
    plant_step(p, 0, 1.5, 0.98);
    plant_step(p, 0.5, 2, 0.75);
    plant_step(p, 0, 3, 0.98);
    plant_warm_up(p);
    plant_drifts(p);
    plant_all_one_offs(p);
    plant_causes(p);
    plant_overload(p);
    plant_comparisons(p);
}
