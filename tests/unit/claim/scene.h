/* SPDX-License-Identifier: Apache-2.0 */
/* A told story as a claim document. */
#pragma once
#include "../analysis/story.h"
#include "claim/claim.h"

static const struct fact scene_facts[] = {
    {"target", "engine.name", "llama.cpp", "", "GET /props", KNOWN_REPORTED, TIME_NONE},
    {"target", "engine.version", "b1234", "", "GET /props", KNOWN_REPORTED, TIME_NONE},
    {"host", "cpu.model", "A CPU", "", "/proc/cpuinfo", KNOWN_MEASURED, TIME_NONE},
    {"model", "precision", "q4_0", "", "GGUF head", KNOWN_MEASURED, TIME_NONE},
    {"host", "cpu.governor", NULL, "", "no cpufreq on this machine", KNOWN_UNKNOWN, TIME_NONE},
};

static inline int scene_claim(json_t **ret, const struct told *t, const char *state,
                              struct err *err)
{
    struct evidence_info info = {.anchor = {.real_ns = INT64_C(1795536000000000000)}};
    const struct claim_source s = {.analysis = t->analysis,
                                   .plan = t->plan,
                                   .info = &info,
                                   .trials = t->trials,
                                   .facts = scene_facts,
                                   .fact_count = COUNT_OF(scene_facts),
                                   .asrun = "0.1.0 (test)"};

    (void)snprintf(info.state, sizeof info.state, "%s", state);
    for (char *
             hex[] = {info.plan_digest, info.schedule_digest, info.prompts_digest, info.chain_head},
            **h = hex;
         h < hex + COUNT_OF(hex); h++)
        memset(*h, 'a', 64);
    return claim_build(ret, &s, err);
}

static inline json_t *scene(struct story story)
{
    AUTO(told_release) struct told t = tell(story);
    json_t *claim = NULL;
    struct err err = {0};

    assert_int_equal(t.result, 0);
    assert_int_equal(scene_claim(&claim, &t, story.state ? story.state : "complete", &err), 0);
    return claim;
}
