/* SPDX-License-Identifier: Apache-2.0 */
/* src/cmd/show.h - the views of asrun show. */
#pragma once
#include "base/json.h"
#include "cmd/rows.h"
#include "evidence/evidence.h"

struct show {
    struct evidence *evidence;
    enum rows_format format;
    uint32_t sample; /* UINT32_MAX: all */
    bool wire;       /* times of the packets */
    int64_t step;    /* the selected step; -1: all of the file */
};

/* Each prints one view; errors as those of the evidence. */
NODISCARD int show_summary(const struct show *s, struct err *err);
NODISCARD int show_ledger(const struct show *s, struct err *err);
NODISCARD int show_plan(const struct show *s, struct err *err);
NODISCARD int show_samples(const struct show *s, struct err *err);
NODISCARD int show_events(const struct show *s, struct err *err);
NODISCARD int show_facts(const struct show *s, struct err *err);
NODISCARD int show_self_test(const struct show *s, struct err *err); /* facts of that scope */
NODISCARD int show_notes(const struct show *s, struct err *err);
NODISCARD int show_steps(const struct show *s, struct err *err);
NODISCARD int show_seconds(const struct show *s, struct err *err);
NODISCARD int show_telemetry(const struct show *s, struct err *err);
NODISCARD int show_dispatch(const struct show *s, struct err *err);
NODISCARD int show_connections(const struct show *s, struct err *err);

struct connection_sums { /* over all connections of a file */
    int64_t connections, never, tls_failed, handshakes, resumed;
    int64_t reused;  /* requests that were not their connection's first */
    int64_t counted; /* connections of which the kernel told the rest */
    int64_t bytes_out, bytes_in, segments_out, segments_in, retransmits;
};
NODISCARD int connection_sums(struct connection_sums *ret, struct evidence *e, struct err *err);
json_t *connection_sums_json(const struct connection_sums *s);
void connection_sums_print(const struct connection_sums *s); /* nothing where there are none */
