# SPDX-License-Identifier: Apache-2.0
# Data files that the program carries.
embed(lib/workload/data/azure-2023-conversation.json shipped_azure_2023_conversation)
embed(lib/workload/data/mooncake-conversation.json shipped_mooncake_conversation)
embed(targets/llm/demo.yaml embedded_demo_plan)
foreach(map dcgm llama-server node ollama sglang tgi triton-trtllm trtllm vllm)
  string(REPLACE "-" "_" name ${map})
  embed(lib/probe/maps/${map}.json map_${name})
endforeach()
