/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/dispatch.h - the dispatch fingerprint: which share of its time an engine spent in
 * which function of which library, and how far two of them are apart.
 *
 *     AUTO(dispatch_release) struct dispatch a = {0}, b = {0};
 *     dispatch_add(&a, row.library, row.build_id, row.function, row.samples)    for each row
 *     double d = dispatch_distance(&a, &b);    0.93: that share of the time is spent elsewhere
 *     dispatch_changes(&changes, &count, &a, &b)    most telling first
 *
 * What is compared are shares by (library file name, function): how long it ran and how many
 * samples were taken falls out, and so does where the library lies. Functions of two libraries
 * are two functions even where they have one name.
 *
 * Of the rows of an evidence file, take those of one kind (samples of the CPU, or the times of
 * "[gpu]") and of the phases that are to be compared ("trial 1" ...): the start of an engine says
 * nothing of its service.
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"

struct dispatch_function {
    const char *library;  /* file name without its folder, "[kernel]", "[unknown]" ... */
    const char *build_id; /* of the library, hex; the first one added; "" if none */
    const char *function; /* "": not symbolised, all such of a library together */
    double weight;        /* samples, or time */
};

struct dispatch { /* zeroed: empty */
    struct arena arena;
    struct dispatch_function *items; /* by library, then function */
    size_t count, cap;
    double weight; /* of all */
};

/* Adds @weight > 0 to a function; copies the names. 0 or -ENOMEM. */
NODISCARD int dispatch_add(struct dispatch *d, const char *library, const char *build_id,
                           const char *function, double weight);
void dispatch_release(struct dispatch *d);
DEFINE_AUTO_HELD(struct dispatch, dispatch_release)

/* Total variation: half the sum of the differences of the shares, 0 (the same) to 1 (nothing in
 * common). NAN: one of them is empty. */
double dispatch_distance(const struct dispatch *a, const struct dispatch *b);
/* The distance that two lots of independent samples of one and the same engine have on average,
 * from the normal approximation of each share in the pool; weights must be samples. A distance
 * of this size is none. NAN: one of them is empty. */
double dispatch_noise(const struct dispatch *a, const struct dispatch *b);

struct dispatch_change {
    const char *library, *function; /* borrowed from a or b */
    double a, b;                    /* shares; 0 where the other has it alone */
};
/* Every function of either, by falling difference of its shares (ties by name): caller frees
 * *@ret. 0 or -ENOMEM; nothing where one of them is empty. */
NODISCARD int dispatch_changes(struct dispatch_change **ret, size_t *count,
                               const struct dispatch *a, const struct dispatch *b);
