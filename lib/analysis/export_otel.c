/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/export_otel.c - facts as the attributes of an OpenTelemetry Resource.
 * tests/vectors/export/otel-resource.source says where the names are from. */
#include "analysis/export_parts.h"
#include "wire/url.h"
#include <string.h>

#define SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"
#define NOT_LOOKED_FOR "asrun does not look for it: declare: {KEY: ...}"

static const struct export_key keys[] = {
    {"service.name", EXPORT_TEXT, {{NULL, "target.engine.name"}}, NULL},
    {"service.version", EXPORT_TEXT, {{NULL, "target.engine.version"}}, NULL},
    {"host.name", EXPORT_TEXT, {{0}}, "it is not kept: declare: {host.name: ...}"},
    {"host.arch", EXPORT_ARCH, {{NULL, "host.arch"}}, NULL},
    {"host.cpu.model.name", EXPORT_TEXT, {{NULL, "host.cpu.model"}}, NULL},
    {"os.description", EXPORT_TEXT, {{NULL, "host.os.name"}}, NULL},
    {"process.pid", EXPORT_COUNT, {{NULL, "engine.process.pid"}}, NULL},
    {"process.executable.name", EXPORT_BASENAME, {{NULL, "engine.process.executable"}}, NULL},
    {"process.executable.build_id.gnu",
     EXPORT_TEXT,
     {{NULL, "engine.process.executable.build_id"}},
     NULL},
    {"container.id", EXPORT_TEXT, {{NULL, "engine.process.container.id"}}, NULL},
    {"container.image.name", EXPORT_TEXT, {{NULL, "engine.process.container.image"}}, NULL},
    {"k8s.namespace.name", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"k8s.pod.name", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"k8s.node.name", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
};

/* {key, value: {stringValue: ...}}; 64-bit integers are strings in OTLP's JSON. */
static void push(json_t *list, const char *key, json_t *v)
{
    json_t *attribute = json_object(), *value = json_object();

    if (json_is_integer(v))
        json_put(value, "intValue", json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v)));
    else
        json_put(value, "stringValue", json_incref(v));
    json_put_str(attribute, "key", key);
    json_put(attribute, "value", value);
    json_push(list, attribute);
    json_unref(v);
}

/* asrun reads /proc and /sys of Linux and nothing else. */
static void push_os(struct export *x, json_t *list)
{
    if (!x->here) {
        export_absent(x, "os.type", "the target is not on the host that asrun ran on");
        return;
    }
    export_note(x, "os.type", "measured", "asrun runs on Linux only");
    push(list, "os.type", json_string("linux"));
}

/* What the plan says of the target. */
static void push_target(struct export *x, json_t *list)
{
    AUTO(json_unref) json_t *plan = NULL;
    const json_t *target;
    const char *model, *text;
    struct url url;

    if (!x->plan || json_parse(&plan, x->plan, "plan", NULL) < 0)
        return;
    target = json_object_get(plan, "target");
    model = json_string_value(json_object_get(target, "model"));
    text = json_string_value(json_object_get(target, "url"));
    if (model) {
        export_note(x, "gen_ai.request.model", "declared", "target.model of the plan");
        push(list, "gen_ai.request.model", json_string(model));
    }
    if (!text || url_parse(&url, text, NULL) < 0)
        return;
    export_note(x, "server.address", "declared", "target.url of the plan");
    push(list, "server.address", json_string(url.host));
    export_note(x, "server.port", "declared", "target.url of the plan");
    push(list, "server.port", json_integer(url.port));
}

int export_otel_resource(json_t **ret, struct evidence *e, struct err *err)
{
    AUTO(export_release) struct export x = {0};
    AUTO(json_unref) json_t *o = json_object();
    json_t *resource = json_object(), *list = json_array();
    int r = export_open(&x, e, err);

    for (size_t i = 0; i < COUNT_OF(keys) && r == 0; i++) {
        json_t *v = export_value(&x, &keys[i]);

        if (v)
            push(list, keys[i].key, v);
    }
    if (r == 0) {
        push_os(&x, list);
        push_target(&x, list);
    }
    json_put(resource, "attributes", list);
    json_put(o, "resource", resource);
    json_put_str(o, "schemaUrl", SCHEMA_URL);
    if (r < 0)
        return r;
    json_put(o, "asrun", export_provenance(&x));
    *ret = TAKE(o);
    return 0;
}
