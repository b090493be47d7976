/* SPDX-License-Identifier: Apache-2.0 */
/* lib/probe/maps.c - the maps that the program carries, engines first. */
#include "map_dcgm.h"
#include "map_llama_server.h"
#include "map_node.h"
#include "map_ollama.h"
#include "map_sglang.h"
#include "map_tgi.h"
#include "map_triton_trtllm.h"
#include "map_trtllm.h"
#include "map_vllm.h"
#include "probe/map.h"

static const struct {
    const char *name;
    const unsigned char *text;
} maps[] = {
    {"llama-server", map_llama_server},
    {"vllm", map_vllm},
    {"sglang", map_sglang},
    {"tgi", map_tgi},
    {"trtllm", map_trtllm},
    {"triton-trtllm", map_triton_trtllm},
    {"ollama", map_ollama},
    {"dcgm", map_dcgm},
    {"node", map_node},
};

bool map_embedded(const char **text, const char **name, size_t i)
{
    if (i >= COUNT_OF(maps))
        return false;
    *text = (const char *)maps[i].text;
    *name = maps[i].name;
    return true;
}
