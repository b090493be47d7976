/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/header.h"
#include <stdio.h>

static json_t *quantiles_json(const double q[9], double mean)
{
    static const char *const names[] = {"min", "p1",  "p10", "p25", "p50",
                                        "p75", "p90", "p99", "max"};
    json_t *lengths = json_object();

    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_put_real(lengths, names[i], q[i]);
    json_put_real(lengths, "mean", mean);
    return lengths;
}

static json_t *bins_json(const double bins[PROFILE_BINS])
{
    json_t *list = json_array();

    for (int k = 0; k < PROFILE_BINS; k++) {
        json_t *bin;

        if (!(bins[k] > 0))
            continue;
        bin = json_object();
        json_put_i64(bin, "from", INT64_C(1) << k);
        json_put_i64(bin, "to", (INT64_C(2) << k) - 1);
        json_put_real(bin, "share", bins[k]);
        json_push(list, bin);
    }
    return list;
}

static json_t *stats_json(const struct profile_stats *s)
{
    json_t *stats = json_object();

    json_put_i64(stats, "requests", s->requests);
    json_put_real(stats, "span_s", s->span_s);
    json_put_real(stats, "rate_per_s", s->rate_per_s);
    json_put_real(stats, "arrival_cv", s->arrival_cv);
    json_put_real(stats, "dispersion_10s", s->dispersion_10s);
    json_put(stats, "input_tokens", quantiles_json(s->input_q, s->input_mean));
    json_put(stats, "output_tokens", quantiles_json(s->output_q, s->output_mean));
    json_put_real(stats, "rank_correlation", s->rank_correlation);
    if (s->prefix_reuse_share < 0)
        json_put(stats, "prefix_reuse_share", json_null());
    else
        json_put_real(stats, "prefix_reuse_share", s->prefix_reuse_share);
    json_put(stats, "input_histogram", bins_json(s->input_bins));
    json_put(stats, "output_histogram", bins_json(s->output_bins));
    return stats;
}

char *profile_document(const struct profile *p, const struct profile_stats *s)
{
    AUTO(json_unref) json_t *doc = json_object();
    struct digest_hex hex = digest_hex(&p->digest);

    json_put(doc, "asrun_profile", header_json(&p->header, p->learned));
    json_put_str(doc, "sha256", hex.text);
    json_put(doc, "stats", stats_json(s));
    return doc ? json_pretty(doc) : NULL;
}
