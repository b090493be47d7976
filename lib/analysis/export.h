/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/analysis/export.h - the facts of a run under the names of others. What is not known is listed
 * as absent, with the reason, and never invented; how each value is known stands beside it. Facts
 * of this host describe the target only where the target is on it.
 *
 * Both documents have "asrun": {known: {KEY: {known, facts}}, absent: [{key, why}]}.
 */
#pragma once
#include "base/json.h"
#include "evidence/evidence.h"

/* The keys of MLPerf Inference's system description. It makes no run an MLPerf result, and says so.
 */
NODISCARD int export_system_desc(json_t **ret, struct evidence *e, struct err *err);
/* OpenTelemetry: a Resource in OTLP/JSON with the attribute names of the semantic conventions,
 * schemaUrl says of which version. */
NODISCARD int export_otel_resource(json_t **ret, struct evidence *e, struct err *err);
