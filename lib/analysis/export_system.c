/* SPDX-License-Identifier: Apache-2.0 */
/* lib/analysis/export_system.c - facts under the keys that MLPerf Inference requires of a system
 * description. tests/vectors/export/system-desc.source says where the keys are from. */
#include "analysis/export_parts.h"

#define ONLY_DECLARED "only its owner knows: declare: {KEY: ...}"
#define NOT_LOOKED_FOR "asrun does not look for it: declare: {KEY: ...}"

static const struct export_key keys[] = {
    {"division", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"submitter", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"status", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"system_name", EXPORT_TEXT, {{NULL, "host.virtual.product"}}, NULL},
    {"number_of_nodes", EXPORT_COUNT, {{0}}, ONLY_DECLARED},
    {"host_processor_model_name", EXPORT_TEXT, {{NULL, "host.cpu.model"}}, NULL},
    {"host_processors_per_node", EXPORT_COUNT, {{NULL, "host.cpu.sockets"}}, NULL},
    {"host_processor_core_count", EXPORT_COUNT, {{NULL, "host.cpu.cores"}}, NULL},
    {"host_memory_capacity", EXPORT_GIB, {{NULL, "host.memory.total_bytes"}}, NULL},
    {"host_storage_capacity", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"host_storage_type", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"accelerators_per_node", EXPORT_COUNT, {{NULL, "gpu.count"}, {NULL, "gpu.amd.count"}}, NULL},
    {"accelerator_model_name",
     EXPORT_TEXT,
     {{NULL, "gpu.[0-9]*.name"}, {NULL, "gpu.amd.[0-9]*.name"}},
     NULL},
    {"accelerator_memory_capacity",
     EXPORT_GIB,
     {{NULL, "gpu.[0-9]*.memory.total_bytes"}, {NULL, "gpu.amd.[0-9]*.memory.total_bytes"}},
     NULL},
    {"framework",
     EXPORT_TEXT,
     {{NULL, "target.engine.name"}, {"version ", "target.engine.version"}},
     NULL},
    {"operating_system",
     EXPORT_TEXT,
     {{NULL, "host.os.name"}, {"kernel ", "host.kernel.release"}},
     NULL},
    {"system_type", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"other_software_stack",
     EXPORT_TEXT,
     {{"driver ", "gpu.driver"}, {"CUDA ", "gpu.driver.cuda"}, {"AMD driver ", "gpu.amd.driver"}},
     NULL},
    {"host_processor_frequency", EXPORT_MHZ, {{NULL, "host.cpu.frequency.max_hz"}}, NULL},
    {"host_processor_caches",
     EXPORT_KIB,
     {{"L1d ", "host.cpu.cache.l1d.bytes"},
      {"L2 ", "host.cpu.cache.l2.bytes"},
      {"L3 ", "host.cpu.cache.l3.bytes"}},
     NULL},
    {"host_memory_configuration",
     EXPORT_TEXT,
     {{NULL, "host.memory.type"},
      {"modules ", "host.memory.modules"},
      {"speed ", "host.memory.speed"}},
     NULL},
    {"host_processor_interconnect", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"host_networking",
     EXPORT_TEXT,
     {{NULL, "host.net.driver"}, {"speed ", "host.net.speed"}},
     NULL},
    {"host_networking_topology", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"accelerator_frequency", EXPORT_MHZ, {{NULL, "gpu.[0-9]*.clock.sm_max"}}, NULL},
    {"accelerator_host_interconnect",
     EXPORT_TEXT,
     {{"PCIe generation ", "gpu.[0-9]*.pcie.generation_max"},
      {"lanes ", "gpu.[0-9]*.pcie.width_max"}},
     NULL},
    {"accelerator_interconnect", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"accelerator_interconnect_topology", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"accelerator_memory_configuration", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"accelerator_on-chip_memories", EXPORT_TEXT, {{0}}, NOT_LOOKED_FOR},
    {"cooling", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"hw_notes", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"sw_notes", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
    {"host_network_card_count", EXPORT_COUNT, {{0}}, NOT_LOOKED_FOR},
    {"system_type_detail", EXPORT_TEXT, {{0}}, ONLY_DECLARED},
};

int export_system_desc(json_t **ret, struct evidence *e, struct err *err)
{
    AUTO(export_release) struct export x = {0};
    AUTO(json_unref) json_t *o = json_object();
    json_t *about;
    int r = export_open(&x, e, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        json_t *v = export_value(&x, &keys[i]);

        if (v)
            json_put(o, keys[i].key, v);
    }
    about = export_provenance(&x);
    json_put_str(about, "note",
                 "key names are those of MLPerf Inference's system description; this is not an "
                 "MLPerf result, nor a submission");
    json_put(o, "asrun", about);
    *ret = TAKE(o);
    return 0;
}
