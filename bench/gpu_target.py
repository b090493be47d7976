#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small transformer behind an OpenAI-style stream, for bench/gpu.sh: each token is a forward pass.

gpu_target.py [--mode eager|compiled] [--device cuda|cpu]; prints "port N" once it is warm. One request
at a time and one thread: what torch.compile captures belongs to the thread that captured it."""
import argparse
import http.server
import json

import torch
from torch import nn
from torch.nn.functional import gelu

WIDTH, HEADS, LAYERS, LENGTH = 1024, 16, 8, 256


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        y = self.before(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(gelu(self.up(self.after(x))))


def model_of(mode, device):
    half = torch.bfloat16 if device == "cuda" else torch.float32
    model = nn.Sequential(*[Block() for _ in range(LAYERS)]).to(device, half).eval()
    if mode == "compiled":
        model = torch.compile(model, mode="reduce-overhead")
    x = torch.randn(1, LENGTH, WIDTH, device=device, dtype=half)

    def forward():
        with torch.no_grad():
            model(x)
        if device == "cuda":
            torch.cuda.synchronize()

    for _ in range(5):
        forward()
    return forward


class Handler(http.server.BaseHTTPRequestHandler):
    forward = None

    def log_message(self, *_):
        pass

    def answer(self, kind, body=b""):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer("application/json", b'{"object": "list", "data": [{"id": "small", "object": "model"}]}')

    def event(self, **chunk):
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokens = int(asked.get("max_tokens") or asked.get("max_completion_tokens") or 1)
        words = len(json.dumps(asked.get("messages", "")).split())
        self.answer("text/event-stream")
        for n in range(tokens):
            type(self).forward()
            end = "length" if n + 1 == tokens else None
            self.event(choices=[{"index": 0, "delta": {"content": "a "}, "finish_reason": end}])
        self.event(choices=[], usage={"prompt_tokens": words, "completion_tokens": tokens, "total_tokens": words + tokens})
        self.wfile.write(b"data: [DONE]\n\n")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--mode", choices=["eager", "compiled"], default="eager")
    options.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    asked = options.parse_args()
    Handler.forward = staticmethod(model_of(asked.mode, asked.device))
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


main()
