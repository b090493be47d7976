/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracles of bench/oracles.sh with few repetitions: a bar on a rate is widened by three
 * binomial standard errors of them, other bars by half. Sanitizers look at memory, not at rates.
 */
#include "harness/planted.h"
#include "harness/unit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
enum { REPS = 2 };
#else
enum { REPS = 40 };
#endif

static void see(void *data, const struct plant_row *row)
{
    double room = row->rate ? 3 * sqrt(row->bar * (1 - row->bar) / row->reps) : row->bar / 2;
    bool good = row->at_least ? row->value >= row->bar - room : row->value <= row->bar + room;
    int *failed = data;

    if (good || REPS < 10)
        return;
    print_error("%s %s: %g, bar %g\n", row->oracle, row->what, row->value, row->bar);
    ++*failed;
}

static void planted_truths_are_found(void **state)
{
    int failed = 0;
    struct plants p = {REPS, see, &failed};

    (void)state;
    plant_everything(&p);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(planted_truths_are_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
