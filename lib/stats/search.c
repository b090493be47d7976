/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/search.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double known_or(double a, double b)
{
    return isnan(a) ? b : a;
}

/* Nothing that could be tried lies between, or it is not worth it. */
static bool neighbours(const struct search *s, double low, double high)
{
    if (s->rules.whole && high - low <= 1)
        return true;
    return high <= low * (1 + s->rules.resolution);
}

/* Four digits: loads that people can read, finer than any resolution. */
static double readable(double v)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.4g", v);
    return strtod(text, NULL);
}

/* On a log scale; a whole number strictly between, where there is one. */
static double between(const struct search *s, double low, double high)
{
    double mid = sqrt(low * high);

    if (!s->rules.whole)
        return readable(mid);
    return fmin(fmax(round(mid), low + 1), high - 1);
}

/* Closer to the edge a load is no easier to tell than the one before: it begins half as long as
 * what that one took. */
static void go_to(struct search *s, double load, enum search_phase phase)
{
    s->load = load;
    s->repeat = s->repeat > 0 ? s->repeat - 1 : 0;
    s->phase = phase;
}

/* The lower edge first: what matters most is the highest load that is met. */
static void narrow(struct search *s)
{
    double upper_edge = known_or(s->unsure_from, s->not_met);

    if (!isnan(s->met) && !isnan(upper_edge) && !neighbours(s, s->met, upper_edge))
        go_to(s, between(s, s->met, upper_edge), SEARCH_HALVES);
    else if (!isnan(s->unsure_to) && isnan(s->not_met) && s->unsure_to < s->rules.to)
        go_to(s, fmin(2 * s->unsure_to, s->rules.to), SEARCH_CLIMBS);
    else if (!isnan(s->unsure_to) && !isnan(s->not_met) && !neighbours(s, s->unsure_to, s->not_met))
        go_to(s, between(s, s->unsure_to, s->not_met), SEARCH_HALVES);
    else
        s->phase = SEARCH_DONE;
}

static void climb(struct search *s)
{
    if (s->met >= s->rules.to)
        s->phase = SEARCH_DONE;
    else
        go_to(s, fmin(2 * s->met, s->rules.to), SEARCH_CLIMBS);
}

static void give_up(struct search *s)
{
    s->unsure_from = isnan(s->unsure_from) ? s->load : fmin(s->unsure_from, s->load);
    s->unsure_to = isnan(s->unsure_to) ? s->load : fmax(s->unsure_to, s->load);
}

/* What was unsure below a load that is met, or above one that is not, is decided by it. */
static void settle(struct search *s)
{
    if (s->unsure_to <= s->met || s->unsure_from >= s->not_met) /* false with NAN */
        s->unsure_from = s->unsure_to = (double)NAN;
}

void search_init(struct search *s, const struct search_rules *rules)
{
    assert(rules->from > 0 && rules->to > rules->from && rules->resolution > 0);
    *s = (struct search){.rules = *rules,
                         .met = (double)NAN,
                         .not_met = (double)NAN,
                         .unsure_from = (double)NAN,
                         .unsure_to = (double)NAN};
    go_to(s, rules->from, SEARCH_CLIMBS);
}

bool search_going(const struct search *s)
{
    return s->phase < SEARCH_DONE;
}

void search_feed(struct search *s, enum search_answer a, bool longer)
{
    assert(search_going(s));
    s->step++;
    if (a == SEARCH_CANNOT_TELL && longer && s->repeat < s->rules.repeats) {
        s->repeat++;
        s->phase = SEARCH_REPEATS;
    } else {
        if (a == SEARCH_MET)
            s->met = s->load;
        else if (a == SEARCH_NOT_MET)
            s->not_met = s->load;
        else
            give_up(s);
        settle(s);
        if (isnan(s->not_met) && isnan(s->unsure_to))
            climb(s);
        else
            narrow(s);
    }
    if (search_going(s) && s->step >= s->rules.steps)
        s->phase = SEARCH_SPENT;
}

bool search_found(const struct search *s)
{
    if (s->phase != SEARCH_DONE)
        return false;
    if (isnan(s->met) || isnan(s->not_met))
        return s->met >= s->rules.to || s->not_met <= s->rules.from;
    return neighbours(s, s->met, s->not_met);
}
