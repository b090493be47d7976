/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/utilisation.h - bytes and operations a second that prefill and decode must have
 * come to, derived from what the model is and from the times of the requests. At least and at most:
 * what the formulas of docs/method.md ("Utilisation") leave open is between them. Only where the
 * model is known.
 */
#pragma once
#include "record/fact.h"

enum model_figure { MODEL_PARAMETERS, MODEL_BYTES, MODEL_KV_BYTES, MODEL_FIGURES_ };
const char *model_figure_name(enum model_figure f); /* "parameters", "bytes_per_parameter", ... */

struct model_facts {
    struct {
        double value; /* NAN: not known */
        enum known known;
    } of[MODEL_FIGURES_];
    double embedding_parameters; /* of them, of which rows are read, not all; 0: not told apart */
    double experts;              /* over 1: which weights a token takes is not known */
    double sliding_window;       /* tokens; 0: keys and values of all are read, as far as known */
};

struct work_rate {
    double least, most; /* a second; NAN: not known */
};

struct phase_work {
    double seconds; /* in which at least one request was in it, measured windows only */
    double tokens;  /* of the prompts, or of the answers, in that time */
    struct work_rate bytes, operations;
};

struct utilisation {
    struct phase_work prefill, decode;
    double at_once;     /* requests in decode together, mean over decode.seconds */
    const char *absent; /* why nothing is derived; NULL: it is */
};
