/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/profile_show.h - a profile as text of 80 columns on stdout. */
#pragma once
#include "workload/profile.h"

struct count_text {
    char text[32];
};
struct count_text show_count(int64_t n); /* 19,366 */
/* One line a reason, indented by @indent. */
void show_drops(const struct profile_header *h, int indent);
void show_profile(const struct profile *p, const struct profile_stats *s);
