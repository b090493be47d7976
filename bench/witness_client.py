# SPDX-License-Identifier: Apache-2.0
"""The usual Python client: aiohttp, one coroutine a stream, a stamp for each event as it is handed over.

witness_client.py PORT STREAMS TOKENS SPREAD_S ID   prints "ID-i k TIME_NS" (CLOCK_MONOTONIC) for content event k of stream i.
"""
import asyncio
import json
import sys
import time

import aiohttp


async def stream(session, url, request_id, tokens, wait_s, stamps):
    await asyncio.sleep(wait_s)
    body = {"model": "reference", "stream": True, "max_tokens": tokens,
            "messages": [{"role": "user", "content": "request " + request_id}]}
    async with session.post(url, json=body, headers={"X-Request-Id": request_id}) as answer:
        async for line in answer.content:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                stamps.append(time.monotonic_ns())


async def main(port, streams, tokens, spread_s, run):
    url = "http://127.0.0.1:%d/v1/chat/completions" % port
    stamps = [[] for _ in range(streams)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(stream(session, url, "%s-%d" % (run, i), tokens, spread_s * i / streams, stamps[i])
                               for i in range(streams)))
    sys.stdout.writelines("%s-%d %d %d\n" % (run, i, k, t) for i in range(streams) for k, t in enumerate(stamps[i]))


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]))
